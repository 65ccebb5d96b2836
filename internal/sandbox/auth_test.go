// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

func TestATokenBearsTheRolesThatAreHeldAndAskedForOnly(t *testing.T) {
	tests := map[string]struct {
		scope string
		want  any
	}{
		"one role is a string":                       {scope: "BuyerUserReader", want: "BuyerUserReader"},
		"several roles are a list":                   {scope: "BuyerUserReader SetSecurityProfile", want: []any{"BuyerUserReader", "SetSecurityProfile"}},
		"a role that is not held is left out":        {scope: "BuyerUserReader ProductAdmin", want: "BuyerUserReader"},
		"FullAccess is left out when it is not held": {scope: "FullAccess BuyerUserReader", want: "BuyerUserReader"},
		"an empty scope asks for all that is held": {scope: "", want: []any{
			"AdminUserGroupReader", "AdminUserReader", "ApiClientReader", "BuyerImpersonation", "BuyerReader",
			"BuyerUserAdmin", "BuyerUserReader", "SecurityProfileReader", "SetSecurityProfile", "UserGroupReader",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			clientID, secret := s.Credentials()
			answered := s.requestToken(clientForm(clientID, secret, test.scope))
			same(t, "status", http.StatusOK, answered.status)
			same(t, "token_type", "bearer", answered.text("token_type"))
			same(t, "expires_in", 35999.0, answered.body["expires_in"])
			claims := claimsOf(t, answered.text("access_token"))
			same(t, "role", test.want, claims["role"])
			same(t, "usr", "operator@shop.example", claims["usr"])
			same(t, "usrtype", "admin", claims["usrtype"])
			same(t, "cid", strings.ToLower(clientID), claims["cid"])
			for _, claim := range []string{"iss", "aud", "exp", "nbf"} {
				if claims[claim] == nil {
					t.Errorf("the token has no claim %s", claim)
				}
			}
		})
	}
}

func TestATokenRequestIsRefusedWithAReason(t *testing.T) {
	tests := map[string]struct {
		form   func(clientID, secret string) url.Values
		mutate *sandbox.Mutation
		status int
		want   string
		code   string
	}{
		"an unknown client": {
			form:   func(_, secret string) url.Values { return clientForm("nobody", secret, "") },
			status: http.StatusUnauthorized, want: "invalid_client", code: "ApiClient.InvalidClientID",
		},
		"a wrong secret": {
			form:   func(id, _ string) url.Values { return clientForm(id, "wrong", "") },
			status: http.StatusUnauthorized, want: "invalid_client", code: "Auth.OauthError",
		},
		"an inactive client": {
			form:   func(id, secret string) url.Values { return clientForm(id, secret, "") },
			mutate: &sandbox.Mutation{Method: "PATCH", Path: "apiclients/5A3D0C5E-1D7B-4C0E-9A43-0000000000A1", Body: object{"Active": false}},
			status: http.StatusUnauthorized, want: "invalid_client", code: "Auth.ClientNotActive",
		},
		"a client without a default user": {
			form:   func(id, secret string) url.Values { return clientForm(id, secret, "") },
			mutate: &sandbox.Mutation{Method: "PATCH", Path: "apiclients/5A3D0C5E-1D7B-4C0E-9A43-0000000000A1", Body: object{"DefaultContextUserName": nil}},
			status: http.StatusBadRequest, want: "unauthorized_client", code: "Auth.UserNotFound",
		},
		"a client without a secret": {
			form:   func(_, _ string) url.Values { return clientForm(storefrontID, "", "") },
			status: http.StatusBadRequest, want: "unauthorized_client", code: "Auth.OauthError",
		},
		"an inactive user": {
			form:   func(id, secret string) url.Values { return clientForm(id, secret, "") },
			mutate: &sandbox.Mutation{Method: "PATCH", Path: "adminusers/operator", Body: object{"Active": false}},
			status: http.StatusBadRequest, want: "invalid_grant", code: "Auth.UserNotActive",
		},
		"none of the roles is held": {
			form:   func(id, secret string) url.Values { return clientForm(id, secret, "ProductAdmin") },
			status: http.StatusBadRequest, want: "invalid_scope", code: "Auth.InsufficientRoles",
		},
		"an unknown grant type": {
			form: func(id, secret string) url.Values {
				return url.Values{"grant_type": {"implicit"}, "client_id": {id}, "client_secret": {secret}}
			},
			status: http.StatusBadRequest, want: "unsupported_grant_type", code: "Auth.OauthError",
		},
		"no username": {
			form:   func(_, _ string) url.Values { return passwordForm("", "", "Shopper") },
			status: http.StatusBadRequest, want: "invalid_request", code: "Auth.UsernameAndPasswordRequired",
		},
		"a wrong password": {
			form:   func(_, _ string) url.Values { return passwordForm(walkInName, "wrong", "Shopper") },
			status: http.StatusBadRequest, want: "invalid_grant", code: "Auth.InvalidUsernameOrPassword",
		},
		"a user of an inactive buyer": {
			form:   func(_, _ string) url.Values { return passwordForm(walkInName, walkInSecret, "Shopper") },
			mutate: &sandbox.Mutation{Method: "PATCH", Path: "buyers/acme", Body: object{"Active": false}},
			status: http.StatusBadRequest, want: "invalid_grant", code: "Auth.CompanyNotActive",
		},
		"a user that the client does not let in": {
			form:   func(_, _ string) url.Values { return passwordForm(walkInName, walkInSecret, "Shopper") },
			mutate: &sandbox.Mutation{Method: "PATCH", Path: "apiclients/" + storefrontID, Body: object{"AllowAnyBuyer": false}},
			status: http.StatusBadRequest, want: "invalid_grant", code: "Auth.UserNotFound",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			if test.mutate != nil {
				if err := s.Mutate(*test.mutate); err != nil {
					t.Fatal(err)
				}
			}
			answered := s.requestToken(test.form(s.Credentials()))
			same(t, "status", test.status, answered.status)
			same(t, "error", test.want, answered.text("error"))
			same(t, "codes", []string{test.code}, answered.codes())
			if answered.text("error_description") == "" || answered.header.Get("X-oc-logid") == "" {
				t.Error("the refusal has no description or no log ID")
			}
		})
	}
}

