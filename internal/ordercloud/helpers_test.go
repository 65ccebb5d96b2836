// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// testNow is where every test's clock starts; tests move it themselves.
var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const testSecret = "s3cret-value"

// testServer is the little of OrderCloud that a test needs: tokens by default,
// and whatever the test's own handler answers under /v1.
type testServer struct {
	*httptest.Server
	client *Client

	mutex         sync.Mutex
	clock         time.Time
	waits         []int
	tokenRequests int
	requests      []recordedRequest
	// token answers /oauth/token; the test may replace it before the first call.
	token http.HandlerFunc
	api   http.HandlerFunc
}

type recordedRequest struct {
	Method        string
	URI           string
	Body          string
	Authorization string
}

func newTestServer(t *testing.T, api http.HandlerFunc) *testServer {
	t.Helper()
	server := &testServer{clock: testNow, api: api}
	server.token = func(writer http.ResponseWriter, _ *http.Request) {
		writeToken(writer, accessToken(jwt.MapClaims{"role": "FullAccess", "n": server.tokenCount()}), 3600)
	}
	server.Server = httptest.NewServer(http.HandlerFunc(server.serve))
	t.Cleanup(server.Close)
	server.client = server.newClient(t, Config{})
	return server
}

// newClient fills in what the test leaves open.
func (s *testServer) newClient(t *testing.T, config Config) *Client {
	t.Helper()
	config.BaseURL = s.URL
	config.ClientID = "11111111-2222-3333-4444-555555555555"
	config.ClientSecret = testSecret
	config.UserAgent = "ordercloud-operator/test"
	if config.Scopes == nil {
		config.Scopes = []string{"FullAccess"}
	}
	if config.Transport == nil {
		config.Transport = s.wire()
	}
	client, err := newClient(config, seams{now: s.now, wait: s.wait})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// wire is a transport that takes a connection of its own for each attempt: on a
// reused one net/http repeats a dropped GET by itself.
func (s *testServer) wire() http.RoundTripper {
	transport := NewTransport()
	transport.DisableKeepAlives = true
	return transport
}

func (s *testServer) serve(writer http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	s.mutex.Lock()
	if request.URL.Path == tokenRoute {
		s.tokenRequests++
	} else {
		s.requests = append(s.requests, recordedRequest{
			Method: request.Method, URI: request.RequestURI, Body: string(body),
			Authorization: request.Header.Get("Authorization"),
		})
	}
	s.mutex.Unlock()
	if request.URL.Path == tokenRoute {
		s.token(writer, request)
		return
	}
	s.api(writer, request)
}

func (s *testServer) now() time.Time {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.clock
}

func (s *testServer) advance(duration time.Duration) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.clock = s.clock.Add(duration)
}

// wait stands in for the backoff and takes no time.
func (s *testServer) wait(ctx context.Context, attempt int) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.waits = append(s.waits, attempt)
	return ctx.Err()
}

func (s *testServer) tokenCount() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.tokenRequests
}

func (s *testServer) recorded() []recordedRequest {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]recordedRequest(nil), s.requests...)
}

func accessToken(claims jwt.MapClaims) string {
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("key"))
	if err != nil {
		panic(err)
	}
	return signed
}

func writeToken(writer http.ResponseWriter, access string, expiresIn int) {
	writeJSON(writer, http.StatusOK, map[string]any{
		"access_token": access, "token_type": "bearer", "expires_in": expiresIn, "refresh_token": "refresh-value",
	})
}

func writeJSON(writer http.ResponseWriter, status int, body any) {
	writer.Header().Set("Content-Type", "application/json; charset=utf-8")
	writer.Header().Set("X-oc-logid", "log-1")
	writer.WriteHeader(status)
	_ = json.NewEncoder(writer).Encode(body)
}

// writeError answers with OrderCloud's error body.
func writeError(writer http.ResponseWriter, status int, code string, data any) {
	writeJSON(writer, status, errorBody(code, data))
}

func errorBody(code string, data any) map[string]any {
	return map[string]any{"Errors": []map[string]any{{
		"ErrorCode": code, "Message": "jane.doe@example.com is not welcome", "Data": data,
	}}}
}

// replies makes a handler that always answers the same.
func replies(status int, body string) http.HandlerFunc {
	return func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("X-oc-logid", "log-1")
		writer.WriteHeader(status)
		_, _ = io.WriteString(writer, body)
	}
}

// inTurn makes a handler that answers with one handler after the other, and
// with the last one from then on.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var mutex sync.Mutex
	next := 0
	return func(writer http.ResponseWriter, request *http.Request) {
		mutex.Lock()
		handler := handlers[min(next, len(handlers)-1)]
		next++
		mutex.Unlock()
		handler(writer, request)
	}
}

// dropConnection ends the connection without an answer.
func dropConnection(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// waiting counts the callers that wait for the token request in flight.
func (s *tokenSource) waiting() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.flight == nil {
		return 0
	}
	return s.flight.waiters
}

// waitABit lets other goroutines run; tests wait for states with it, never for
// a time.
func waitABit() { runtime.Gosched() }

// quiet takes what a server says about handshakes that a test breaks on purpose.
var quiet = log.New(io.Discard, "", 0)

// ownID is an answer with the ID of the object that a request is about.
func (r recordedRequest) ownID() string {
	var sent struct{ ID string }
	_ = json.Unmarshal([]byte(r.Body), &sent)
	return fmt.Sprintf(`{"ID":%q}`, cmp.Or(sent.ID, path.Base(r.URI)))
}
