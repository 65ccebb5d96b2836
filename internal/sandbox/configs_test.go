// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
)

const configs = "/v1/impersonationconfig"

func TestAnImpersonationConfigLivesFromPostToDelete(t *testing.T) {
	s := start(t).asOperator(operatorRoles)
	want := object{
		"ID": "cs-desk", "ImpersonationBuyerID": nil, "ImpersonationGroupID": "customer-service",
		"ImpersonationUserID": nil, "BuyerID": "acme", "GroupID": nil, "UserID": nil,
		"SecurityProfileID": "cs-rep", "ClientID": strings.ToLower(storefrontID),
	}
	same(t, "created", want, s.must(http.StatusCreated, "POST", configs, deskConfig()).body)
	same(t, "read", want, s.must(http.StatusOK, "GET", configs+"/cs-desk", nil).body)
	want["UserID"] = "walk-in"
	same(t, "patched", want, s.must(http.StatusOK, "PATCH", configs+"/cs-desk", object{"UserID": "walk-in"}).body)
	want["UserID"], want["ImpersonationGroupID"] = nil, nil
	replacement := deskConfig(object{"ImpersonationGroupID": nil})
	same(t, "replaced", want, s.must(http.StatusOK, "PUT", configs+"/cs-desk", replacement).body)
	s.must(http.StatusNoContent, "DELETE", configs+"/cs-desk", nil)
	s.must(http.StatusNotFound, "GET", configs+"/cs-desk", nil)
}

func TestAClientIDIsUpperCaseThereAndLowerCaseHere(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusCreated, "POST", configs, deskConfig())
	lower := strings.ToLower(storefrontID)
	same(t, "in the config", lower, s.must(http.StatusOK, "GET", configs+"/cs-desk", nil).text("ClientID"))
	for _, path := range []string{"/v1/apiclients/" + lower, "/v1/apiclients/" + storefrontID} {
		same(t, "in the API client", storefrontID, s.must(http.StatusOK, "GET", path, nil).text("ID"))
	}
	for _, filter := range []string{"ClientID=" + lower, "ClientID=" + storefrontID} {
		same(t, filter, []string{"cs-desk"}, s.must(http.StatusOK, "GET", configs+"?"+filter, nil).ids())
	}
	same(t, "by ID", []string{storefrontID}, s.must(http.StatusOK, "GET", "/v1/apiclients?ID="+lower, nil).ids())
}

func TestAnImpersonationConfigIsRefusedWhenItBreaksARule(t *testing.T) {
	tests := map[string]struct {
		change object
		status int
		code   string
		data   object
	}{
		"no security profile":     {object{"SecurityProfileID": nil}, 400, "ValidationFailure", object{"Field": "SecurityProfileID"}},
		"no client":               {object{"ClientID": ""}, 400, "ValidationFailure", object{"Field": "ClientID"}},
		"an ID with a space":      {object{"ID": "cs desk"}, 400, "ValidationFailure", object{"Field": "ID"}},
		"an unknown profile":      {object{"SecurityProfileID": "nope"}, 404, "NotFound", object{"ObjectType": "SecurityProfile", "ObjectID": "nope"}},
		"an unknown client":       {object{"ClientID": "nope"}, 404, "NotFound", object{"ObjectType": "ApiClient", "ObjectID": "nope"}},
		"an unknown buyer":        {object{"BuyerID": "nope"}, 404, "NotFound", object{"ObjectType": "Buyer", "ObjectID": "nope"}},
		"an unknown user":         {object{"UserID": "nope"}, 404, "NotFound", object{"ObjectType": "User", "ObjectID": "nope"}},
		"an unknown group":        {object{"GroupID": "nope"}, 404, "NotFound", object{"ObjectType": "UserGroup", "ObjectID": "nope"}},
		"an unknown admin group":  {object{"ImpersonationGroupID": "nope"}, 404, "NotFound", object{"ObjectType": "UserGroup", "ObjectID": "nope"}},
		"a buyer's group as ours": {object{"ImpersonationGroupID": "purchasers"}, 404, "NotFound", object{"ObjectType": "UserGroup", "ObjectID": "purchasers"}},
		"our group as a buyer's":  {object{"ImpersonationBuyerID": "acme"}, 404, "NotFound", object{"ObjectType": "UserGroup", "ObjectID": "customer-service"}},
		"a group and a user": {
			object{"GroupID": "purchasers", "UserID": "walk-in"}, 400, "PartyAssignment.CannotSpecifyGroupAndUser", nil,
		},
		"two impersonators": {object{"ImpersonationUserID": "jane"}, 400, "PartyAssignment.CannotSpecifyGroupAndUser", nil},
		"a user without a buyer": {
			object{"BuyerID": nil, "UserID": "walk-in"}, 400, "PartyAssignment.RequiresBuyer", nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t).asOperator(operatorRoles)
			answered := s.refused(test.status, test.code, "POST", configs, deskConfig(test.change))
			same(t, "Data", test.data, answered.data())
			same(t, "configs", []string{}, s.must(http.StatusOK, "GET", configs, nil).ids())
		})
	}
}

func TestTwoConfigsCannotGrantTheSame(t *testing.T) {
	s := start(t).asOperator(operatorRoles)
	const conflict = "ImpersonationConfig.ConflictingImpersonationConfigExists"
	s.must(http.StatusCreated, "POST", configs, deskConfig())
	s.refused(http.StatusConflict, "IdExists", "POST", configs, deskConfig())
	s.refused(http.StatusConflict, conflict, "POST", configs, deskConfig(object{"ID": "b", "ClientID": strings.ToLower(storefrontID)}))
	s.refused(http.StatusConflict, conflict, "PUT", configs+"/b", deskConfig(object{"ID": nil}))
	s.must(http.StatusCreated, "POST", configs, deskConfig(object{"ID": "b", "BuyerID": "globex"}))
	s.refused(http.StatusConflict, conflict, "PATCH", configs+"/b", object{"BuyerID": "acme"})
	s.must(http.StatusOK, "PUT", configs+"/cs-desk", deskConfig())
	s.must(http.StatusNoContent, "DELETE", configs+"/cs-desk", nil)
	s.must(http.StatusOK, "PATCH", configs+"/b", object{"BuyerID": "acme"})
}

func TestWhatAConfigNamesCannotBeDeleted(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusCreated, "POST", configs, deskConfig(object{"GroupID": "purchasers"}))
	tests := map[string]string{
		"/v1/securityprofiles/cs-rep":           "Impersonation.CannotDeleteSecurityProfile",
		"/v1/apiclients/" + storefrontID:        "ApiClient.UsedByImpersonationConfig",
		"/v1/buyers/acme":                       "Impersonation.CannotDeleteImpersonateeParty",
		"/v1/buyers/acme/usergroups/purchasers": "Impersonation.CannotDeleteImpersonateeParty",
		"/v1/usergroups/customer-service":       "Impersonation.CannotDeleteImpersonateeParty",
	}
	for path, code := range tests {
		s.refused(http.StatusBadRequest, code, "DELETE", path, nil)
	}
	s.must(http.StatusNoContent, "DELETE", configs+"/cs-desk", nil)
	delete(tests, "/v1/buyers/acme/usergroups/purchasers") // goes with its buyer
	for path := range tests {
		s.must(http.StatusNoContent, "DELETE", path, nil)
	}
	s.must(http.StatusNotFound, "GET", "/v1/buyers/acme/usergroups/purchasers", nil)
}
