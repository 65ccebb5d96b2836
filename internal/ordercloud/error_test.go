// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// predicates are all that an error may be; the table asks for exactly one.
var predicates = map[string]func(error) bool{
	"credentials refused": IsCredentialsRefused,
	"unauthorized":        IsUnauthorized,
	"forbidden":           IsForbidden,
	"rate limited":        IsRateLimited,
	"unavailable":         IsUnavailable,
	"not found":           IsNotFound,
	"ID exists":           IsIDExists,
	"username taken":      IsUsernameTaken,
	"in use":              IsInUse,
	"grant taken":         IsGrantTaken,
	"invalid":             IsInvalid,
}

func coded(code string) string {
	return fmt.Sprintf(`{"Errors":[{"ErrorCode":%q,"Message":"jane.doe@example.com","Data":{"Secret":"data"}}]}`, code)
}

func TestEachAnswerIsExactlyOneKindOfErrorWithAStableText(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		want   string
		text   string
	}{
		"a missing object":                  {404, coded("NotFound"), "not found", "404 NotFound"},
		"a missing user":                    {404, coded("User.NotFound"), "not found", "404 User.NotFound"},
		"a missing reference answered 400":  {400, coded("NotFound"), "not found", "400 NotFound"},
		"a 404 of something in between":     {404, "<html>", "unavailable", "404 answer unreadable"},
		"a 404 without a code":              {404, "{}", "unavailable", "404 answer unreadable"},
		"a taken ID":                        {409, coded("IdExists"), "ID exists", "409 IdExists"},
		"a taken username":                  {409, coded("User.UsernameMustBeUnique"), "username taken", "409 User.UsernameMustBeUnique"},
		"a conflicting config":              {409, coded("ImpersonationConfig.ConflictingImpersonationConfigExists"), "grant taken", "409 ImpersonationConfig.ConflictingImpersonationConfigExists"},
		"a refused deletion answered 400":   {400, coded("User.CannotDeleteWithOpenOrder"), "in use", "400 User.CannotDeleteWithOpenOrder"},
		"a refused deletion answered 409":   {409, coded("Impersonation.CannotDeleteImpersonateeParty"), "in use", "409 Impersonation.CannotDeleteImpersonateeParty"},
		"a refused field":                   {400, coded("ValidationFailure"), "invalid", "400 ValidationFailure"},
		"a refusal without a code":          {400, "{}", "unavailable", "400 answer unreadable"},
		"a 400 of something in between":     {400, "Request Too Long", "unavailable", "400 answer unreadable"},
		"a missing role":                    {403, coded("Auth.InsufficientRoles"), "forbidden", "403 Auth.InsufficientRoles"},
		"a 403 that is not JSON":            {403, "", "unavailable", "403 answer unreadable"},
		"a bad token":                       {401, coded("Auth.InvalidToken"), "unauthorized", "401 Auth.InvalidToken"},
		"a 401 that is not JSON":            {401, "", "unavailable", "401 answer unreadable"},
		"a revoked token answered 400":      {400, coded("Auth.TokenRevoked"), "unauthorized", "400 Auth.TokenRevoked"},
		"too many requests":                 {429, "slow down", "rate limited", "429 Too Many Requests"},
		"a server error":                    {500, coded("ServerError"), "unavailable", "500 ServerError"},
		"a gateway's HTML":                  {502, "<html>", "unavailable", "502 Bad Gateway"},
		"maintenance":                       {400, coded("Api.Offline"), "unavailable", "400 Api.Offline"},
		"a request that took too long":      {408, "{}", "unavailable", "408 Request Timeout"},
		"a redirect":                        {302, "", "unavailable", "302 answer unreadable"},
		"a good status with HTML":           {200, "<html>", "unavailable", "200 answer unreadable"},
		"a good status with half an object": {200, `{"ID":"jd`, "unavailable", "200 answer unreadable"},
		"a good status with a wrong type":   {200, `{"ID":7}`, "unavailable", "200 answer unreadable"},
		"a good status without an object":   {200, `{}`, "unavailable", "200 answer unreadable"},
		"a good status with null":           {200, `null`, "unavailable", "200 answer unreadable"},
		"a good status with nothing":        {200, ``, "unavailable", "200 answer unreadable"},
		"a code that is a sentence":         {400, coded("jane.doe@example.com is wrong"), "invalid", "400 Bad Request"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, replies(test.status, test.body))
			_, err := server.client.BuyerUsers("acme").Patch(t.Context(), "jdoe", map[string]any{"FirstName": "Jane"})
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("got %T, want *Error", err)
			}
			wantText := "PATCH /v1/buyers/{buyerID}/users/{userID}: " + test.text
			if err.Error() != wantText {
				t.Errorf("got %q, want %q", err, wantText)
			}
			wrapped := fmt.Errorf("changing the user: %w", err)
			for predicate, holds := range predicates {
				if holds(wrapped) != (predicate == test.want) {
					t.Errorf("%s is %v, want %q only", predicate, holds(wrapped), test.want)
				}
			}
		})
	}
}

