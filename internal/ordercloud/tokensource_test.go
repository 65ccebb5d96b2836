// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

func TestTokenRequestIsTheDocumentedOne(t *testing.T) {
	server := newTestServer(t, nil)
	var form url.Values
	var header http.Header
	server.token = func(writer http.ResponseWriter, request *http.Request) {
		header = request.Header
		writeToken(writer, accessToken(jwt.MapClaims{}), 3600)
	}
	// The server's recorder reads the body, so the form is taken on its way.
	wire := server.wire()
	transport := roundTrip(func(request *http.Request) (*http.Response, error) {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		copied := request.Clone(request.Context())
		copied.Body = body
		if err := copied.ParseForm(); err != nil {
			return nil, err
		}
		form = copied.PostForm
		return wire.RoundTrip(request)
	})
	client := server.newClient(t, Config{Transport: transport, Scopes: []string{"BuyerUserAdmin", "SetSecurityProfile"}})
	if _, err := client.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"11111111-2222-3333-4444-555555555555"},
		"client_secret": {testSecret}, "scope": {"BuyerUserAdmin SetSecurityProfile"},
	}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if header.Get("User-Agent") != "ordercloud-operator/test" || header.Get("Authorization") != "" {
		t.Errorf("got the headers %v", header)
	}
}

