// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"fmt"
	"io"
	"net/http"
	"sync"

	"golang.org/x/time/rate"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// limitedTransport bounds what one marketplace is asked, over all controllers:
// every attempt passes through it, token requests and retries included.
type limitedTransport struct {
	next   http.RoundTripper
	bucket *rate.Limiter
	slots  chan struct{}
}

// newLimitedTransport bounds requests per second, with a burst of one second's
// worth, and requests under way.
func newLimitedTransport(limit v1alpha1.RateLimit, next http.RoundTripper) *limitedTransport {
	perSecond, concurrency := limit.RequestsPerSecond, limit.Concurrency
	if perSecond <= 0 {
		perSecond = 10
	}
	if concurrency <= 0 {
		concurrency = 8
	}
	return &limitedTransport{
		next:   next,
		bucket: rate.NewLimiter(rate.Limit(perSecond), int(perSecond)),
		slots:  make(chan struct{}, concurrency),
	}
}

// RoundTrip waits for its turn, for as long as the request's context lives. The
// request is under way until the response's body is closed.
func (t *limitedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a free request slot: %w", ctx.Err())
	}
	if err := t.bucket.Wait(ctx); err != nil {
		t.free()
		return nil, fmt.Errorf("waiting for the rate limit: %w", err)
	}
	response, err := t.next.RoundTrip(request)
	if err != nil {
		t.free()
		return nil, err
	}
	response.Body = &freeingBody{ReadCloser: response.Body, free: sync.OnceFunc(t.free)}
	return response, nil
}

func (t *limitedTransport) free() { <-t.slots }

// freeingBody frees its request's slot when it is closed, once.
type freeingBody struct {
	io.ReadCloser

	free func()
}

// Close closes the body and frees the slot.
func (b *freeingBody) Close() error {
	defer b.free()
	return b.ReadCloser.Close()
}

// newBaseTransport is the connection pool of one marketplace: no idle connection
// is thrown away that the next request would need.
func newBaseTransport(limit v1alpha1.RateLimit) http.RoundTripper {
	transport := ordercloud.NewTransport()
	transport.MaxIdleConnsPerHost = int(max(limit.Concurrency, 2))
	transport.MaxIdleConns = transport.MaxIdleConnsPerHost // there is one host
	transport.MaxConnsPerHost = 0                          // the slots of limitedTransport bound them
	return transport
}