func TestARequestsIDIsCutAndTellsNoSecret(t *testing.T) {
	for name, test := range map[string]struct{ answered, want string }{
		"a long one":           {strings.Repeat("x", 9000), strings.Repeat("x", 64)},
		"one of other letters": {"id-\xff\xfe é1", "id-1"},
		"an echo of the token": {"TOKEN", "Bearer(redacted)"},
		"an echo of the user":  {"pw=Long-Enough-1", "pw=(redacted)"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, func(writer http.ResponseWriter, request *http.Request) {
				writer.Header().Set("X-oc-logid", strings.ReplaceAll(test.answered, "TOKEN", request.Header.Get("Authorization")))
				writer.WriteHeader(http.StatusConflict)
			})
			_, err := server.client.BuyerUsers("acme").Create(t.Context(), BuyerUser{ID: "jdoe", Password: "Long-Enough-1"})
			if got := RequestID(err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestErrorCarriesWhatItsTextLeavesOut(t *testing.T) {
	server := newTestServer(t, func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Retry-After", "7")
		writeError(writer, http.StatusNotFound, answer.CodeNotFound, map[string]string{"ObjectType": "SecurityProfile", "ObjectID": "cs-rep"})
	})
	_, err := server.client.ImpersonationConfigs().Create(t.Context(), ImpersonationConfig{ID: "cs"})
	want := &Error{
		Method: "POST", Route: "/v1/impersonationconfig",
		Answer: answer.Answer{
			Status: 404, RequestID: "log-1", RetryAfter: 7 * time.Second,
			Meaning: answer.NotFound, Effect: answer.EffectNone, Scope: answer.ScopeRequest,
			Errors: []answer.Detail{{
				Code: answer.CodeNotFound, Message: "jane.doe@example.com is not welcome",
				Data: json.RawMessage(`{"ObjectID":"cs-rep","ObjectType":"SecurityProfile"}`),
			}},
		},
	}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	wrapped := fmt.Errorf("creating the config: %w", err)
	objectType, objectID, ok := MissingObject(wrapped)
	if objectType != "SecurityProfile" || objectID != "cs-rep" || !ok {
		t.Errorf("got %q %q %v", objectType, objectID, ok)
	}
	if RequestID(wrapped) != "log-1" || !HasCode(wrapped, answer.CodeNotFound) || HasCode(wrapped, answer.CodeIDExists) {
		t.Error("the request ID or the code is lost")
	}
	if after, ok := RetryAfter(wrapped); after != 7*time.Second || !ok {
		t.Errorf("got %v %v", after, ok)
	}
}

func TestForeignErrorsAreNothingOfThis(t *testing.T) {
	for _, err := range []error{nil, errors.New("other"), context.Canceled} {
		for name, holds := range predicates {
			if holds(err) {
				t.Errorf("%v is %s", err, name)
			}
		}
		_, _, missing := MissingObject(err)
		_, wait := RetryAfter(err)
		if missing || wait || RequestID(err) != "" || HasCode(err, answer.CodeNotFound) {
			t.Errorf("%v has parts of an *Error", err)
		}
	}
}

func TestErrorTextShowsEachCodeOnceAndFiveAtMost(t *testing.T) {
	failure := &Error{Method: "GET", Route: "/v1/me", Answer: answer.Answer{Status: 400}}
	for number := range 100 {
		failure.Errors = append(failure.Errors, answer.Detail{Code: "A"}, answer.Detail{Code: "B" + strconv.Itoa(number)},
			answer.Detail{Code: strings.Repeat("b", 101)})
	}
	if got, want := failure.Error(), "GET /v1/me: 400 A, B0, B1, B2, B3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
