// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

func TestTheDefaultSeedIsWhatSamplesRelyOn(t *testing.T) {
	s, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"buyers/acme", "buyers/globex", "securityprofiles/cs-rep", "securityprofiles/shopper",
		"securityprofiles/operator", "securityprofiles/service-desk", "adminusers/operator", "adminusers/jane",
		"usergroups/customer-service", "buyers/acme/usergroups/purchasers", walkIn, "apiclients/" + storefrontID,
	} {
		if _, found := s.Object(path); !found {
			t.Errorf("the seed has no %s", path)
		}
	}
	if clientID, secret := s.Credentials(); clientID == "" || secret == "" {
		t.Error("the seed names no credentials")
	}
	if password, _ := s.Password(walkIn); password != walkInSecret {
		t.Error("the walk-in user has another password")
	}
}

func TestASeedThatBreaksARuleIsRefused(t *testing.T) {
	tests := map[string]string{
		"an unknown field":  "shops: {}",
		"an unknown path":   "objects: {orders/one: {Name: X}}",
		"an unknown buyer":  "objects: {buyers/x/users/y: {Username: y, FirstName: Y, LastName: Y, Email: y, Active: true}}",
		"a missing field":   "objects: {buyers/x: {}}",
		"an invalid ID":     "objects: {buyers/x y: {Name: X}}",
		"an unknown member": "groupMembers: {usergroups/x: [adminusers/y]}",
		"a weak password":   "objects: {adminusers/y: {Username: y, FirstName: Y, LastName: Y, Email: y, Active: true, Password: weak}}",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			given, err := sandbox.LoadSeed(strings.NewReader(text))
			if err == nil {
				_, err = sandbox.New(sandbox.WithSeed(given))
			}
			if err == nil {
				t.Error("the seed was accepted")
			}
		})
	}
}

func TestSomeoneElseChangesTheMarketplace(t *testing.T) {
	s := startAsRoot(t)
	s.ResetStats()
	steps := []sandbox.Mutation{
		{Method: "POST", Path: "buyers/acme/users", Body: jdoe()},
		{Method: "PATCH", Path: "buyers/acme/users/jdoe", Body: object{"Phone": "1"}},
		{Method: "POST", Path: "buyers/acme/usergroups/assignments", Body: object{"UserGroupID": "purchasers", "UserID": "jdoe"}},
		{Method: "PUT", Path: "impersonationconfig/cs-desk", Body: deskConfig()},
		{Method: "DELETE", Path: "impersonationconfig/cs-desk"},
	}
	for _, step := range steps {
		if err := s.Mutate(step); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "total", 0, s.Stats().Total)
	err := s.Mutate(sandbox.Mutation{Method: "PATCH", Path: "buyers/acme/users/jdoe", Body: object{"Username": walkInName}})
	if err == nil || !strings.Contains(err.Error(), "User.UsernameMustBeUnique") {
		t.Errorf("the rule that was broken is not named: %v", err)
	}
	s.with("").must(http.StatusOK, "POST", "/_sandbox/mutate",
		object{"method": "PATCH", "path": "buyers/acme/users/jdoe", "body": object{"Phone": "2"}})
	user, _ := s.Object("buyers/acme/users/jdoe")
	same(t, "Phone", any("2"), user["Phone"])
}

func TestARestoreBringsTheWholeMarketplaceBack(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusCreated, "POST", users, jdoe(object{"Password": goodPassword, "xp": object{"n": 1.5}}))
	s.must(http.StatusCreated, "POST", configs, deskConfig(object{"UserID": "jdoe"}))
	before, _ := s.Object("buyers/acme/users/jdoe")
	taken := s.must(http.StatusOK, "GET", "/_sandbox/snapshot", nil).raw

	s.must(http.StatusNoContent, "DELETE", configs+"/cs-desk", nil)
	s.must(http.StatusOK, "PATCH", users+"/jdoe", object{"Password": goodPassword + "2", "Username": "other"})
	s.must(http.StatusNoContent, "DELETE", "/v1/"+walkIn, nil)
	s.must(http.StatusCreated, "POST", "/v1/buyers", object{"ID": "new", "Name": "New"})

	s.must(http.StatusNoContent, "POST", "/_sandbox/restore", taken)
	s.refused(http.StatusUnauthorized, "Auth.TokenRevoked", "GET", "/v1/me", nil)
	s = s.with(s.mustToken(clientForm(rootClientID, rootSecret, "FullAccess")))
	after, _ := s.Object("buyers/acme/users/jdoe")
	same(t, "user", before, after)
	same(t, "buyers", []string{"acme", "globex"}, s.must(http.StatusOK, "GET", "/v1/buyers", nil).ids())
	if password, _ := s.Password("buyers/acme/users/jdoe"); password != goodPassword {
		t.Error("the password did not come back")
	}
	// What is found by index works too: usernames, grants, references, roles.
	s.refused(http.StatusConflict, "User.UsernameMustBeUnique", "POST", users, jdoe(object{"ID": "x"}))
	s.refused(http.StatusConflict, "ImpersonationConfig.ConflictingImpersonationConfigExists", "POST", configs,
		deskConfig(object{"ID": "x", "UserID": "jdoe"}))
	s.refused(http.StatusBadRequest, "Impersonation.CannotDeleteImpersonateeParty", "DELETE", users+"/jdoe", nil)
	s.must(http.StatusOK, "GET", users+"?userGroupID=purchasers", nil)
	s.mustToken(passwordForm(walkInName, walkInSecret, "Shopper"))

	again, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	other, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Restore(again); err != nil {
		t.Error(err)
	}
	if err := s.Restore([]byte(`{"Shops":[]}`)); err == nil {
		t.Error("something else was taken for a snapshot")
	}
}

