// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

func TestA401IsAnsweredByOneReauthentication(t *testing.T) {
	refuse := replies(http.StatusUnauthorized, `{"Errors":[{"ErrorCode":"Auth.TokenRevoked"}]}`)
	accept := replies(http.StatusOK, `{"ID":"jdoe"}`)
	tests := map[string]struct {
		api       http.HandlerFunc
		wantCalls int
		check     func(error) bool
	}{
		"a new token helps":              {inTurn(refuse, accept), 2, func(err error) bool { return err == nil }},
		"a second 401 is returned":       {refuse, 2, IsUnauthorized},
		"a revoked token answered 403":   {inTurn(replies(http.StatusForbidden, coded(answer.CodeTokenRevoked)), accept), 2, func(err error) bool { return err == nil }},
		"a missing role is no bad token": {replies(http.StatusForbidden, coded(answer.CodeInsufficientRoles)), 1, IsForbidden},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, test.api)
			_, err := server.client.BuyerUsers("acme").Create(t.Context(), fullUser())
			if !test.check(err) {
				t.Errorf("got %v", err)
			}
			requests := server.recorded()
			if len(requests) != test.wantCalls || server.tokenCount() != test.wantCalls {
				t.Fatalf("got %d calls and %d token requests, want %d of each", len(requests), server.tokenCount(), test.wantCalls)
			}
			if test.wantCalls == 2 {
				if requests[0].Body != requests[1].Body || !strings.Contains(requests[1].Body, "jdoe") {
					t.Error("the body was not sent again")
				}
				if requests[0].Authorization == requests[1].Authorization {
					t.Error("the old token was sent again")
				}
			}
		})
	}
}

func TestCallersThatUsedAnOldTokenDoNotDiscardTheNewOne(t *testing.T) {
	const callers = 5
	arrived, release := make(chan struct{}, callers), make(chan struct{})
	var old string
	server := newTestServer(t, nil)
	server.api = func(writer http.ResponseWriter, request *http.Request) {
		if request.Header.Get("Authorization") == old {
			arrived <- struct{}{}
			<-release
			writeError(writer, http.StatusUnauthorized, "Auth.InvalidToken", nil)
			return
		}
		writeJSON(writer, http.StatusOK, map[string]string{"ID": "x"})
	}
	granted, err := server.client.tokens.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old = "Bearer " + granted.access
	results := make(chan error, callers)
	for range callers {
		go func() { _, err := server.client.Me(t.Context()); results <- err }()
	}
	for range callers {
		<-arrived
	}
	// One after the other, so that all but the first are late.
	for range callers {
		release <- struct{}{}
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if got := server.tokenCount(); got != 2 {
		t.Errorf("got %d token requests, want 2", got)
	}
}
