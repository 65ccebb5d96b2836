// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// timedOut is a net.Error that timed out.
type timedOut struct{ error }

func (timedOut) Timeout() bool   { return true }
func (timedOut) Temporary() bool { return true }

func TestFailuresWithoutAnAnswerHaveAStableTextWithoutAddresses(t *testing.T) {
	breaker := errors.New("breaker open for 10.0.0.1:443?token=abc")
	tests := map[string]struct {
		cause error
		text  string
	}{
		"nobody listens":            {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "connection refused"},
		"the other side resets":     {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "connection dropped"},
		"the other side closes":     {fmt.Errorf("reading: %w", io.EOF), "connection dropped"},
		"no such host":              {&net.DNSError{Name: "jane.example.com", IsNotFound: true}, "host not found"},
		"a lookup that fails":       {&net.DNSError{Name: "jane.example.com", IsTemporary: true}, "host could not be looked up"},
		"an unknown authority":      {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "TLS certificate not trusted"},
		"plain text instead of TLS": {tls.RecordHeaderError{Msg: "first record"}, "TLS handshake failed"},
		"plain HTTP behind https":   {fmt.Errorf("x: %w", http.ErrSchemeMismatch), "TLS handshake failed"},
		"a time-out while dialling": {timedOut{errors.New("dial 10.0.0.1:443")}, "timed out"},
		"a limiter's own error":     {breaker, "no answer"},
		"an error with a URL":       {&url.Error{Op: "Get", URL: "https://x/?ID=jane", Err: breaker}, "no answer"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, replies(http.StatusOK, `{"ID":"x"}`))
			wire := server.wire()
			transport := roundTrip(func(request *http.Request) (*http.Response, error) {
				if RouteOf(request) == tokenRoute {
					return wire.RoundTrip(request)
				}
				return nil, test.cause
			})
			client := server.newClient(t, Config{Transport: transport})
			_, err := client.ImpersonationConfigs().Get(t.Context(), "cs")
			want := "GET /v1/impersonationconfig/{impersonationConfigID}: " + test.text
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %q", err, want)
			}
			if !IsUnavailable(err) || !errors.Is(err, test.cause) {
				t.Errorf("%v is not unavailable or lost its cause", err)
			}
		})
	}
}

func TestAnUnreachableHostIsUnavailable(t *testing.T) {
	server := newTestServer(t, nil)
	server.Close()
	_, err := server.client.Me(t.Context())
	if want := "POST /oauth/token: connection refused"; !IsUnavailable(err) || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestACertificateThatIsNotTrustedIsSaidSo(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = quiet
	server.StartTLS()
	defer server.Close()
	client, err := New(Config{
		BaseURL: server.URL, ClientID: "c", ClientSecret: "s", Scopes: []string{"FullAccess"}, UserAgent: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Token(t.Context())
	if want := "POST /oauth/token: TLS certificate not trusted"; !IsUnavailable(err) || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestTimeOutsAndDeadlinesAreUnavailable(t *testing.T) {
	hang := func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() }
	t.Run("the attempt's, which is not repeated", func(t *testing.T) {
		server := newTestServer(t, hang)
		client := server.newClient(t, Config{RequestTimeout: time.Millisecond})
		client.tokens.current = &grant{access: "a", refreshAt: testNow.Add(time.Hour)}
		_, err := client.Buyers().Get(t.Context(), "acme")
		if want := "GET /v1/buyers/{buyerID}: timed out"; !IsUnavailable(err) || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
		if len(server.waits) != 0 {
			t.Error("a time-out was repeated")
		}
	})
	t.Run("the caller's", func(t *testing.T) {
		server := newTestServer(t, hang)
		ctx, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		_, err := server.client.Buyers().Get(ctx, "acme")
		if !IsUnavailable(err) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnAnswerThatIsTooLargeIsNotReadToItsEnd(t *testing.T) {
	const largest = 1 << 20
	for size, wantError := range map[int]bool{largest: false, largest + 1: true} {
		server := newTestServer(t, func(writer http.ResponseWriter, _ *http.Request) {
			body := append([]byte(`{"ID":"x"}`), bytes.Repeat([]byte(" "), size-len(`{"ID":"x"}`))...)
			_, _ = writer.Write(body)
		})
		_, err := server.client.Buyers().Get(t.Context(), "x")
		if (err != nil) != wantError {
			t.Errorf("%d bytes: got %v", size, err)
		}
		if wantError && (!IsUnavailable(err) || !strings.HasSuffix(err.Error(), "answer too large")) {
			t.Errorf("%d bytes: got %v", size, err)
		}
	}
}

func TestEveryAttemptPassesThroughTheTransportWithItsRoute(t *testing.T) {
	server := newTestServer(t, inTurn(dropConnection, replies(http.StatusUnauthorized, coded("Auth.InvalidToken")), replies(http.StatusOK, `{"ID":"jdoe"}`)))
	var mutex sync.Mutex
	var routes []string
	wire := server.wire()
	transport := roundTrip(func(request *http.Request) (*http.Response, error) {
		mutex.Lock()
		routes = append(routes, request.Method+" "+RouteOf(request)+" "+request.Header.Get("User-Agent"))
		mutex.Unlock()
		return wire.RoundTrip(request)
	})
	client := server.newClient(t, Config{Transport: transport})
	if _, err := client.BuyerUsers("acme").Get(t.Context(), "jdoe"); err != nil {
		t.Fatal(err)
	}
	const user, token = "GET /v1/buyers/{buyerID}/users/{userID} ordercloud-operator/test", "POST /oauth/token ordercloud-operator/test"
	if diff := cmp.Diff([]string{token, user, user, token, user}, routes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if RouteOf(httptest.NewRequest(http.MethodGet, "/", http.NoBody)) != "" {
		t.Error("a foreign request has a route")
	}
}

func TestConnectionsAreReused(t *testing.T) {
	var mutex sync.Mutex
	addresses := map[string]bool{}
	server := newTestServer(t, func(writer http.ResponseWriter, request *http.Request) {
		mutex.Lock()
		addresses[request.RemoteAddr] = true
		mutex.Unlock()
		writeError(writer, http.StatusBadRequest, "X", strings.Repeat("x", 100_000))
	})
	client := server.newClient(t, Config{Transport: NewTransport()})
	for range 10 {
		_ = client.Buyers().Delete(t.Context(), "acme")
	}
	if len(addresses) != 1 {
		t.Errorf("got %d connections, want 1", len(addresses))
	}
}
