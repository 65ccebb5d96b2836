// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// gate is a server that answers nobody before it is told to.
type gate struct {
	arrived chan struct{}
	open    chan struct{}
	server  *httptest.Server
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{arrived: make(chan struct{}, 100), open: make(chan struct{})}
	g.server = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		g.arrived <- struct{}{}
		<-g.open
	}))
	t.Cleanup(g.server.Close)
	return g
}

func (g *gate) send(ctx context.Context, through http.RoundTripper) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.server.URL, http.NoBody)
	if err != nil {
		return err
	}
	response, err := through.RoundTrip(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func TestNoMoreRequestsAreUnderWayThanAllowed(t *testing.T) {
	const concurrency, requests = 3, 10
	g := newGate(t)
	limited := newLimitedTransport(v1alpha1.RateLimit{RequestsPerSecond: 1000, Concurrency: concurrency}, http.DefaultTransport)
	var group sync.WaitGroup
	for range requests {
		group.Go(func() {
			if err := g.send(t.Context(), limited); err != nil {
				t.Error(err)
			}
		})
	}
	for range concurrency {
		<-g.arrived
	}
	// All slots are taken by requests that the server holds: whoever else wants
	// one has to wait, and leaves when its context ends.
	if free := cap(limited.slots) - len(limited.slots); free != 0 {
		t.Errorf("%d slots are free", free)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.send(ctx, limited); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(g.arrived) != 0 {
		t.Error("more requests arrived than are allowed at once")
	}
	for range requests {
		g.open <- struct{}{}
	}
	group.Wait()
	if len(limited.slots) != 0 {
		t.Errorf("%d slots are still taken", len(limited.slots))
	}
}

// answering answers at once, without a network: time is the bubble's.
type answering struct{ at []time.Time }

func (a *answering) RoundTrip(*http.Request) (*http.Response, error) {
	a.at = append(a.at, time.Now())
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

func TestRequestsAreSpreadOverTime(t *testing.T) {
	for name, test := range map[string]struct {
		limit    v1alpha1.RateLimit
		requests int
		lasts    time.Duration
	}{
		"one second's worth at once":     {v1alpha1.RateLimit{RequestsPerSecond: 5, Concurrency: 1}, 5, 0},
		"and then one by one":            {v1alpha1.RateLimit{RequestsPerSecond: 5, Concurrency: 1}, 6, 200 * time.Millisecond},
		"as many as the rate allows":     {v1alpha1.RateLimit{RequestsPerSecond: 5, Concurrency: 1}, 30, 5 * time.Second},
		"the slowest":                    {v1alpha1.RateLimit{RequestsPerSecond: 1, Concurrency: 1}, 11, 10 * time.Second},
		"ten a second when nothing says": {v1alpha1.RateLimit{}, 30, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next := &answering{}
				limited := newLimitedTransport(test.limit, next)
				begun := time.Now()
				for range test.requests {
					request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1", http.NoBody)
					if err != nil {
						t.Fatal(err)
					}
					response, err := limited.RoundTrip(request)
					if err != nil {
						t.Fatal(err)
					}
					_ = response.Body.Close()
				}
				last := next.at[len(next.at)-1].Sub(begun).Round(time.Millisecond)
				if last != test.lasts {
					t.Errorf("the last request was sent after %s, want %s", last, test.lasts)
				}
			})
		})
	}
}

func TestWhoeverLeavesWhileItWaitsForItsTurnFreesItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &answering{}
		limited := newLimitedTransport(v1alpha1.RateLimit{RequestsPerSecond: 1, Concurrency: 1}, next)
		send := func(ctx context.Context) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1", http.NoBody)
			if err != nil {
				return err
			}
			response, err := limited.RoundTrip(request)
			if err != nil {
				return err
			}
			return response.Body.Close()
		}
		if err := send(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error)
		go func() { left <- send(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if len(limited.slots) != 0 || len(next.at) != 1 {
			t.Errorf("%d slots taken, %d requests sent", len(limited.slots), len(next.at))
		}
		if err := send(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestARequestIsUnderWayUntilItsBodyIsClosed(t *testing.T) {
	limited := newLimitedTransport(v1alpha1.RateLimit{RequestsPerSecond: 10, Concurrency: 1}, &answering{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := limited.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	if len(limited.slots) != 1 {
		t.Error("the slot is free while the body is read")
	}
	for range 2 { // a second Close must not take away another request's slot, or wait for one
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		if len(limited.slots) != 0 {
			t.Error("the slot is still taken")
		}
	}
}

// refusing fails every request.
type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errRefused }

var errRefused = errors.New("connection refused")

func TestARequestThatFailsFreesItsSlot(t *testing.T) {
	limited := newLimitedTransport(v1alpha1.RateLimit{RequestsPerSecond: 10, Concurrency: 1}, refusing{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := limited.RoundTrip(request)
	if response != nil {
		_ = response.Body.Close()
	}
	if !errors.Is(err, errRefused) || len(limited.slots) != 0 {
		t.Errorf("got %v, %d slots taken", err, len(limited.slots))
	}
}

func TestIdleConnectionsSufficeForEverySlot(t *testing.T) {
	for concurrency, want := range map[int32]int{0: 2, 1: 2, 8: 8, 256: 256} {
		base, ok := newBaseTransport(v1alpha1.RateLimit{Concurrency: concurrency}).(*http.Transport)
		if !ok {
			t.Fatal("another transport")
		}
		if base.MaxIdleConns != want || base.MaxIdleConnsPerHost != want || base.MaxConnsPerHost != 0 {
			t.Errorf("concurrency %d: %d idle, %d of them to a host, %d at all", concurrency,
				base.MaxIdleConns, base.MaxIdleConnsPerHost, base.MaxConnsPerHost)
		}
		if base.TLSClientConfig == nil || base.TLSClientConfig.InsecureSkipVerify {
			t.Error("certificates are not checked")
		}
	}
}
