// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
)

// maximumWrites is how many writes to the API server are under way at most. It is
// not faster with more of them: it refuses them with 429, and all its other clients
// wait longer.
const maximumWrites = 32

// BoundWrites keeps the hundreds of passes that run at the same time from writing
// to the API server all at once. Who waits has turns as in OrderCloud's limiter: the
// namespace that wrote least lately goes first, what somebody waits for before what
// nobody does, and events last.
func BoundWrites(config *rest.Config) {
	turns := limiter.New(limiter.Limits{RequestsPerSecond: math.Inf(1), Concurrency: maximumWrites}, limiter.Observer{})
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return boundedWrites{next: next, turns: turns}
	})
}

type boundedWrites struct {
	next  http.RoundTripper
	turns *limiter.Limiter
}

var _ net.RoundTripperWrapper = boundedWrites{}

// WrappedRoundTripper returns the transport below, in which client-go looks for the
// connections that it closes and for the TLS configuration.
func (b boundedWrites) WrappedRoundTripper() http.RoundTripper { return b.next }

// RoundTrip waits for a slot if the request is a write. Reads are few, and a watch
// is one that never ends; a leader that renews its lease must not wait.
func (b boundedWrites) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodGet || strings.HasPrefix(request.URL.Path, "/apis/coordination.k8s.io/") {
		return b.next.RoundTrip(request)
	}
	permit, err := b.turns.Acquire(rankedWrite(request))
	if err != nil {
		return nil, fmt.Errorf("waiting to write to the API server: %w", err)
	}
	defer permit.Release()
	return b.next.RoundTrip(request)
}

// rankedWrite says whose turn a write takes, by /apis/GROUP/VERSION/namespaces/NAMESPACE/...
func rankedWrite(request *http.Request) context.Context {
	ctx := request.Context()
	if _, below, isNamespaced := strings.Cut(request.URL.Path, "/namespaces/"); isNamespaced {
		namespace, _, _ := strings.Cut(below, "/")
		ctx = limiter.WithShare(ctx, namespace)
	}
	if strings.HasPrefix(request.URL.Path, "/apis/events.k8s.io/") {
		ctx = limiter.WithClass(ctx, limiter.Sweep)
	}
	return ctx
}
