// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"math/rand/v2"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

const (
	// failuresToOpen are the failures in a row that open the breaker.
	failuresToOpen = 5
	// firstOpening is how long the breaker is open at first; it doubles with
	// each probe that fails.
	firstOpening   = time.Second
	maximumOpening = 15 * time.Second
	// whileProbing is when to ask again while a probe is under way.
	whileProbing = time.Second
)

// OpenError says that the last requests failed, so that the breaker is open and
// nothing was sent. Ask for it with errors.As.
type OpenError struct {
	// After is how long it takes until the next probe is let through.
	After time.Duration
	// Cause is the last of them, an *answer.Failure: what tells a mistake from an outage is
	// not lost while nothing is sent.
	Cause error
}

// Error returns the same text each time, without the duration, so that it may
// go into a resource's status.
func (e *OpenError) Error() string {
	return "not sent: the last requests failed, and the marketplace is given time to recover"
}

// RetryAfter returns After.
func (e *OpenError) RetryAfter() time.Duration { return e.After }

// Unwrap returns Cause.
func (e *OpenError) Unwrap() error { return e.Cause }

// breaker keeps requests from a marketplace that fails. Closed, it counts the
// failures in a row. Open, it refuses all requests for a while and then lets
// one through, the probe, and that alone decides. A request that was sent before
// the breaker opened or closed says how the marketplace was then: how a request
// ends counts only in the period in which it was sent, and while the breaker is
// open nothing but probes is.
type breaker struct {
	failures int
	isOpen   bool
	// cause is the last of the failures.
	cause error
	// opening is how long it was opened for last, before jitter.
	opening time.Duration
	// until is when the next probe may be let through.
	until time.Time
	// notBefore is what 503 answers of this row of failures have asked for.
	notBefore time.Time
	// probe is the permit whose request decides; nil if the place is free.
	probe *Permit
	// period counts how often the breaker has opened and closed.
	period int
}

// admit returns nil if the permit's request may be sent, and makes it the probe
// if the breaker is open and due for one.
//
// An exempt request takes the place of a probe that has sent nothing yet: a
// token request is made on behalf of another request, which may be that probe,
// and neither could ever be sent if the two waited for each other.
func (b *breaker) admit(permit *Permit, now time.Time) *OpenError {
	switch {
	case !b.isOpen || b.probe == permit:
		return nil
	case now.Before(b.until):
		return &OpenError{After: b.until.Sub(now), Cause: b.cause}
	case b.probe != nil && (!permit.isExempt || b.probe.state != permitHeld):
		return &OpenError{After: whileProbing, Cause: b.cause}
	}
	b.probe = permit
	return nil
}

// answered counts a request that the marketplace has dealt with.
func (b *breaker) answered(permit *Permit) {
	if permit.period != b.period {
		return
	}
	b.failures, b.notBefore, b.cause = 0, time.Time{}, nil
	if b.isOpen {
		b.isOpen, b.probe = false, nil
		b.period++
	}
}

// failed counts a request that the marketplace has failed, which may ask to be left alone
// for a while.
func (b *breaker) failed(permit *Permit, now time.Time, came answer.Answer) {
	if permit.period != b.period {
		return
	}
	b.cause = &answer.Failure{Answer: came}
	if asked := now.Add(came.RetryAfter); asked.After(b.notBefore) {
		b.notBefore = asked
	}
	b.failures++
	switch {
	case b.isOpen:
		b.open(now, min(2*b.opening, maximumOpening))
	case b.failures >= failuresToOpen:
		b.open(now, firstOpening)
	}
}

// abandoned frees the place of a probe that has shown nothing.
func (b *breaker) abandoned(permit *Permit) {
	if b.probe == permit {
		b.probe = nil
	}
}

// open is jittered, so that operators that failed together do not come back
// together. What the marketplace asked for is not cut short.
func (b *breaker) open(now time.Time, opening time.Duration) {
	b.isOpen, b.probe = true, nil
	b.period++
	b.opening = opening
	b.until = now.Add(opening - rand.N(opening/10)) //nolint:gosec // jitter is no secret
	if b.notBefore.After(b.until) {
		b.until = b.notBefore
	}
}
