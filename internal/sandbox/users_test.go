// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const users = "/v1/buyers/acme/users"

func TestABuyerUserLivesFromPostToDelete(t *testing.T) {
	s := startAsRoot(t, sandbox.WithClock(func() time.Time { return time.Date(2030, 1, 2, 3, 4, 5, 678e6, time.UTC) }))
	created := s.must(http.StatusCreated, "POST", users, jdoe(object{
		"Password": goodPassword, "TermsAccepted": "2029-01-01T01:00:00+01:00", "xp": object{"price": 1.5},
	}))
	same(t, "Location", s.url+users+"/jdoe", created.header.Get("Location"))
	want := object{
		"ID": "jdoe", "CompanyID": "acme", "Username": "jdoe@acme.example", "FirstName": "Jane", "LastName": "Doe",
		"Email": "jdoe@acme.example", "Phone": nil, "TermsAccepted": "2029-01-01T00:00:00+00:00", "Active": true,
		"xp": object{"price": 1.5}, "AvailableRoles": []any{"MeAdmin", "Shopper"}, "Locale": nil,
		"DateCreated": "2030-01-02T03:04:05.678+00:00", "LastActive": nil, "FailedLoginAttempts": 0.0,
		"PasswordLastSetDate": "2030-01-02T03:04:05.678+00:00",
	}
	same(t, "created", want, created.body)
	same(t, "read", want, s.must(http.StatusOK, "GET", users+"/jdoe", nil).body)
	stored, _ := s.Object("buyers/acme/users/jdoe")
	same(t, "stored", want, stored)
	s.must(http.StatusNoContent, "DELETE", users+"/jdoe", nil)
	gone := s.refused(http.StatusNotFound, "NotFound", "GET", users+"/jdoe", nil)
	same(t, "Data", object{"ObjectType": "User", "ObjectID": "jdoe"}, gone.data())
	s.refused(http.StatusNotFound, "NotFound", "DELETE", users+"/jdoe", nil)
}

func TestABuyerUserIsRefusedWhenItBreaksARule(t *testing.T) {
	long := strings.Repeat("x", 101)
	tests := map[string]struct {
		change object
		status int
		code   string
	}{
		"no username":            {object{"Username": nil}, 400, "ValidationFailure"},
		"an empty first name":    {object{"FirstName": ""}, 400, "ValidationFailure"},
		"no Active":              {object{"Active": nil}, 400, "ValidationFailure"},
		"a long last name":       {object{"LastName": long}, 400, "ValidationFailure"},
		"a long phone":           {object{"Phone": long}, 400, "ValidationFailure"},
		"a long email":           {object{"Email": long + long}, 400, "ValidationFailure"},
		"a long ID":              {object{"ID": long}, 400, "ValidationFailure"},
		"an ID with a dot":       {object{"ID": "j.doe"}, 400, "ValidationFailure"},
		"too much xp":            {object{"xp": object{"a": strings.Repeat("x", 8000)}}, 400, "ValidationFailure"},
		"xp that is a list":      {object{"xp": []int{1}}, 400, "Request.InvalidRequestBody"},
		"Active as text":         {object{"Active": "yes"}, 400, "Request.InvalidRequestBody"},
		"terms that are no date": {object{"TermsAccepted": "yesterday"}, 400, "Request.InvalidRequestBody"},
		"a short password":       {object{"Password": "Short-1x"}, 400, "Auth.InsecurePassword"},
		"no digit":               {object{"Password": "Correct-Horse"}, 400, "Auth.InsecurePassword"},
		"no upper case":          {object{"Password": "correct-horse-7"}, 400, "Auth.InsecurePassword"},
		"no lower case":          {object{"Password": "CORRECT-HORSE-7"}, 400, "Auth.InsecurePassword"},
		"a taken ID":             {object{"ID": "walk-in"}, 409, "IdExists"},
		"a taken username":       {object{"Username": "Walk-In@acme.example"}, 409, "User.UsernameMustBeUnique"},
		"an admin's username":    {object{"Username": "jane@shop.example"}, 409, "User.UsernameMustBeUnique"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startAsRoot(t)
			s.refused(test.status, test.code, "POST", users, jdoe(test.change))
			same(t, "users left", []string{"walk-in"}, s.must(http.StatusOK, "GET", users, nil).ids())
		})
	}
}

