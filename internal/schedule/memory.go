// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"math/rand/v2"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Memory remembers the attempts of each object that fails. The zero value remembers none.
// It is lost with the process, after which everything is looked at once anyway.
type Memory struct {
	lock  sync.Mutex
	known map[reconcile.Request]Attempts
}

// Next notes how an attempt ended and returns how long the next one waits.
func (m *Memory) Next(request reconcile.Request, what Outcome, now time.Time) time.Duration {
	m.lock.Lock()
	defer m.lock.Unlock()
	next := After(what, m.known[request], now, rand.Float64()) //nolint:gosec // jitter needs no secret randomness
	switch {
	case next.Count == 0:
		delete(m.known, request)
	case m.known == nil:
		m.known = map[reconcile.Request]Attempts{request: next}
	default:
		m.known[request] = next
	}
	return next.Due.Sub(now)
}

// Since is when the first attempt failed of those that ended as this one has.
func (m *Memory) Since(request reconcile.Request, what Outcome, now time.Time) time.Time {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.known[request].followedBy(what, now).Since
}

// Forget drops what is known of an object.
func (m *Memory) Forget(request reconcile.Request) {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.known, request)
}

// Queue is the rate limiter of a controller's queue, for errors that are no outcome: every
// one of an object doubles its wait. controller-runtime's own would start at 5
// milliseconds and turn an outage into a storm.
type Queue struct {
	lock   sync.Mutex
	errors map[reconcile.Request]int
}

// When counts one more error and returns the wait.
func (q *Queue) When(request reconcile.Request) time.Duration {
	q.lock.Lock()
	defer q.lock.Unlock()
	if q.errors == nil {
		q.errors = map[reconcile.Request]int{}
	}
	q.errors[request]++
	return Backoff(q.errors[request], LastRetry, rand.Float64()) //nolint:gosec // jitter needs no secret randomness
}

// Forget drops the errors of an object.
func (q *Queue) Forget(request reconcile.Request) {
	q.lock.Lock()
	defer q.lock.Unlock()
	delete(q.errors, request)
}

// NumRequeues returns how many errors in a row an object had.
func (q *Queue) NumRequeues(request reconcile.Request) int {
	q.lock.Lock()
	defer q.lock.Unlock()
	return q.errors[request]
}
