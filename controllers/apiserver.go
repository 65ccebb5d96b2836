// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

// maximumWrites is how many writes to the API server are under way at most. It is
// not faster with more of them: it refuses them with 429, and all its other clients
// wait longer.
const maximumWrites = 32

// BoundWrites keeps the hundreds of passes that run at the same time from writing
// to the API server all at once.
func BoundWrites(config *rest.Config) {
	slots := make(chan struct{}, maximumWrites)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return boundedWrites{next: next, slots: slots}
	})
}

type boundedWrites struct {
	next  http.RoundTripper
	slots chan struct{}
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
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
		return b.next.RoundTrip(request)
	case <-request.Context().Done():
		return nil, fmt.Errorf("waiting to write to the API server: %w", request.Context().Err())
	}
}
