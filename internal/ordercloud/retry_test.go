// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

var operations = map[string]func(context.Context, Collection[BuyerUser]) error{
	http.MethodGet: func(ctx context.Context, users Collection[BuyerUser]) error {
		_, err := users.Get(ctx, "jdoe")
		return err
	},
	http.MethodPost: func(ctx context.Context, users Collection[BuyerUser]) error {
		_, err := users.Create(ctx, fullUser())
		return err
	},
	http.MethodPut: func(ctx context.Context, users Collection[BuyerUser]) error {
		_, err := users.Save(ctx, "jdoe", fullUser())
		return err
	},
	http.MethodPatch: func(ctx context.Context, users Collection[BuyerUser]) error {
		_, err := users.Patch(ctx, "jdoe", map[string]any{"Active": true})
		return err
	},
	http.MethodDelete: func(ctx context.Context, users Collection[BuyerUser]) error {
		return users.Delete(ctx, "jdoe")
	},
}

func TestOnlyWhatIsSafeToRepeatIsRepeatedAndOnlyAfterWhatMayPass(t *testing.T) {
	failures := map[string]struct {
		handler  http.HandlerFunc
		repeated bool
		check    func(error) bool
	}{
		"a dropped connection":        {dropConnection, true, IsUnavailable},
		"an answer cut short":         {cutShort, true, IsUnavailable},
		"502":                         {replies(502, "<html>"), true, IsUnavailable},
		"503":                         {replies(503, "{}"), true, IsUnavailable},
		"504":                         {replies(504, ""), true, IsUnavailable},
		"503 that says when":          {withRetryAfter(503), false, IsUnavailable},
		"500":                         {replies(500, coded("ServerError")), false, IsUnavailable},
		"maintenance":                 {replies(400, coded(answer.CodeAPIOffline)), false, IsUnavailable},
		"429":                         {withRetryAfter(429), false, IsRateLimited},
		"400":                         {replies(400, coded("ValidationFailure")), false, IsInvalid},
		"403":                         {replies(403, coded(answer.CodeInsufficientRoles)), false, IsForbidden},
		"404 at the first attempt":    {replies(404, coded(answer.CodeNotFound)), false, IsNotFound},
		"a redirect to a good answer": {http.RedirectHandler("/v1/me", http.StatusFound).ServeHTTP, false, IsUnavailable},
	}
	safe := map[string]bool{http.MethodGet: true, http.MethodPut: true, http.MethodDelete: true}
	for name, failure := range failures {
		for method, operation := range operations {
			t.Run(method+" after "+name, func(t *testing.T) {
				server := newTestServer(t, failure.handler)
				if err := operation(t.Context(), server.client.BuyerUsers("acme")); !failure.check(err) {
					t.Errorf("got %v", err)
				}
				requests, want := server.recorded(), 1
				if failure.repeated && safe[method] {
					want = maximumAttempts
				}
				if len(requests) != want {
					t.Fatalf("got %d attempts, want %d", len(requests), want)
				}
				for _, request := range requests {
					if diff := cmp.Diff(requests[0], request); diff != "" {
						t.Errorf("an attempt differs from the first (-first +it)\n%s", diff)
					}
				}
			})
		}
	}
}

// cutShort answers half of what it announces.
func cutShort(writer http.ResponseWriter, _ *http.Request) {
	writer.Header().Set("Content-Length", "100")
	_, _ = writer.Write([]byte(`{"ID":`))
}

func withRetryAfter(status int) http.HandlerFunc {
	return func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Retry-After", "30")
		writeError(writer, status, "X", nil)
	}
}

func TestARepeatedRequestThatSucceedsIsASuccess(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		t.Run(method, func(t *testing.T) {
			done := replies(http.StatusOK, `{"ID":"jdoe"}`)
			if method == http.MethodDelete {
				done = replies(http.StatusNoContent, "")
			}
			server := newTestServer(t, inTurn(dropConnection, replies(503, ""), done))
			if err := operations[method](t.Context(), server.client.BuyerUsers("acme")); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff([]int{2, 3}, server.waits); diff != "" {
				t.Errorf("waits (-want +got)\n%s", diff)
			}
		})
	}
}

func TestARepeatedDeleteThatFindsNothingSaysSo(t *testing.T) {
	server := newTestServer(t, inTurn(dropConnection, replies(404, coded(answer.CodeNotFound))))
	err := server.client.Buyers().Delete(t.Context(), "acme")
	if failure, ok := errors.AsType[*Error](err); !ok || !failure.WasRepeated || !IsNotFound(err) {
		t.Errorf("got %v", err)
	}
}

