// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"net/http"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// transport sends requests when it is their turn.
type transport struct {
	limiter *Limiter
	next    http.RoundTripper
	exempt  func(*http.Request) bool
}

// Transport returns a transport that sends each request when it is its turn, and
// learns from the answers, which next has to have classified: answer.Transport does.
// Requests that exempt is true for need no slot, but all the rest: a
// token request would otherwise wait for the slot of the request that needs the
// token. There must not be many of them at once. exempt may be nil.
func (l *Limiter) Transport(next http.RoundTripper, exempt func(*http.Request) bool) http.RoundTripper {
	if exempt == nil {
		exempt = func(*http.Request) bool { return false }
	}
	return &transport{limiter: l, next: next, exempt: exempt}
}

// RoundTrip waits for the request's turn, for as long as its context lives, and
// sends it.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	permit, err := t.limiter.permitFor(request.Context(), t.exempt(request))
	if err != nil {
		if request.Body != nil {
			_ = request.Body.Close() // as every RoundTripper does, sent or not
		}
		return nil, err
	}
	response, err := t.next.RoundTrip(request)
	t.limiter.settle(permit, answer.Of(response, err))
	return response, err
}

// settle counts what came back and frees what the request has occupied.
func (l *Limiter) settle(permit *Permit, came answer.Answer) {
	if l.count(permit, came) {
		l.tellBreaker()
	}
}

// count says whether the breaker has opened or closed.
func (l *Limiter) count(permit *Permit, came answer.Answer) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now, period := time.Now(), l.breaker.period
	switch {
	case came.Meaning == answer.RateLimited:
		l.breaker.answered(permit)
		l.pace.throttled(now, permit, came.RetryAfter, l.isPressed())
	case came.IsFailure():
		l.breaker.failed(permit, now, came)
	case came.IsAnswered():
		l.breaker.answered(permit)
		l.pace.succeeded(now, permit)
	default:
		// What nobody answered and nobody failed says nothing: a probe's place becomes free
		// along with its slot.
	}
	hasChanged := l.breaker.period != period
	if hasChanged && l.breaker.isOpen {
		l.refuseAll(now)
	}
	l.free(permit, now)
	return hasChanged
}
