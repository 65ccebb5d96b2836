// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package limiter decides when a request may be sent to one marketplace. It
// bounds requests per second and requests under way, lets edits go before
// sweeps, shares the turns of each out fairly, slows down when the marketplace
// answers 429, and sends nothing for a while when the marketplace fails. It knows
// HTTP and nothing of OrderCloud.
package limiter

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

// Class says how much a request matters. The zero value is Edit.
type Class int

const (
	// Edit is a request for something that has changed: somebody waits for it.
	// Requests that nobody has marked are edits too.
	Edit Class = iota
	// Sweep is a request that looks whether anything has changed: nobody waits
	// for it, and there are many.
	Sweep
)

type classKey struct{}

// WithClass marks all requests of a context.
func WithClass(ctx context.Context, class Class) context.Context {
	return context.WithValue(ctx, classKey{}, class)
}

// ClassOf returns how a context's requests are marked: Edit unless WithClass
// says otherwise.
func ClassOf(ctx context.Context) Class {
	class, _ := ctx.Value(classKey{}).(Class)
	return class
}

type shareKey struct{}

// WithShare marks all requests of a context as those of a share: of the requests of one
// class that wait, those of the share that had the fewest turns lately go first, however
// many wait in it. Requests that nobody has marked share one, the empty one, which has
// every tenth turn at least.
func WithShare(ctx context.Context, share string) context.Context {
	return context.WithValue(ctx, shareKey{}, share)
}

// ShareOf returns which share a context's requests are of.
func ShareOf(ctx context.Context) string {
	share, _ := ctx.Value(shareKey{}).(string)
	return share
}

// Limits bound what a marketplace is asked.
type Limits struct {
	// RequestsPerSecond are sent at most, on average; one second's worth may be
	// sent at once. 0 or less stands for 10.
	RequestsPerSecond float64
	// Concurrency is how many requests are under way at most. 0 or less stands
	// for 8.
	Concurrency int
}

// maximumRate keeps an infinite rate from overflowing the bucket's size.
const maximumRate = 1e6

// WithDefaults returns the limits with a number in place of what stands for one.
func (l Limits) WithDefaults() Limits {
	if l.RequestsPerSecond <= 0 || math.IsNaN(l.RequestsPerSecond) {
		l.RequestsPerSecond = 10
	}
	l.RequestsPerSecond = min(l.RequestsPerSecond, maximumRate)
	if l.Concurrency <= 0 {
		l.Concurrency = 8
	}
	return l
}

// Observer is told what happens. Functions that are nil are skipped; the others
// are called by many goroutines and hold requests up, so they must be quick.
type Observer struct {
	// Waited is told how long each granted request waited for its turn; those
	// that did not have to wait count as well.
	Waited func(time.Duration)
	// BreakerChanged is told that the breaker has opened or closed, one call at
	// a time; the last call is always how things are. It stays open while it is
	// probed, and is closed at first.
	BreakerChanged func(open bool)
}

// Limiter decides when requests to one marketplace may be sent. Make it with
// New. It is safe for use by many goroutines, and holds none of its own.
type Limiter struct {
	observer Observer

	// telling keeps calls of BreakerChanged in order, outside of mutex.
	telling  sync.Mutex
	toldOpen bool

	mutex       sync.Mutex
	pace        *pace
	breaker     breaker
	concurrency int
	// inUse are the slots that are taken, and sweeping those of them that
	// sweeps have.
	inUse, sweeping int
	// overtaken counts the edits that were granted while a sweep waited, since
	// the last sweep was.
	overtaken             int
	exempt, edits, sweeps queue
	// timer wakes the scheduler when the next token or the end of a pause is
	// due; it runs only while somebody waits for that.
	timer *time.Timer
}

// New returns a limiter for one marketplace.
func New(limits Limits, observer Observer) *Limiter {
	limits = limits.WithDefaults()
	return &Limiter{
		observer:    observer,
		pace:        newPace(limits.RequestsPerSecond),
		concurrency: limits.Concurrency,
	}
}

// SetLimits replaces the limits. Who waits keeps its place, the breaker stays as
// it is, and so does a rate that 429 answers have lowered: it is what the
// marketplace was seen to bear.
func (l *Limiter) SetLimits(limits Limits) {
	limits = limits.WithDefaults()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := time.Now()
	l.concurrency = limits.Concurrency
	l.pace.configure(now, limits.RequestsPerSecond)
	l.dispatch(now)
}

// Acquire waits until a request of the context's class and share may be sent and returns
// the permit for it, to be handed on by WithPermit. Defer its Release in any case:
// the request may come to nothing before it is sent. Who holds a permit and asks
// for another may wait for itself.
//
// While the breaker is open the answer is an *OpenError, at once, and also for
// those who were waiting when it opened. When the context ends first, it is the
// context's error, wrapped.
func (l *Limiter) Acquire(ctx context.Context) (*Permit, error) {
	return l.acquire(ctx, false)
}

func (l *Limiter) acquire(ctx context.Context, isExempt bool) (*Permit, error) {
	if ctx.Err() != nil {
		return nil, leftError(ctx)
	}
	permit := &Permit{limiter: l, isExempt: isExempt, isSweep: ClassOf(ctx) == Sweep}
	waiter, refusal := l.enqueue(permit, ShareOf(ctx))
	if refusal != nil {
		return nil, refusal
	}
	select {
	case <-waiter.called:
	case <-ctx.Done():
		l.leave(waiter)
		return nil, leftError(ctx)
	}
	if waiter.refusal != nil {
		return nil, waiter.refusal
	}
	if l.observer.Waited != nil {
		l.observer.Waited(waiter.waited)
	}
	return permit, nil
}

func leftError(ctx context.Context) error {
	return fmt.Errorf("waiting for the turn to send a request: %w", ctx.Err())
}

// Backlog returns how many requests wait for their turn, and how long the one
// that waits longest has waited.
func (l *Limiter) Backlog() (waiting int, oldest time.Duration) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := time.Now()
	for _, queue := range l.queues() {
		waiting += queue.length()
		if first := queue.oldest(); first != nil {
			oldest = max(oldest, now.Sub(first.since))
		}
	}
	return waiting, oldest
}

// tellBreaker tells the observer how the breaker is, if it does not know yet.
// It reads that anew, so that two changes in a row cannot be told in reverse.
func (l *Limiter) tellBreaker() {
	if l.observer.BreakerChanged == nil {
		return
	}
	l.telling.Lock()
	defer l.telling.Unlock()
	l.mutex.Lock()
	isOpen := l.breaker.isOpen
	l.mutex.Unlock()
	if isOpen != l.toldOpen {
		l.toldOpen = isOpen
		l.observer.BreakerChanged(isOpen)
	}
}