func TestTokenTellsRolesUserClientAndExpiry(t *testing.T) {
	tests := map[string]struct {
		claims    jwt.MapClaims
		expiresIn int
		want      Token
	}{
		"several roles": {
			jwt.MapClaims{"role": []string{"A", "B"}, "usr": "operator", "cid": "0f"}, 36000,
			Token{Roles: []string{"A", "B"}, Username: "operator", ClientID: "0f", Expiry: testNow.Add(10 * time.Hour)},
		},
		"one role":  {jwt.MapClaims{"role": "A"}, 600, Token{Roles: []string{"A"}, Expiry: testNow.Add(10 * time.Minute)}},
		"no role":   {jwt.MapClaims{}, 600, Token{Expiry: testNow.Add(10 * time.Minute)}},
		"exp alone": {jwt.MapClaims{"exp": testNow.Add(time.Hour).Unix()}, 0, Token{Expiry: testNow.Add(time.Hour)}},
		"neither":   {jwt.MapClaims{}, 0, Token{Expiry: testNow.Add(assumedTokenLifetime)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, nil)
			server.token = func(writer http.ResponseWriter, _ *http.Request) {
				writeToken(writer, accessToken(test.claims), test.expiresIn)
			}
			got, err := server.client.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTokenIsReplacedEarly(t *testing.T) {
	tests := map[string]struct {
		lifetime int
		kept     time.Duration
		replaced time.Duration
	}{
		"a long-lived one a minute before its end":        {36000, 36000*time.Second - 61*time.Second, 36000*time.Second - 60*time.Second},
		"a short-lived one in the last tenth of its life": {10, 8900 * time.Millisecond, 9 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, replies(http.StatusOK, `{"ID":"x"}`))
			server.token = func(writer http.ResponseWriter, _ *http.Request) {
				writeToken(writer, accessToken(jwt.MapClaims{"n": server.tokenCount()}), test.lifetime)
			}
			for _, step := range []struct {
				at   time.Duration
				want int
			}{{0, 1}, {test.kept, 1}, {test.replaced, 2}} {
				server.advance(testNow.Add(step.at).Sub(server.now()))
				if _, err := server.client.Me(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := server.tokenCount(); got != step.want {
					t.Errorf("after %v: got %d token requests, want %d", step.at, got, step.want)
				}
			}
		})
	}
}

func TestManyCallersShareOneTokenRequest(t *testing.T) {
	const callers = 50
	server := newTestServer(t, replies(http.StatusOK, `{"ID":"x"}`))
	release := make(chan struct{})
	server.token = func(writer http.ResponseWriter, _ *http.Request) {
		<-release
		writeToken(writer, accessToken(jwt.MapClaims{}), 3600)
	}
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			if _, err := server.client.Me(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for server.client.tokens.waiting() < callers {
		waitABit()
	}
	close(release)
	group.Wait()
	if got := server.tokenCount(); got != 1 {
		t.Errorf("got %d token requests, want 1", got)
	}
}

func TestACallerThatLeavesDoesNotTakeTheTokenRequestAlong(t *testing.T) {
	server := newTestServer(t, nil)
	release := make(chan struct{})
	server.token = func(writer http.ResponseWriter, _ *http.Request) {
		<-release
		writeToken(writer, accessToken(jwt.MapClaims{}), 3600)
	}
	leaving, leave := context.WithCancel(t.Context())
	left, stayed := make(chan error, 1), make(chan error, 1)
	go func() { _, err := server.client.Token(leaving); left <- err }()
	for server.client.tokens.waiting() < 1 {
		waitABit()
	}
	go func() { _, err := server.client.Token(t.Context()); stayed <- err }()
	for server.client.tokens.waiting() < 2 {
		waitABit()
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) || IsUnavailable(err) {
		t.Errorf("the one that left got %v", err)
	}
	close(release)
	if err := <-stayed; err != nil {
		t.Errorf("the one that stayed got %v", err)
	}
	if got := server.tokenCount(); got != 1 {
		t.Errorf("got %d token requests, want 1", got)
	}
}

func TestATokenRequestForWhichNobodyWaitsIsEnded(t *testing.T) {
	ended := make(chan struct{})
	source := &tokenSource{now: time.Now, fetch: func(ctx context.Context) (*grant, error) {
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	}}
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		for source.waiting() < 1 {
			waitABit()
		}
		leave()
	}()
	if _, err := source.get(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-ended
	if source.waiting() != 0 {
		t.Error("a new caller would join a token request that was ended")
	}
}

func TestRefusedCredentialsAreToldApartAndRememberedForAMinute(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		text   string
	}{
		"a wrong secret":    {401, `{"error":"invalid_client","error_description":"s3cret-value is wrong","Errors":[{"ErrorCode":"Auth.InvalidUsernameOrPassword","Message":"s3cret-value"}]}`, "401 Auth.InvalidUsernameOrPassword"},
		"an unknown client": {400, `{"Errors":[{"ErrorCode":"ApiClient.InvalidClientID"}]}`, "400 ApiClient.InvalidClientID"},
		"OAuth's own error": {400, `{"error":"invalid_scope"}`, "400 invalid_scope"},
		"a 403":             {403, `{"Errors":[{"ErrorCode":"Auth.InsufficientRoles"}]}`, "403 Auth.InsufficientRoles"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, replies(http.StatusOK, `{"ID":"x"}`))
			server.token = replies(test.status, test.body)
			for range 100 {
				_, err := server.client.Buyers().Get(t.Context(), "acme")
				if !IsCredentialsRefused(err) || IsUnauthorized(err) || IsForbidden(err) || IsInvalid(err) {
					t.Fatalf("got %v", err)
				}
				if want := "POST /oauth/token: " + test.text; err.Error() != want {
					t.Fatalf("got %q, want %q", err, want)
				}
				if RequestID(err) != "log-1" {
					t.Fatal("the request ID is lost")
				}
			}
			if got := server.tokenCount(); got != 1 {
				t.Errorf("got %d token requests, want 1", got)
			}
			server.advance(refusalMemory)
			_, _ = server.client.Token(t.Context())
			if got := server.tokenCount(); got != 2 {
				t.Errorf("after a minute: got %d token requests, want 2", got)
			}
			server.client.Forget()
			_, _ = server.client.Token(t.Context())
			if got := server.tokenCount(); got != 3 {
				t.Errorf("after Forget: got %d token requests, want 3", got)
			}
		})
	}
}

