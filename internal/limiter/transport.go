// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// transport sends requests when it is their turn.
type transport struct {
	limiter *Limiter
	next    http.RoundTripper
	exempt  func(*http.Request) bool
}

// Transport returns a transport that sends each request when it is its turn, and
// learns from the answers. A request is under way until its answer's body is
// closed. Requests that exempt is true for need no slot, but all the rest: a
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
	ctx := request.Context()
	permit, err := t.limiter.permitFor(ctx, t.exempt(request))
	if err != nil {
		if request.Body != nil {
			_ = request.Body.Close() // as every RoundTripper does, sent or not
		}
		return nil, err
	}
	response, err := t.next.RoundTrip(request)
	if err != nil {
		t.limiter.settle(permit, ending{outcome: failureOf(ctx, err), cause: err})
		t.limiter.end(permit)
		return nil, err
	}
	body := &watchedBody{ReadCloser: response.Body, limiter: t.limiter, permit: permit, ctx: ctx}
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
		body.settle(ending{outcome: throttled, header: response.Header})
	case response.StatusCode >= http.StatusInternalServerError:
		body.settle(ending{outcome: failed, header: response.Header})
	}
	response.Body = body
	return response, nil
}

// outcome is what a request says about the marketplace.
type outcome int

const (
	// answered is every answer that is not one of the others.
	answered outcome = iota
	throttled
	failed
	// abandoned is what the caller gave up: it says nothing.
	abandoned
)

// ending is how a request went.
type ending struct {
	outcome outcome
	// header is the answer's, if there is one.
	header http.Header
	// cause is why there is none.
	cause error
}

// unsent is the error of a transport that has sent nothing.
type unsent interface {
	error
	RetryAfter() time.Duration
}

// failureOf tells a caller who gave up, and a request that was stopped before it was sent,
// from a time-out, which also ends the context but says why.
func failureOf(ctx context.Context, err error) outcome {
	var stopped unsent
	if errors.Is(context.Cause(ctx), context.Canceled) || errors.As(err, &stopped) {
		return abandoned
	}
	return failed
}

// settle counts how a request went.
func (l *Limiter) settle(permit *Permit, how ending) {
	if l.count(permit, how) {
		l.tellBreaker()
	}
}

// count says whether the breaker has opened or closed. Whoever has a turn by
// that gets it when the request ends, which is soon.
func (l *Limiter) count(permit *Permit, how ending) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now, period := time.Now(), l.breaker.period
	switch how.outcome {
	case answered:
		l.breaker.answered(permit)
		l.pace.succeeded(now, permit)
	case throttled:
		l.breaker.answered(permit)
		l.pace.throttled(now, permit, how.header)
	case failed:
		l.breaker.failed(permit, now, retryAfter(how.header, now), how.cause)
	case abandoned:
		// A probe's place becomes free along with its slot.
	}
	hasChanged := l.breaker.period != period
	if hasChanged && l.breaker.isOpen {
		l.refuseAll(now)
	}
	return hasChanged
}

// end frees what a request that was sent has occupied.
func (l *Limiter) end(permit *Permit) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.free(permit, time.Now())
}

// watchedBody sees whether an answer's body breaks off, and ends the request
// when it is closed.
type watchedBody struct {
	io.ReadCloser

	limiter *Limiter
	permit  *Permit
	ctx     context.Context
	once    sync.Once
}

// settle counts the first outcome only: a status that tells the outcome is not
// made up for by a body that can be read.
func (b *watchedBody) settle(how ending) {
	b.once.Do(func() { b.limiter.settle(b.permit, how) })
}

// Read reads the body and sees how it ends.
func (b *watchedBody) Read(buffer []byte) (int, error) {
	count, err := b.ReadCloser.Read(buffer)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		b.settle(ending{outcome: answered})
	default:
		b.settle(ending{outcome: failureOf(b.ctx, nil), cause: err})
	}
	return count, err
}

// Close closes the body and frees what the request has occupied. A body that is
// not read to its end has not failed, unless the caller left it because its
// context has ended.
func (b *watchedBody) Close() error {
	outcome := answered
	if b.ctx.Err() != nil {
		outcome = failureOf(b.ctx, nil)
	}
	b.settle(ending{outcome: outcome, cause: context.Cause(b.ctx)})
	defer b.limiter.end(b.permit)
	return b.ReadCloser.Close()
}
