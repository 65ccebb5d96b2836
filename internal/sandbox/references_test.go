// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"net/http"
	"testing"
)

func TestEveryKindCanBeCreatedReadListedChangedAndDeleted(t *testing.T) {
	person := jdoe(object{"ID": "one", "Username": "one"})
	tests := map[string]struct {
		path   string
		body   object
		change string // a field that is changed
	}{
		"buyers":                {"/v1/buyers", object{"ID": "one", "Name": "One", "Active": true, "xp": object{"a": 1}}, "Name"},
		"buyer users":           {users, person, "LastName"},
		"buyer user groups":     {"/v1/buyers/acme/usergroups", object{"ID": "one", "Name": "One", "Description": "First"}, "Name"},
		"security profiles":     {"/v1/securityprofiles", object{"ID": "one", "Name": "One", "Roles": []string{"Shopper"}, "CustomRoles": []string{"Own"}}, "Name"},
		"admin users":           {"/v1/adminusers", person, "LastName"},
		"admin user groups":     {"/v1/usergroups", object{"ID": "one", "Name": "One"}, "Name"},
		"API clients":           {"/v1/apiclients", object{"AppName": "One", "AccessTokenDuration": 60, "Active": true}, "AppName"},
		"impersonation configs": {configs, deskConfig(object{"ID": "one"}), "BuyerID"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startAsRoot(t)
			created := s.must(http.StatusCreated, "POST", test.path, test.body)
			one := test.path + "/" + created.text("ID")
			same(t, "Location", s.url+one, created.header.Get("Location"))
			same(t, "read", created.body, s.must(http.StatusOK, "GET", one, nil).body)
			same(t, "listed", []string{created.text("ID")}, s.must(http.StatusOK, "GET", test.path+"?ID="+created.text("ID"), nil).ids())
			patched := s.must(http.StatusOK, "PATCH", one, object{test.change: "globex"})
			same(t, "patched", "globex", patched.text(test.change))
			same(t, "saved", created.body, s.must(http.StatusOK, "PUT", one, test.body).body)
			s.must(http.StatusNoContent, "DELETE", one, nil)
			s.must(http.StatusNotFound, "GET", one, nil)
			s.must(http.StatusNotFound, "DELETE", one, nil)
		})
	}
}

func TestADeletedBuyerTakesItsUsersAlong(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusNoContent, "DELETE", "/v1/buyers/acme", nil)
	gone := s.refused(http.StatusNotFound, "NotFound", "GET", "/v1/"+walkIn, nil)
	same(t, "Data", object{"ObjectType": "Buyer", "ObjectID": "acme"}, gone.data())
	s.must(http.StatusCreated, "POST", "/v1/buyers/globex/users", jdoe(object{"Username": walkInName}))
	s.must(http.StatusCreated, "POST", "/v1/buyers", object{"ID": "acme", "Name": "ACME"})
	same(t, "users of the new buyer", []string{}, s.must(http.StatusOK, "GET", users, nil).ids())
}

func TestAnAPIClientNeedsASensibleDurationAndAUserThatExists(t *testing.T) {
	s := startAsRoot(t)
	s.refused(http.StatusBadRequest, "ValidationFailure", "POST", "/v1/apiclients", object{"AppName": "X", "AccessTokenDuration": 9})
	s.refused(http.StatusBadRequest, "User.NotFound", "POST", "/v1/apiclients",
		object{"AppName": "X", "AccessTokenDuration": 60, "DefaultContextUserName": "nobody"})
	s.refused(http.StatusNotFound, "NotFound", "PUT", "/v1/apiclients/unknown", object{"AppName": "X", "AccessTokenDuration": 60})
	s.must(http.StatusOK, "PATCH", "/v1/adminusers/operator", object{"Username": "op@shop.example"})
	client, _ := s.Object("apiclients/5A3D0C5E-1D7B-4C0E-9A43-0000000000A1")
	same(t, "DefaultContextUserName follows", "op@shop.example", client["DefaultContextUserName"])
}