func TestATokenEndpointInTroubleIsUnavailableAndNotRemembered(t *testing.T) {
	tests := map[string]struct {
		handler http.HandlerFunc
		text    string
	}{
		"a server error":           {replies(500, "oops"), "500 Internal Server Error"},
		"maintenance":              {replies(400, coded(answer.CodeAPIOffline)), "400 Api.Offline"},
		"a dropped connection":     {dropConnection, "connection dropped"},
		"a token that is no JWT":   {func(w http.ResponseWriter, _ *http.Request) { writeToken(w, "opaque-token", 60) }, "200 answer unreadable"},
		"an answer without token":  {replies(200, "{}"), "200 answer unreadable"},
		"an answer that is HTML":   {replies(200, "<html>"), "200 answer unreadable"},
		"a redirect to elsewhere":  {http.RedirectHandler("/v1/me", http.StatusTemporaryRedirect).ServeHTTP, "307 answer unreadable"},
		"a 401 that is not JSON":   {replies(401, "s3cret-value"), "401 answer unreadable"},
		"a 403 of something other": {replies(403, "<html>s3cret-value</html>"), "403 answer unreadable"},
		"a host that has no such":  {replies(404, "<html>"), "404 answer unreadable"},
		"one without, in JSON too": {replies(404, coded("NotFound")), "404 NotFound"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, replies(http.StatusOK, `{"ID":"x"}`))
			server.token = test.handler
			for range 2 {
				_, err := server.client.Me(t.Context())
				if !IsUnavailable(err) {
					t.Fatalf("got %v", err)
				}
				if want := "POST /oauth/token: " + test.text; err.Error() != want {
					t.Errorf("got %q, want %q", err, want)
				}
			}
			if got := server.tokenCount(); got != 2 {
				t.Errorf("got %d token requests, want 2", got)
			}
			if requests := server.recorded(); len(requests) != 0 {
				t.Errorf("something was sent without a token: %v", requests)
			}
		})
	}
}

func TestATokenThatIsStillGoodIsUsedWhileTheTokenEndpointIsInTrouble(t *testing.T) {
	for name, trouble := range map[string]http.HandlerFunc{
		"a server error": replies(503, "oops"), "a request to slow down": replies(429, "{}"),
		"a page": replies(200, "<html>"), "a dropped connection": dropConnection,
	} {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, replies(http.StatusOK, `{"ID":"x"}`))
			var inTrouble atomic.Bool
			server.token = func(writer http.ResponseWriter, request *http.Request) {
				if inTrouble.Load() {
					trouble(writer, request)
					return
				}
				writeToken(writer, accessToken(jwt.MapClaims{"n": server.tokenCount()}), 600)
			}
			for _, step := range []struct {
				says    string
				at      time.Duration
				trouble bool
				asked   int
				works   bool
			}{
				{"a token is asked for", 0, false, 1, true},
				{"it ends in 55 s", 545 * time.Second, true, 2, true},
				{"it was tried a moment ago", 549 * time.Second, true, 2, true},
				{"it is tried again", 550 * time.Second, true, 3, true},
				{"it ends in 2 s", 598 * time.Second, true, 4, true},
				{"it has ended", 600 * time.Second, true, 5, false},
				{"the trouble is over", 601 * time.Second, false, 6, true},
			} {
				server.advance(testNow.Add(step.at).Sub(server.now()))
				inTrouble.Store(step.trouble)
				_, err := server.client.Me(t.Context())
				if works := err == nil; works != step.works || server.tokenCount() != step.asked {
					t.Errorf("%s: %v, after %d token requests instead of %d", step.says, err, server.tokenCount(), step.asked)
				}
			}
		})
	}
}

func TestCredentialsThatAreRefusedAreToldThoughTheTokenIsStillGood(t *testing.T) {
	server := newTestServer(t, replies(http.StatusOK, `{"ID":"x"}`))
	var refuses atomic.Bool
	server.token = func(writer http.ResponseWriter, request *http.Request) {
		if refuses.Load() {
			replies(401, `{"error":"invalid_client"}`)(writer, request)
			return
		}
		writeToken(writer, accessToken(nil), 600)
	}
	if _, err := server.client.Me(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.advance(545 * time.Second)
	refuses.Store(true)
	if _, err := server.client.Me(t.Context()); !IsCredentialsRefused(err) {
		t.Errorf("got %v", err)
	}
}

func TestForgetKeepsTheResultOfARequestInFlightFromBeingStored(t *testing.T) {
	server := newTestServer(t, nil)
	started, release := make(chan struct{}), make(chan struct{})
	server.token = func(writer http.ResponseWriter, _ *http.Request) {
		if server.tokenCount() == 1 {
			close(started)
			<-release
		}
		writeToken(writer, accessToken(jwt.MapClaims{}), 3600)
	}
	result := make(chan error, 1)
	go func() { _, err := server.client.Token(t.Context()); result <- err }()
	<-started
	server.client.Forget()
	close(release)
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if _, err := server.client.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := server.tokenCount(); got != 2 {
		t.Errorf("got %d token requests, want 2", got)
	}
}