func TestADeletionIsDoneOnlyByAnAnswerWithoutContent(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		isDone bool
	}{
		"204":                       {204, "", true},
		"an empty success":          {200, "", true},
		"a page with a good status": {200, "<html>please log in</html>", false},
		"half an object":            {200, `{"ID":"jd`, false},
		"an object":                 {200, `{"ID":"jdoe"}`, false},
		"a note of maintenance":     {202, `{"message":"maintenance"}`, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, replies(test.status, test.body))
			err := server.client.Buyers().Delete(t.Context(), "acme")
			if (err == nil) != test.isDone || err != nil && (!IsUnavailable(err) || HadNoEffect(err)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestARequestThatIsTurnedAwayIsSentAgainWhateverItIs(t *testing.T) {
	for method, operation := range operations {
		t.Run(method, func(t *testing.T) {
			done := replies(http.StatusOK, `{"ID":"jdoe"}`)
			if method == http.MethodDelete {
				done = replies(http.StatusNoContent, "")
			}
			server := newTestServer(t, inTurn(replies(429, ""), replies(429, "{}"), done))
			if err := operation(t.Context(), server.client.BuyerUsers("acme")); err != nil {
				t.Error(err)
			}
			if got := len(server.recorded()); got != 3 {
				t.Errorf("it was sent %d times, want 3", got)
			}
		})
	}
}

func TestATakenIDAfterARequestThatWasTurnedAwayMayBeItsOwnDoing(t *testing.T) {
	server := newTestServer(t, inTurn(replies(429, ""), replies(409, coded(answer.CodeIDExists))))
	_, err := server.client.BuyerUsers("acme").Create(t.Context(), fullUser())
	if !IsIDExists(err) || HadNoEffect(err) {
		t.Errorf("got %v, of which it is certain that it had no effect", err)
	}
}

func TestACallerThatLeavesEndsTheRepeats(t *testing.T) {
	ctx, leave := context.WithCancelCause(t.Context())
	server := newTestServer(t, func(_ http.ResponseWriter, request *http.Request) {
		leave(errors.New("a cause of the caller's own"))
		<-request.Context().Done()
	})
	_, err := server.client.Buyers().Get(ctx, "acme")
	if !errors.Is(err, context.Canceled) || IsUnavailable(err) {
		t.Errorf("got %v", err)
	}
	if want := "GET /v1/buyers/{buyerID}: context canceled"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if got := len(server.recorded()); got != 1 {
		t.Errorf("got %d attempts, want 1", got)
	}
}

func TestTheBackoffIsShortJitteredAndEndsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for attempt, base := range map[int]time.Duration{2: firstBackoff, 3: 2 * firstBackoff} {
			different := map[time.Duration]bool{}
			for range 50 {
				start := time.Now()
				if err := waitJittered(t.Context(), attempt); err != nil {
					t.Fatal(err)
				}
				waited := time.Since(start)
				if waited < base/2 || waited > base*3/2 {
					t.Errorf("attempt %d waited %v", attempt, waited)
				}
				different[waited] = true
			}
			if len(different) < 2 {
				t.Errorf("attempt %d always waits the same", attempt)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := waitJittered(ctx, 2); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAWriteThatMayHaveBeenAppliedIsUnsureThoughTheNextTokenIsRefused(t *testing.T) {
	var server *testServer
	server = newTestServer(t, inTurn(dropConnection, func(writer http.ResponseWriter, _ *http.Request) {
		server.token = func(writer http.ResponseWriter, _ *http.Request) {
			writeError(writer, 400, answer.CodeClientNotActive, nil)
		}
		writeError(writer, http.StatusUnauthorized, answer.CodeTokenRevoked, nil)
	}))
	_, err := server.client.BuyerUsers("acme").Save(t.Context(), "jdoe", BuyerUser{ID: "jdoe"})
	if !IsCredentialsRefused(err) || HadNoEffect(err) {
		t.Errorf("got %v, no effect: %t", err, HadNoEffect(err))
	}
	// Another one, which was not sent at all, meets the same refusal.
	_, err = server.client.BuyerUsers("acme").Save(t.Context(), "other", BuyerUser{ID: "other"})
	if !IsCredentialsRefused(err) || !HadNoEffect(err) {
		t.Errorf("got %v, no effect: %t", err, HadNoEffect(err))
	}
}