func TestAssignmentsAreMadeListedAndUndone(t *testing.T) {
	tests := map[string]struct {
		path, remove string
		body         object
		query        string
	}{
		"a profile to a buyer": {
			"/v1/securityprofiles/assignments", "/v1/securityprofiles/cs-rep/assignments?buyerID=acme",
			object{"SecurityProfileID": "cs-rep", "BuyerID": "acme"}, "securityProfileID=cs-rep&level=Company&commerceRole=Buyer",
		},
		"a profile to a buyer's user": {
			"/v1/securityprofiles/assignments", "/v1/securityprofiles/cs-rep/assignments?buyerID=acme&userID=walk-in",
			object{"SecurityProfileID": "cs-rep", "BuyerID": "acme", "UserID": "walk-in"}, "userID=walk-in&level=User",
		},
		"a profile to an admin group": {
			"/v1/securityprofiles/assignments", "/v1/securityprofiles/cs-rep/assignments?userGroupID=customer-service",
			object{"SecurityProfileID": "cs-rep", "UserGroupID": "customer-service"}, "securityProfileID=cs-rep&level=Group&commerceRole=Seller",
		},
		"an API client to a buyer": {
			"/v1/apiclients/assignments", "/v1/buyers/acme/ApiClients/Assignments/" + storefrontID,
			object{"ApiClientID": storefrontID, "BuyerID": "acme"}, "buyerID=acme",
		},
		"a buyer user to a group": {
			"/v1/buyers/acme/usergroups/assignments", "/v1/buyers/acme/usergroups/purchasers/assignments/walk-in",
			object{"UserGroupID": "purchasers", "UserID": "walk-in"}, "userID=walk-in",
		},
		"an admin user to a group": {
			"/v1/usergroups/assignments", "/v1/usergroups/customer-service/assignments/operator",
			object{"UserGroupID": "customer-service", "UserID": "operator"}, "userID=operator",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startAsRoot(t)
			list := test.path + "?" + test.query
			same(t, "before", []any{}, s.must(http.StatusOK, "GET", list, nil).body["Items"].([]any))
			s.must(http.StatusNoContent, "POST", test.path, test.body)
			items := s.must(http.StatusOK, "GET", list, nil).body["Items"].([]any)
			if len(items) != 1 {
				t.Fatalf("there are %d assignments, want 1", len(items))
			}
			for field, want := range test.body {
				same(t, field, want, items[0].(object)[field])
			}
			s.must(http.StatusNoContent, "DELETE", test.remove, nil)
			same(t, "after", []any{}, s.must(http.StatusOK, "GET", list, nil).body["Items"].([]any))
		})
	}
}

func TestAnAssignmentNeedsBothSides(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusNotFound, "POST", "/v1/securityprofiles/assignments", object{"SecurityProfileID": "nope", "BuyerID": "acme"})
	s.must(http.StatusNotFound, "POST", "/v1/securityprofiles/assignments", object{"SecurityProfileID": "shopper", "BuyerID": "nope"})
	s.must(http.StatusNotFound, "POST", "/v1/securityprofiles/assignments", object{"SecurityProfileID": "shopper", "BuyerID": "acme", "UserID": "nope"})
	s.must(http.StatusNotFound, "POST", "/v1/buyers/acme/usergroups/assignments", object{"UserGroupID": "purchasers", "UserID": "nope"})
	s.must(http.StatusNotFound, "POST", "/v1/apiclients/assignments", object{"ApiClientID": storefrontID, "BuyerID": "nope"})
	s.refused(http.StatusBadRequest, "PartyAssignment.CannotSpecifyGroupAndUser", "POST", "/v1/securityprofiles/assignments",
		object{"SecurityProfileID": "shopper", "BuyerID": "acme", "UserID": "walk-in", "UserGroupID": "purchasers"})
}

func TestRolesFollowAssignmentsAtOnce(t *testing.T) {
	s := startAsRoot(t)
	roles := func() any { return s.must(http.StatusOK, "GET", "/v1/"+walkIn, nil).body["AvailableRoles"] }
	same(t, "by the buyer", any([]any{"MeAdmin", "Shopper"}), roles())
	s.must(http.StatusNoContent, "POST", "/v1/securityprofiles/assignments",
		object{"SecurityProfileID": "cs-rep", "BuyerID": "acme", "UserGroupID": "purchasers"})
	same(t, "not yet a member", any([]any{"MeAdmin", "Shopper"}), roles())
	s.must(http.StatusNoContent, "POST", "/v1/buyers/acme/usergroups/assignments", object{"UserGroupID": "purchasers", "UserID": "walk-in"})
	same(t, "by the group", any([]any{"MeAdmin", "OrderReader", "Shopper"}), roles())
	s.must(http.StatusOK, "PATCH", "/v1/securityprofiles/cs-rep", object{"CustomRoles": []string{"Concierge"}})
	same(t, "custom roles", any([]any{"Concierge", "MeAdmin", "OrderReader", "Shopper"}), roles())
	s.must(http.StatusNoContent, "DELETE", "/v1/buyers/acme/usergroups/purchasers", nil)
	same(t, "without the group", any([]any{"MeAdmin", "Shopper"}), roles())
}