func TestCallsAreCountedByRoute(t *testing.T) {
	s := startAsRoot(t)
	s.ResetStats()
	s.must(http.StatusCreated, "POST", users, jdoe())
	s.must(http.StatusOK, "GET", users+"/jdoe", nil)
	s.must(http.StatusOK, "GET", users+"/walk-in", nil)
	s.must(http.StatusNotFound, "GET", "/v1/orders", nil)
	s.asOperator("BuyerUserReader")
	stats := s.Stats()
	same(t, "calls", map[string]int{
		"POST /v1/buyers/{buyerID}/users":         1,
		"GET /v1/buyers/{buyerID}/users/{userID}": 2,
		"GET (unknown)":                           1,
		"POST /oauth/token":                       1,
	}, stats.Calls)
	same(t, "total", 5, stats.Total)
	same(t, "writes", 1, stats.Writes())
	same(t, "reads", 2, stats.Reads())
	overHTTP := s.must(http.StatusOK, "GET", "/_sandbox/stats", nil)
	same(t, "total over HTTP", any(5.0), overHTTP.body["total"])
	s.must(http.StatusNoContent, "DELETE", "/_sandbox/stats", nil)
	same(t, "after the reset", 0, s.Stats().Total)
}

func TestRequestsAreRememberedWithoutBodies(t *testing.T) {
	s := startAsRoot(t)
	s.ResetStats()
	s.must(http.StatusOK, "GET", users+"?ID=walk-in", nil)
	s.Inject(sandbox.Fault{Status: 500, Count: 1})
	s.must(http.StatusInternalServerError, "DELETE", "/v1/"+walkIn, nil)
	requests := s.Requests()
	if len(requests) != 2 {
		t.Fatalf("there are %d requests, want 2", len(requests))
	}
	same(t, "path", users+"?ID=walk-in", requests[0].Path)
	same(t, "route", "DELETE /v1/buyers/{buyerID}/users/{userID}", requests[1].Route)
	same(t, "status", http.StatusInternalServerError, requests[1].Status)
}

func TestTheRequestLogKeepsTheLatest(t *testing.T) {
	s, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	for number := range 10_005 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/env", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if number == 10_004 {
			request.URL.Path = "/v1/me"
		}
		s.ServeHTTP(discard{}, request)
	}
	requests := s.Requests()
	same(t, "length", 10_000, len(requests))
	same(t, "latest", "/v1/me", requests[len(requests)-1].Path)
	same(t, "total", 10_005, s.Stats().Total)
}

// discard is an answer that nobody reads.
type discard struct{}

func (discard) Header() http.Header            { return http.Header{} }
func (discard) Write(data []byte) (int, error) { return len(data), nil }
func (discard) WriteHeader(int)                {}

func TestManyUseTheSandboxAtOnce(t *testing.T) {
	s := startAsRoot(t)
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			id := string(rune('a' + worker))
			for range 10 {
				user := jdoe(object{"ID": id, "Username": id})
				s.must(http.StatusCreated, "POST", users, user)
				s.must(http.StatusOK, "GET", users+"?ID=a|b|c|d", nil)
				s.must(http.StatusOK, "PATCH", users+"/"+id, object{"xp": object{"n": worker}})
				if _, err := s.Snapshot(); err != nil {
					t.Error(err)
				}
				s.must(http.StatusNoContent, "DELETE", users+"/"+id, nil)
			}
		})
	}
	workers.Wait()
	same(t, "users left", []string{"walk-in"}, s.must(http.StatusOK, "GET", users, nil).ids())
}

func TestATooLargeBodyIsRefused(t *testing.T) {
	s := startAsRoot(t)
	body := append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), 1<<20)...)
	s.refused(http.StatusBadRequest, "Request.InvalidRequestBody", "POST", users, string(body))
}
