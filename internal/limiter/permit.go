// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"context"
	"time"
)

// Permit allows one request to be sent. It occupies a slot until it is used and
// the request is over, or until it is released.
type Permit struct {
	limiter *Limiter
	// isExempt says that the permit occupies no slot.
	isExempt bool
	isSweep  bool

	// The limiter's mutex guards what follows.
	state permitState
	// slowdowns is how often the rate had been lowered when it was granted.
	slowdowns int
	// period is the breaker's when the request was sent.
	period int
}

type permitState int

const (
	permitWaiting permitState = iota
	permitHeld
	permitSent
	permitFreed
)

// Release gives a permit back that was not used; its place in the rate may stay
// spent. Afterwards, and once a request uses the permit, it does nothing, so
// that it can be deferred.
func (p *Permit) Release() {
	l := p.limiter
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if p.state == permitHeld {
		l.free(p, time.Now())
	}
}

type permitKey struct{}

// WithPermit hands a permit to the next request that passes the Transport of the
// permit's limiter with this context: it is sent without waiting, unless the
// breaker has opened in the meantime. Requests after it, retries included, wait
// for turns of their own; so does one that Transport's exempt is true for, which
// leaves the permit to the request that it is made for.
func WithPermit(ctx context.Context, permit *Permit) context.Context {
	return context.WithValue(ctx, permitKey{}, permit)
}

// permitFor returns the permit that a request's context carries or, if there is
// none to be used, waits for one. The permit is then the request's own.
func (l *Limiter) permitFor(ctx context.Context, isExempt bool) (*Permit, error) {
	carried, _ := ctx.Value(permitKey{}).(*Permit)
	if carried != nil && carried.limiter == l && !isExempt {
		isUsable, refusal := l.use(carried)
		switch {
		case refusal != nil:
			return nil, refusal
		case isUsable:
			return carried, nil
		}
	}
	permit, err := l.acquire(ctx, isExempt)
	if err != nil {
		return nil, err
	}
	if _, refusal := l.use(permit); refusal != nil {
		return nil, refusal
	}
	return permit, nil
}

// use marks a permit as sent, unless it is used up. It asks the breaker once
// more, since that may have opened after the permit was granted, and takes the
// permit back if so.
func (l *Limiter) use(permit *Permit) (isUsable bool, refusal *OpenError) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if permit.state != permitHeld {
		return false, nil
	}
	now := time.Now()
	if refusal := l.admit(permit, now); refusal != nil {
		l.free(permit, now)
		return false, refusal
	}
	permit.state = permitSent
	permit.period = l.breaker.period
	return true, nil
}
