// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import "time"

// waiter is a request that waits for its turn. All fields but called are written
// before that is closed.
type waiter struct {
	permit *Permit
	since  time.Time
	// called is closed when the wait is over: granted after waited, or refused.
	called  chan struct{}
	waited  time.Duration
	refusal *OpenError

	// queue is where the request waits; nil once it was called or has left.
	queue          *queue
	previous, next *waiter
}

// queue is first in, first out. It is linked through its waiters, so that one
// of thousands can leave without a search.
type queue struct {
	first, last *waiter
	length      int
}

func (q *queue) push(w *waiter) {
	w.queue, w.previous = q, q.last
	if q.last == nil {
		q.first = w
	} else {
		q.last.next = w
	}
	q.last = w
	q.length++
}

func (q *queue) remove(w *waiter) {
	if w.previous == nil {
		q.first = w.next
	} else {
		w.previous.next = w.next
	}
	if w.next == nil {
		q.last = w.previous
	} else {
		w.next.previous = w.previous
	}
	w.queue, w.previous, w.next = nil, nil, nil
	q.length--
}