func TestABodyHasToBeAJSONObject(t *testing.T) {
	s := startAsRoot(t)
	for name, body := range map[string]any{"none": nil, "a list": "[]", "half": `{"ID":`, "two": "{}{}", "text": "hello"} {
		t.Run(name, func(t *testing.T) {
			s.refused(http.StatusBadRequest, "Request.InvalidRequestBody", "POST", users, body)
		})
	}
}

func TestAnIDIsMadeWhenNoneIsGiven(t *testing.T) {
	s := startAsRoot(t)
	created := s.must(http.StatusCreated, "POST", users, jdoe(object{"ID": ""}))
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`).MatchString(created.text("ID")) {
		t.Errorf("the generated ID is %q", created.text("ID"))
	}
}

func TestAPutReplacesTheWholeUser(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusOK, "PUT", users+"/jdoe", jdoe(object{"ID": nil, "Phone": "555", "xp": object{"a": 1}, "Password": goodPassword}))
	before, _ := s.Object("buyers/acme/users/jdoe")
	replaced := s.must(http.StatusOK, "PUT", users+"/jdoe", jdoe(object{"FirstName": "Janet"}))
	same(t, "FirstName", "Janet", replaced.text("FirstName"))
	same(t, "Phone", nil, replaced.body["Phone"])
	same(t, "xp", nil, replaced.body["xp"])
	same(t, "PasswordLastSetDate", before["PasswordLastSetDate"], replaced.body["PasswordLastSetDate"])
	same(t, "DateCreated", before["DateCreated"], replaced.body["DateCreated"])
	if password, _ := s.Password("buyers/acme/users/jdoe"); password != goodPassword {
		t.Error("a PUT without Password changed the password")
	}
	s.refused(http.StatusBadRequest, "ValidationFailure", "PUT", users+"/jdoe", object{"FirstName": "Janet"})
	s.refused(http.StatusConflict, "User.UsernameMustBeUnique", "PUT", users+"/other", jdoe(object{"ID": nil}))
}

func TestAPatchChangesWhatItNames(t *testing.T) {
	tests := map[string]struct {
		patch, want object
	}{
		"one field":             {object{"Phone": "556"}, object{"Phone": "556", "Email": "jdoe@acme.example"}},
		"a field to null":       {object{"Phone": nil}, object{"Phone": nil}},
		"an xp key is added":    {object{"xp": object{"b": 2}}, object{"xp": object{"a": object{"x": 1.0, "y": 2.0}, "b": 2.0}}},
		"an xp key is replaced": {object{"xp": object{"a": object{"x": 3}}}, object{"xp": object{"a": object{"x": 3.0}}}},
		"an xp key to null":     {object{"xp": object{"a": nil}}, object{"xp": object{"a": nil}}},
		"nothing":               {object{}, object{"Phone": "555", "Active": true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startAsRoot(t)
			s.must(http.StatusCreated, "POST", users, jdoe(object{"Phone": "555", "xp": object{"a": object{"x": 1, "y": 2}}}))
			patched := s.must(http.StatusOK, "PATCH", users+"/jdoe", test.patch)
			for field, want := range test.want {
				same(t, field, want, patched.body[field])
			}
		})
	}
	t.Run("rules hold", func(t *testing.T) {
		s := startAsRoot(t)
		s.must(http.StatusCreated, "POST", users, jdoe())
		s.refused(http.StatusConflict, "User.UsernameMustBeUnique", "PATCH", users+"/jdoe", object{"Username": walkInName})
		s.refused(http.StatusBadRequest, "ValidationFailure", "PATCH", users+"/jdoe", object{"FirstName": nil})
		s.refused(http.StatusNotFound, "NotFound", "PATCH", users+"/nobody", object{"FirstName": "X"})
	})
}

func TestUnknownAndReadOnlyFieldsAreIgnored(t *testing.T) {
	s := startAsRoot(t)
	// Past the contract: the document knows no such field.
	err := s.Mutate(sandbox.Mutation{Method: "POST", Path: "buyers/acme/users", Body: jdoe(object{
		"Nickname": "JD", "username": "wrong case", "CompanyID": "globex", "PasswordLastSetDate": "2001-01-01T00:00:00Z",
	})})
	if err != nil {
		t.Fatal(err)
	}
	created, _ := s.Object("buyers/acme/users/jdoe")
	same(t, "CompanyID", "acme", created["CompanyID"])
	same(t, "PasswordLastSetDate", nil, created["PasswordLastSetDate"])
	if _, kept := created["Nickname"]; kept || created["Username"] != "jdoe@acme.example" {
		t.Error("an unknown field was not ignored")
	}
}

func TestAPasswordIsNeverAnsweredAndItsDateIs(t *testing.T) {
	var hours atomic.Int64
	s := startAsRoot(t, sandbox.WithClock(func() time.Time {
		return time.Date(2030, 1, 1, int(hours.Load()), 0, 0, 0, time.UTC)
	}))
	answers := []reply{s.must(http.StatusCreated, "POST", users, jdoe(object{"Password": goodPassword}))}
	hours.Add(1)
	patched := s.must(http.StatusOK, "PATCH", users+"/jdoe", object{"Password": goodPassword + "x"})
	same(t, "PasswordLastSetDate", "2030-01-01T01:00:00+00:00", patched.text("PasswordLastSetDate"))
	hours.Add(1)
	s.refused(http.StatusBadRequest, "Auth.InsecurePassword", "PATCH", users+"/jdoe", object{"Password": "weak", "Phone": "1"})
	answers = append(answers, patched, s.send("GET", users+"/jdoe", nil), s.send("GET", users+"?search=jdoe", nil))
	for _, answered := range answers {
		if strings.Contains(answered.raw, goodPassword) || strings.Contains(answered.raw, `"Password"`) {
			t.Error("an answer shows a password")
		}
	}
	same(t, "Phone after the refusal", nil, answers[2].body["Phone"])
	s.mustToken(passwordForm("jdoe@acme.example", goodPassword+"x", "Shopper"))
}

func TestASecurityProfileAddsToThePasswordPolicy(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusOK, "PATCH", "/v1/securityprofiles/shopper", object{"PasswordConfig": object{
		"MinimumCharacterCount": 12, "SpecialCharacterRequired": true, "MaxConsecutiveDupeChars": 2,
	}})
	for name, password := range map[string]string{"short": "Aa1-Aa1-Aa1", "plain": "Aa1Aa1Aa1Aa1", "repeated": "Aaaa1-Aa1-Aa1"} {
		t.Run(name, func(t *testing.T) {
			answered := s.refused(http.StatusBadRequest, "Auth.InsecurePassword", "POST", users, jdoe(object{"Password": password}))
			same(t, "MinimumCharacterCount", 12.0, answered.data()["MinimumCharacterCount"])
		})
	}
	s.must(http.StatusCreated, "POST", users, jdoe(object{"Password": "Aa1-Aa1-Aa1-"}))
}

func TestAnotherIDInTheBodyRenamesAndReferencesFollow(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusCreated, "POST", users, jdoe())
	s.must(http.StatusNoContent, "POST", "/v1/buyers/acme/usergroups/assignments", object{"UserGroupID": "purchasers", "UserID": "jdoe"})
	s.must(http.StatusCreated, "POST", "/v1/impersonationconfig", deskConfig(object{"UserID": "jdoe"}))
	s.refused(http.StatusConflict, "IdExists", "PATCH", users+"/jdoe", object{"ID": "walk-in"})
	renamed := s.must(http.StatusOK, "PATCH", users+"/jdoe", object{"ID": "jane"})
	same(t, "ID", "jane", renamed.text("ID"))
	s.must(http.StatusNotFound, "GET", users+"/jdoe", nil)
	config, _ := s.Object("impersonationconfig/cs-desk")
	same(t, "UserID of the config", "jane", config["UserID"])
	same(t, "members", []string{"jane"}, s.must(http.StatusOK, "GET", users+"?userGroupID=purchasers", nil).ids())
	s.refused(http.StatusBadRequest, "Impersonation.CannotDeleteImpersonateeParty", "DELETE", users+"/jane", nil)
	s.must(http.StatusCreated, "POST", users, jdoe(object{"Username": "newcomer"}))
	same(t, "a newcomer inherits nothing", []string{"jane"}, s.must(http.StatusOK, "GET", users+"?userGroupID=purchasers", nil).ids())

	s.must(http.StatusOK, "PATCH", "/v1/buyers/acme", object{"ID": "acme2"})
	config, _ = s.Object("impersonationconfig/cs-desk")
	same(t, "BuyerID of the config", "acme2", config["BuyerID"])
	same(t, "UserID of the config", "jane", config["UserID"])
	moved, _ := s.Object("buyers/acme2/users/jane")
	same(t, "CompanyID", "acme2", moved["CompanyID"])
	s.refused(http.StatusConflict, "User.UsernameMustBeUnique", "POST", "/v1/buyers/acme2/users", jdoe(object{"ID": "x"}))
}

func TestADeletionIsRefusedWhileSomethingNeedsTheUser(t *testing.T) {
	s := startAsRoot(t)
	s.refused(http.StatusBadRequest, "User.CannotDeleteDefaultContextUser", "DELETE", "/v1/adminusers/operator", nil)
	if err := s.SetOpenOrder(walkIn, true); err != nil {
		t.Fatal(err)
	}
	s.refused(http.StatusBadRequest, "User.CannotDeleteWithOpenOrder", "DELETE", "/v1/"+walkIn, nil)
	s.refused(http.StatusBadRequest, "User.CannotDeleteWithOpenOrder", "DELETE", "/v1/buyers/acme", nil)
	if err := s.SetOpenOrder(walkIn, false); err != nil {
		t.Fatal(err)
	}
	s.must(http.StatusCreated, "POST", "/v1/impersonationconfig", deskConfig(object{"UserID": "walk-in"}))
	s.refused(http.StatusBadRequest, "Impersonation.CannotDeleteImpersonateeParty", "DELETE", "/v1/"+walkIn, nil)
	s.refused(http.StatusBadRequest, "Impersonation.CannotDeleteImpersonateeParty", "DELETE", "/v1/usergroups/customer-service", nil)
	s.must(http.StatusNoContent, "DELETE", "/v1/impersonationconfig/cs-desk", nil)
	s.must(http.StatusNoContent, "DELETE", "/v1/"+walkIn, nil)
	if err := s.SetOpenOrder(walkIn, true); err == nil {
		t.Error("a user that is gone was given an open order")
	}
}

func TestAUserMovesToAnotherBuyer(t *testing.T) {
	s := startAsRoot(t)
	move := "/v1/" + walkIn + "/moveto/globex?orders="
	s.refused(http.StatusBadRequest, "ValidationFailure", "POST", move+"Some", nil)
	s.refused(http.StatusNotFound, "NotFound", "POST", "/v1/"+walkIn+"/moveto/nowhere?orders=All", nil)
	if err := s.SetOpenOrder(walkIn, true); err != nil {
		t.Fatal(err)
	}
	s.refused(http.StatusBadRequest, "User.CannotMoveeWithOpenOrder", "POST", move+"None", nil)
	moved := s.must(http.StatusCreated, "POST", move+"All", nil)
	same(t, "CompanyID", "globex", moved.text("CompanyID"))
	s.must(http.StatusNotFound, "GET", "/v1/"+walkIn, nil)
	s.mustToken(passwordForm(walkInName, walkInSecret, "Shopper"))
	s.must(http.StatusCreated, "POST", users, jdoe(object{"ID": "walk-in"}))
	s.refused(http.StatusConflict, "IdExists", "POST", "/v1/"+walkIn+"/moveto/globex?orders=None", nil)
}
