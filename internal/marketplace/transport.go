// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"net/http"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/audit"
	"github.com/ordercloud-operator/ordercloud-operator/internal/fence"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tracing"
)

// maximumConcurrency is the largest that spec.rateLimit admits.
const maximumConcurrency = 256

// limitsOf also serves objects that were stored before the API server could fill in
// the defaults of spec.rateLimit: the limiter has the same.
func limitsOf(declared v1alpha1.RateLimit) limiter.Limits {
	return limiter.Limits{
		RequestsPerSecond: float64(declared.RequestsPerSecond), Concurrency: int(declared.Concurrency),
	}.WithDefaults()
}

func newLimiter(declared v1alpha1.RateLimit, waited func(time.Duration), breakerChanged func(open bool)) *limiter.Limiter {
	return limiter.New(limitsOf(declared), limiter.Observer{Waited: waited, BreakerChanged: breakerChanged})
}

// aroundCalls returns what every request to one marketplace passes, of all
// controllers, token requests and retries included. The fence comes after the
// limiter: a request may wait long for its turn. What it lets through is sent, and so the
// audit comes after both.
func aroundCalls(key string, turns *limiter.Limiter, counted metrics.Marketplace, writes *fence.Fence) func(http.RoundTripper) http.RoundTripper {
	return func(attempt http.RoundTripper) http.RoundTripper {
		sent := measured{next: tracing.Calls(key, ordercloud.RouteOf, attempt), counted: counted}
		return turns.Transport(writes.Transport(audit.Transport(key, sent), ordercloud.IsTokenRequest), ordercloud.IsTokenRequest)
	}
}

// newBaseTransport is the connection pool of one marketplace.
func newBaseTransport() http.RoundTripper { return ordercloud.NewPool(newConnections) }

// newConnections are bounded by the limiter, and none is thrown away that the next
// request would need.
func newConnections() *http.Transport {
	transport := ordercloud.NewTransport()
	transport.MaxIdleConnsPerHost = maximumConcurrency
	transport.MaxIdleConns = maximumConcurrency // there is one host
	transport.MaxConnsPerHost = 0
	return transport
}

// measured counts requests that are really sent, and when looks are answered.
type measured struct {
	next    http.RoundTripper
	counted metrics.Marketplace
}

// RoundTrip sends the request and counts it.
func (m measured) RoundTrip(request *http.Request) (*http.Response, error) {
	began := time.Now()
	response, err := m.next.RoundTrip(request)
	came := answer.Of(response, err)
	m.counted.Request(request.Method, ordercloud.RouteOf(request), came.Status, time.Since(began))
	if isLook(request) && (came.Meaning == answer.Success || came.Meaning == answer.NotFound) {
		m.counted.LookSucceeded() // that there is nothing is an answer, too
	}
	return response, err
}

// isLook says that a request asks for something that the marketplace holds. The check
// of a Marketplace is about the token: while it succeeds, nothing may be compared.
func isLook(request *http.Request) bool {
	return request.Method == http.MethodGet && !ordercloud.IsCheck(request)
}
