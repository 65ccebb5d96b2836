// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// flows are connections to a server that a NAT or a load balancer may forget: both ways
// they then swallow everything, and do not end.
type flows struct {
	dialer net.Dialer
	target string

	mutex sync.Mutex
	alive []*flow
	made  int
}

// flow is a connection that is forgotten or not. What is read and written after that
// waits until it is closed.
type flow struct {
	net.Conn

	forgotten atomic.Bool
}

func (f *flow) Write(content []byte) (int, error) {
	if f.forgotten.Load() {
		return len(content), nil
	}
	return f.Conn.Write(content)
}

func (f *flow) Read(content []byte) (int, error) {
	for {
		count, err := f.Conn.Read(content)
		if err != nil || !f.forgotten.Load() {
			return count, err
		}
	}
}

func (f *flows) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	made, err := f.dialer.DialContext(ctx, network, f.target)
	if err != nil {
		return nil, err
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	kept := &flow{Conn: made}
	f.alive, f.made = append(f.alive, kept), f.made+1
	return kept, nil
}

func (f *flows) forget() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, each := range f.alive {
		each.forgotten.Store(true)
	}
	f.alive = nil
}

// secureServer answers with the protocol, over HTTP/1.1 or HTTP/2.
func secureServer(t *testing.T, http2 bool, handler http.HandlerFunc) (*httptest.Server, *tls.Config) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = http2
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: "example.com"}
}

func tellProtocol(writer http.ResponseWriter, request *http.Request) {
	_, _ = io.WriteString(writer, request.Proto)
}

// ask returns the body of an answer, and an error for a request that took longer.
func ask(ctx context.Context, t *testing.T, transport http.RoundTripper, target string, longest time.Duration) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(ctx, longest, answer.ErrTimedOut)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestOnlyOneRequestIsLostToAConnectionThatIsDead(t *testing.T) {
	t.Parallel()
	for protocol, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			server, trusted := secureServer(t, http2, tellProtocol)
			wire := &flows{target: server.Listener.Addr().String()}
			pool := NewPool(func() *http.Transport {
				transport := NewTransport()
				transport.DialContext, transport.TLSClientConfig = wire.dial, trusted.Clone()
				return transport
			})
			if got, err := ask(t.Context(), t, pool, server.URL, time.Minute); got != protocol || err != nil {
				t.Fatalf("got %q, %v", got, err)
			}
			wire.forget()
			if _, err := ask(t.Context(), t, pool, server.URL, 100*time.Millisecond); err == nil {
				t.Fatal("the dead connection answers")
			}
			if got, err := ask(t.Context(), t, pool, server.URL, time.Minute); got != protocol || err != nil {
				t.Errorf("the next request got %q, %v", got, err)
			}
			if wire.made != 2 {
				t.Errorf("%d connections were made", wire.made)
			}
		})
	}
}

func TestADeadConnectionIsFoundWhileNobodyWaitsForIt(t *testing.T) {
	t.Parallel()
	server, trusted := secureServer(t, true, tellProtocol)
	wire := &flows{target: server.Listener.Addr().String()}
	transport := NewTransport()
	transport.DialContext, transport.TLSClientConfig = wire.dial, trusted
	// A hundredth of the time is enough on one machine.
	transport.HTTP2.SendPingTimeout /= 100
	transport.HTTP2.PingTimeout /= 100
	if _, err := ask(t.Context(), t, transport, server.URL, time.Minute); err != nil {
		t.Fatal(err)
	}
	wire.forget()
	if _, err := ask(t.Context(), t, transport, server.URL, time.Minute); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the request that meets it ends with %v", err)
	}
	if got, err := ask(t.Context(), t, transport, server.URL, time.Minute); got != "HTTP/2.0" || err != nil {
		t.Errorf("the next request got %q, %v", got, err)
	}
}

func TestAHostThatMovesIsFollowedOnBusyConnections(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	entered, leave := make(chan struct{}), make(chan struct{})
	closed := make(chan struct{}, 10)
	old := httptest.NewUnstartedServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/slow" {
			close(entered)
			<-leave
		}
		_, _ = io.WriteString(writer, "old")
	}))
	old.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	old.Start()
	t.Cleanup(old.Close)
	moved := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(writer, "new") }))
	t.Cleanup(moved.Close)

	var address atomic.Value
	address.Store(old.Listener.Addr().String())
	pool := newPool(func() *http.Transport {
		transport := NewTransport()
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address.Load().(string))
		}
		return transport
	}, func() time.Time { return time.Unix(clock.Load(), 0) })
	expect := func(want string) {
		t.Helper()
		if got, err := ask(t.Context(), t, pool, "http://ordercloud.example/", time.Minute); got != want || err != nil {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
	expect("old")
	slow := make(chan string)
	go func() {
		body, err := ask(context.WithoutCancel(t.Context()), t, pool, "http://ordercloud.example/slow", time.Minute)
		if err != nil {
			body = err.Error()
		}
		slow <- body
	}()
	<-entered
	expect("old") // on another connection, which is idle afterwards
	address.Store(moved.Listener.Addr().String())
	clock.Add(299)
	expect("old")
	clock.Add(1)
	expect("new")
	<-closed // what was idle
	close(leave)
	if got := <-slow; got != "old" {
		t.Errorf("what was under way got %q", got)
	}
	<-closed
	expect("new")
}

func TestAProxyThatRefusesIsNamed(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		http.StatusProxyAuthRequired:    "GET /v1/buyers/{buyerID}/users/{userID}: the proxy refuses the connection: 407 Proxy Authentication Required",
		http.StatusBadGateway:           "GET /v1/buyers/{buyerID}/users/{userID}: the proxy refuses the connection: 502 Bad Gateway",
		599:                             "GET /v1/buyers/{buyerID}/users/{userID}: the proxy refuses the connection: 599",
		http.StatusTemporaryRedirect:    "GET /v1/buyers/{buyerID}/users/{userID}: the proxy refuses the connection: 307 Temporary Redirect",
		http.StatusServiceUnavailable:   "GET /v1/buyers/{buyerID}/users/{userID}: the proxy refuses the connection: 503 Service Unavailable",
		http.StatusNonAuthoritativeInfo: "GET /v1/buyers/{buyerID}/users/{userID}: the proxy refuses the connection: 203 Non-Authoritative Information",
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			proxy := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
				writer.WriteHeader(status)
				_ = request.Write(writer) // an echo, which must not be told
			}))
			t.Cleanup(proxy.Close)
			transport := NewTransport()
			address, err := url.Parse(strings.Replace(proxy.URL, "http://", "http://who:pass-of-proxy@", 1))
			if err != nil {
				t.Fatal(err)
			}
			transport.Proxy = http.ProxyURL(address)
			_, err = ask(t.Context(), t, transport, "https://ordercloud.example/", time.Minute)
			refused, ok := errors.AsType[*answer.ProxyError](err)
			if !ok || refused.Status != status {
				t.Fatalf("got %v", err)
			}
			failure := &Error{Method: http.MethodGet, Route: "/v1/buyers/{buyerID}/users/{userID}", Answer: answer.Of(nil, err)}
			if failure.Error() != want {
				t.Errorf("got %q, want %q", failure, want)
			}
		})
	}
}

func TestConnectionsThatReplacedDeadOnesStayWhenALateRequestTimesOut(t *testing.T) {
	t.Parallel()
	pool := NewPool(NewTransport)
	dead := pool.transport()
	pool.retire(dead)
	fresh := pool.transport()
	pool.retire(dead)
	if pool.transport() != fresh || fresh == dead {
		t.Error("the connections were replaced twice")
	}
}
