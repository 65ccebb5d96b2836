// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// janesSeed lets Jane, of the service desk, log in.
func janesSeed() sandbox.Seed {
	given := seed()
	given.Objects["adminusers/jane"]["Password"] = goodPassword
	given.Objects["buyers/globex/users/gil"] = object{
		"Username": "gil", "FirstName": "Gil", "LastName": "G", "Email": "gil@globex.example", "Active": true,
	}
	given.GroupMembers["buyers/acme/usergroups/purchasers"] = []string{walkIn}
	return given
}

func TestAnImpersonationTokenNeedsAConfigThatApplies(t *testing.T) {
	refusedAs := "Impersonation.ConfigError"
	tests := map[string]struct {
		config object // changes to the config; nil is no config
		user   string
		want   string // code, or "" when a token is issued
	}{
		"no config":                      {nil, walkIn, refusedAs},
		"the buyer":                      {object{}, walkIn, ""},
		"another buyer":                  {object{"BuyerID": "globex"}, walkIn, refusedAs},
		"any buyer":                      {object{"BuyerID": nil}, "buyers/globex/users/gil", ""},
		"the user":                       {object{"UserID": "walk-in"}, walkIn, ""},
		"a group of the user":            {object{"GroupID": "purchasers"}, walkIn, ""},
		"any admin user may":             {object{"ImpersonationGroupID": nil}, walkIn, ""},
		"this admin user may":            {object{"ImpersonationGroupID": nil, "ImpersonationUserID": "jane"}, walkIn, ""},
		"another admin user may":         {object{"ImpersonationGroupID": nil, "ImpersonationUserID": "operator"}, walkIn, refusedAs},
		"users of a buyer may, no admin": {object{"ImpersonationGroupID": nil, "ImpersonationBuyerID": "acme"}, walkIn, refusedAs},
		"another API client":             {object{"ClientID": rootClientID}, walkIn, refusedAs},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := startAsRoot(t, sandbox.WithSeed(janesSeed()))
			if test.config != nil {
				root.must(http.StatusCreated, "POST", configs, deskConfig(test.config))
			}
			jane := root.with(root.mustToken(passwordForm("jane@shop.example", goodPassword, "BuyerImpersonation")))
			body := object{"ClientID": storefrontID, "Roles": []string{"Shopper", "ProductAdmin"}}
			if test.want != "" {
				jane.refused(http.StatusBadRequest, test.want, "POST", "/v1/"+test.user+"/accesstoken", body)
				return
			}
			issued := jane.must(http.StatusOK, "POST", "/v1/"+test.user+"/accesstoken", body)
			claims := claimsOf(t, issued.text("access_token"))
			same(t, "role", any("Shopper"), claims["role"])
			same(t, "imp", any("jane@shop.example"), claims["imp"])
			same(t, "cid", any(strings.ToLower(storefrontID)), claims["cid"])
			me := jane.with(issued.text("access_token")).must(http.StatusOK, "GET", "/v1/me", nil)
			same(t, "me", claims["usr"], any(me.text("Username")))
		})
	}
}

func TestTheConfigThatNamesTheUserMostCloselyCounts(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusCreated, "POST", configs, deskConfig(object{"ID": "a-wide", "ImpersonationGroupID": nil}))
	s.must(http.StatusCreated, "POST", configs, deskConfig(object{
		"ID": "b-close", "ImpersonationGroupID": nil, "UserID": "walk-in", "SecurityProfileID": "shopper",
	}))
	issued := s.must(http.StatusOK, "POST", "/v1/"+walkIn+"/accesstoken", object{
		"ClientID": storefrontID, "Roles": []string{"Shopper", "OrderReader"},
	})
	same(t, "role", any("Shopper"), claimsOf(t, issued.text("access_token"))["role"])
}

func TestABuyerUserImpersonatesWhereAConfigLetsIt(t *testing.T) {
	root := startAsRoot(t, sandbox.WithSeed(janesSeed()))
	root.must(http.StatusOK, "PATCH", "/v1/securityprofiles/shopper", object{"Roles": []string{"BuyerImpersonation"}})
	root.must(http.StatusCreated, "POST", configs, deskConfig(object{
		"ImpersonationGroupID": "purchasers", "ImpersonationBuyerID": "acme", "BuyerID": "globex",
	}))
	shopper := root.with(root.mustToken(passwordForm(walkInName, walkInSecret, "BuyerImpersonation")))
	shopper.must(http.StatusOK, "POST", "/v1/buyers/globex/users/gil/accesstoken", object{
		"ClientID": storefrontID, "Roles": []string{"Shopper"},
	})
}

func TestAnImpersonationRequestIsRefusedWithAReason(t *testing.T) {
	tests := map[string]struct {
		before func(s *service)
		body   object
		status int
		code   string
	}{
		"an unknown client": {nil, object{"ClientID": "nope", "Roles": []string{"Shopper"}}, 400, "Impersonation.ClientIDNotFound"},
		"no client":         {nil, object{"Roles": []string{"Shopper"}}, 400, "ValidationFailure"},
		"no roles":          {nil, object{"ClientID": storefrontID}, 400, "ValidationFailure"},
		"the buyer cannot use the client": {func(s *service) {
			s.must(http.StatusOK, "PATCH", "/v1/apiclients/"+storefrontID, object{"AllowAnyBuyer": false})
		}, object{"ClientID": storefrontID, "Roles": []string{"Shopper"}}, 400, "Impersonation.BuyerNotAssigned"},
		"the profile has no roles": {func(s *service) {
			s.must(http.StatusOK, "PATCH", "/v1/securityprofiles/cs-rep", object{"Roles": []string{}})
		}, object{"ClientID": storefrontID, "Roles": []string{"Shopper"}}, 400, "Impersonation.ConfigError"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startAsRoot(t)
			s.must(http.StatusCreated, "POST", configs, deskConfig(object{"ImpersonationGroupID": nil}))
			if test.before != nil {
				test.before(s)
			}
			s.refused(test.status, test.code, "POST", "/v1/"+walkIn+"/accesstoken", test.body)
		})
	}
}