func TestAShopperLogsInWithAPassword(t *testing.T) {
	s := start(t)
	s = s.with(s.mustToken(passwordForm(strings.ToUpper(walkInName), walkInSecret, "Shopper MeAdmin")))
	claims := claimsOf(t, s.token)
	same(t, "usrtype", "buyer", claims["usrtype"])
	same(t, "role", []any{"MeAdmin", "Shopper"}, claims["role"])
	me := s.must(http.StatusOK, "GET", "/v1/me", nil)
	same(t, "ID", "walk-in", me.text("ID"))
	same(t, "Buyer", object{"ID": "acme", "DefaultCatalogID": nil}, me.body["Buyer"].(object))
}

func TestAUserIsLockedOutAfterWrongPasswordsAndUnlocked(t *testing.T) {
	s := startAsRoot(t)
	for range 5 {
		s.requestToken(passwordForm(walkInName, "wrong", "Shopper"))
	}
	answered := s.requestToken(passwordForm(walkInName, walkInSecret, "Shopper"))
	same(t, "codes", []string{"Auth.LockedOut"}, answered.codes())
	user := s.must(http.StatusOK, "GET", "/v1/"+walkIn, nil)
	same(t, "FailedLoginAttempts", 5.0, user.body["FailedLoginAttempts"])
	s.must(http.StatusNoContent, "POST", "/v1/"+walkIn+"/unlock", nil)
	s.mustToken(passwordForm(walkInName, walkInSecret, "Shopper"))
}

func TestARefreshTokenWorksOnce(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusOK, "PATCH", "/v1/apiclients/"+storefrontID, object{"RefreshTokenDuration": 60})
	first := s.requestToken(passwordForm(walkInName, walkInSecret, "Shopper"))
	form := url.Values{
		"grant_type": {"refresh_token"}, "client_id": {storefrontID}, "refresh_token": {first.text("refresh_token")},
	}
	s.mustToken(form)
	same(t, "second use", http.StatusBadRequest, s.requestToken(form).status)
}

