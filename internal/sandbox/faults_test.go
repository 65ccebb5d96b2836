// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

func TestAStatusIsAnsweredAsOftenAsItWasInjected(t *testing.T) {
	s := startAsRoot(t)
	s.Inject(sandbox.Fault{Method: "GET", Path: "/v1/buyers/*/users", After: 1, Count: 2, Status: 429, Code: "Slow.Down", RetryAfter: 1500 * time.Millisecond})
	s.must(http.StatusOK, "GET", users, nil)
	for range 2 {
		answered := s.refused(http.StatusTooManyRequests, "Slow.Down", "GET", users, nil)
		same(t, "Retry-After", "2", answered.header.Get("Retry-After"))
	}
	s.must(http.StatusOK, "GET", users, nil)
}

func TestAFaultMeetsWhatItsGlobMatches(t *testing.T) {
	tests := map[string]struct {
		fault sandbox.Fault
		want  int // status of GET users
	}{
		"anything":           {sandbox.Fault{Status: 503}, 503},
		"one element":        {sandbox.Fault{Status: 503, Path: "/v1/*/acme/users"}, 503},
		"not two elements":   {sandbox.Fault{Status: 503, Path: "/v1/*/users"}, 200},
		"any elements":       {sandbox.Fault{Status: 503, Path: "/v1/**"}, 503},
		"another method":     {sandbox.Fault{Status: 503, Method: "PUT"}, 200},
		"method in any case": {sandbox.Fault{Status: 503, Method: "get"}, 503},
		"a dot is a dot":     {sandbox.Fault{Status: 503, Path: "/v1/buyers.acme.users"}, 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startAsRoot(t)
			remove := s.Inject(test.fault)
			answered := s.must(test.want, "GET", users, nil)
			if test.want == 503 {
				same(t, "codes", []string{"Api.Offline"}, answered.codes())
			}
			remove()
			remove()
			s.must(http.StatusOK, "GET", users, nil)
		})
	}
}

func TestADroppedConnectionWritesNothingAndALostAnswerDoes(t *testing.T) {
	tests := map[sandbox.FaultKind]bool{sandbox.FaultDropConnection: false, sandbox.FaultLostAnswer: true}
	for kind, applied := range tests {
		t.Run(string(kind), func(t *testing.T) {
			s := startAsRoot(t)
			s.Inject(sandbox.Fault{Kind: kind, Count: 1})
			if _, err := s.attempt("POST", users, jdoe()); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("the client got %v, want an unexpected end", err)
			}
			if _, found := s.Object("buyers/acme/users/jdoe"); found != applied {
				t.Errorf("the user exists: %t, want %t", found, applied)
			}
			s.must(http.StatusOK, "GET", users, nil)
		})
	}
}

func TestADroppedReadIsNotRepeatedByTheTransport(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusOK, "GET", users, nil) // leaves an idle connection
	s.Inject(sandbox.Fault{Kind: sandbox.FaultDropConnection, Count: 1})
	if _, err := s.attempt("GET", users, nil); err == nil {
		t.Error("the drop went unnoticed")
	}
}

func TestAHangEndsWhenTheClientGoesAwayOrTheFaultIsRemoved(t *testing.T) {
	t.Run("the client goes away", func(t *testing.T) {
		s := startAsRoot(t)
		s.Inject(sandbox.Fault{Kind: sandbox.FaultHang, Path: "/v1/buyers"})
		ctx, cancel := context.WithCancel(t.Context())
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/v1/buyers", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 1)
		go func() {
			response, err := http.DefaultClient.Do(request)
			if err == nil {
				_ = response.Body.Close()
			}
			failed <- err
		}()
		s.waitFor("GET /v1/buyers")
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("the client got %v", err)
		}
	})
	t.Run("the fault is removed", func(t *testing.T) {
		s := startAsRoot(t)
		remove := s.Inject(sandbox.Fault{Kind: sandbox.FaultHang, Path: "/v1/buyers", Count: 1})
		failed := make(chan error, 1)
		go func() {
			_, err := s.attempt("GET", "/v1/buyers", nil)
			failed <- err
		}()
		s.waitFor("GET /v1/buyers")
		remove()
		if err := <-failed; err == nil {
			t.Error("the request that hung was answered")
		}
	})
}

// waitFor returns when a request of this route has arrived.
func (s *service) waitFor(route string) {
	s.t.Helper()
	for s.Stats().Calls[route] == 0 {
		runtime.Gosched()
		if s.t.Context().Err() != nil {
			s.t.Fatal("no such request arrived")
		}
	}
}

func TestAMalformedBodyIsNoJSON(t *testing.T) {
	s := startAsRoot(t)
	s.Inject(sandbox.Fault{Kind: sandbox.FaultMalformedBody, Count: 2})
	answered := s.must(http.StatusOK, "GET", users, nil)
	if answered.body != nil || answered.raw == "" {
		t.Errorf("the body is %q", answered.raw)
	}
	// Where there is no body to spoil, one is made up.
	answered = s.must(http.StatusOK, "DELETE", "/v1/"+walkIn, nil)
	same(t, "body", `{"ID":"`, answered.raw)
	s.must(http.StatusNotFound, "GET", "/v1/"+walkIn, nil)
}

func TestATokenIsSpoiledForGood(t *testing.T) {
	tests := map[sandbox.FaultKind]string{
		sandbox.FaultTokenExpired: "InvalidToken",
		sandbox.FaultTokenRevoked: "Auth.TokenRevoked",
	}
	for kind, code := range tests {
		t.Run(string(kind), func(t *testing.T) {
			s := startAsRoot(t)
			s.Inject(sandbox.Fault{Kind: kind, Count: 1})
			fresh := s.asOperator("BuyerUserReader") // a token request bears no token to spoil
			s.refused(http.StatusUnauthorized, code, "GET", users, nil)
			s.refused(http.StatusUnauthorized, code, "GET", users, nil)
			fresh.must(http.StatusOK, "GET", users, nil)
		})
	}
}

func TestLatencyHoldsTheAnswerBack(t *testing.T) {
	s := startAsRoot(t)
	s.Inject(sandbox.Fault{Path: "/v1/buyers", Latency: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/v1/buyers", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		failed <- err
	}()
	s.waitFor("GET /v1/buyers")
	s.must(http.StatusOK, "GET", users, nil) // others are served meanwhile
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("the client got %v", err)
	}
}

func TestFaultsAreInjectedAndClearedOverHTTP(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusNoContent, "POST", "/_sandbox/faults", object{
		"method": "GET", "path": "/v1/**", "status": 503, "retryAfter": "3s", "latency": "1ms",
	})
	same(t, "Retry-After", "3", s.must(http.StatusServiceUnavailable, "GET", users, nil).header.Get("Retry-After"))
	s.must(http.StatusNoContent, "DELETE", "/_sandbox/faults", nil)
	s.must(http.StatusOK, "GET", users, nil)
	for name, body := range map[string]object{
		"an unknown kind":      {"kind": "explode"},
		"an impossible status": {"status": 99},
		"a duration in words":  {"latency": "soon"},
	} {
		t.Run(name, func(t *testing.T) {
			s.refused(http.StatusBadRequest, "Request.InvalidRequestBody", "POST", "/_sandbox/faults", body)
		})
	}
}