func TestATokenIsRefusedWhenItIsNotGood(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		start(t).refused(http.StatusUnauthorized, "InvalidToken", "GET", "/v1/me", nil)
	})
	t.Run("forged", func(t *testing.T) {
		s, other := start(t), start(t)
		s.with(other.asOperator("BuyerUserReader").token).refused(http.StatusUnauthorized, "InvalidToken", "GET", "/v1/me", nil)
	})
	t.Run("expired", func(t *testing.T) {
		var now atomic.Pointer[time.Time]
		at := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
		now.Store(&at)
		s := start(t, sandbox.WithClock(func() time.Time { return *now.Load() }), sandbox.WithTokenLifetime(90*time.Second))
		s = s.asOperator("BuyerUserReader")
		s.must(http.StatusOK, "GET", "/v1/me", nil)
		later := at.Add(90 * time.Second)
		now.Store(&later)
		s.refused(http.StatusUnauthorized, "InvalidToken", "GET", "/v1/me", nil)
	})
	t.Run("revoked, all", func(t *testing.T) {
		s := start(t).asOperator("BuyerUserReader")
		s.RevokeTokens()
		s.refused(http.StatusUnauthorized, "Auth.TokenRevoked", "GET", "/v1/me", nil)
		s.asOperator("BuyerUserReader").must(http.StatusOK, "GET", "/v1/me", nil)
	})
	t.Run("revoked, those of one user", func(t *testing.T) {
		root := startAsRoot(t)
		shopper := root.with(root.mustToken(passwordForm(walkInName, walkInSecret, "Shopper")))
		root.must(http.StatusNoContent, "DELETE", "/v1/"+walkIn+"/tokens", nil)
		shopper.refused(http.StatusUnauthorized, "Auth.TokenRevoked", "GET", "/v1/me", nil)
		root.must(http.StatusOK, "GET", "/v1/me", nil)
	})
	t.Run("its user is gone", func(t *testing.T) {
		root := startAsRoot(t)
		shopper := root.with(root.mustToken(passwordForm(walkInName, walkInSecret, "Shopper")))
		root.must(http.StatusNoContent, "DELETE", "/v1/"+walkIn, nil)
		shopper.refused(http.StatusUnauthorized, "Auth.UserNotFound", "GET", "/v1/me", nil)
	})
}

func TestARouteNeedsOneOfItsRoles(t *testing.T) {
	tests := map[string]struct {
		scope, method, path string
		want                int
	}{
		"the role is held":                       {"SetSecurityProfile", "GET", "/v1/impersonationconfig", http.StatusOK},
		"reading configs needs the same role":    {"SecurityProfileReader", "GET", "/v1/impersonationconfig", http.StatusForbidden},
		"a reader may read":                      {"BuyerUserReader", "GET", "/v1/" + walkIn, http.StatusOK},
		"a reader may not write":                 {"BuyerUserReader", "DELETE", "/v1/" + walkIn, http.StatusForbidden},
		"SetSecurityProfile may read a profile":  {"SetSecurityProfile", "GET", "/v1/securityprofiles/cs-rep", http.StatusOK},
		"anyone may ask who they are":            {"BuyerReader", "GET", "/v1/me", http.StatusOK},
		"listing across buyers needs the reader": {"BuyerUserAdmin", "GET", "/v1/buyerusers", http.StatusForbidden},
		"a role is checked before the object":    {"BuyerReader", "GET", "/v1/buyers/nowhere/users/nobody", http.StatusForbidden},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t).asOperator(test.scope)
			answered := s.must(test.want, test.method, test.path, nil)
			if test.want == http.StatusForbidden {
				same(t, "codes", []string{"Auth.InsufficientRoles"}, answered.codes())
				same(t, "AssignedRoles", []any{test.scope}, answered.data()["AssignedRoles"])
			}
		})
	}
}

func TestABuyerUserReachesNothingOfTheSeller(t *testing.T) {
	root := startAsRoot(t)
	root.must(http.StatusOK, "PATCH", "/v1/securityprofiles/shopper", object{"Roles": []string{"SetSecurityProfile", "BuyerUserReader"}})
	shopper := root.with(root.mustToken(passwordForm(walkInName, walkInSecret, "SetSecurityProfile BuyerUserReader")))
	shopper.refused(http.StatusForbidden, "Auth.UserNotAuthorizedToAdmin", "GET", "/v1/impersonationconfig", nil)
	shopper.must(http.StatusOK, "GET", "/v1/buyers/acme/users", nil)
	shopper.refused(http.StatusNotFound, "NotFound", "GET", "/v1/buyers/globex/users", nil)
}

func TestTheEnvironmentIsOpenAndUnknownRoutesAreNotFound(t *testing.T) {
	s := start(t)
	s.must(http.StatusOK, "GET", "/env", nil)
	answered := s.refused(http.StatusNotFound, "NotFound", "GET", "/v1/orders", nil)
	if answered.header.Get("X-oc-logid") == "" {
		t.Error("the refusal has no log ID")
	}
}
