// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import "time"

// waiter is a request that waits for its turn. All fields but called are written
// before that is closed.
type waiter struct {
	permit *Permit
	// share is the name of the share that it waits in.
	share string
	since time.Time
	// called is closed when the wait is over: granted after waited, or refused.
	called  chan struct{}
	waited  time.Duration
	refusal *OpenError

	// queue is where the request waits; nil once it was called or has left.
	queue *queue
	place place
}

// place is where a waiter stands in its queue.
type place struct {
	share          *share
	arrived, stood *link[*waiter]
}

// queue lets shares have their turns one after the other, and those of a share in the
// order in which they came: who has thousands waiting holds up its own. A share that
// nobody waits in takes no turn and saves none up; whoever comes next stands behind the
// shares that wait already. Each step takes the same time, however many wait.
type queue struct {
	// arrivals are all who wait, in the order in which they came.
	arrivals chain[*waiter]
	// turns are the shares with somebody waiting. The first has the next turn.
	turns  chain[*share]
	shares map[string]*share
}

// share is those of a queue who wait for the same turns.
type share struct {
	name    string
	waiters chain[*waiter]
	turn    *link[*share]
}

// push lets a request wait.
func (q *queue) push(w *waiter) {
	of, ok := q.shares[w.share]
	if !ok {
		if q.shares == nil {
			q.shares = map[string]*share{}
		}
		of = &share{name: w.share}
		of.turn = q.turns.add(of)
		q.shares[w.share] = of
	}
	w.queue = q
	w.place = place{share: of, arrived: q.arrivals.add(w), stood: of.waiters.add(w)}
}

// next returns whose turn it is, nil when nobody waits.
func (q *queue) next() *waiter {
	if q.turns.first == nil {
		return nil
	}
	return q.turns.first.value.waiters.first.value
}

// oldest returns who has waited longest, nil when nobody waits.
func (q *queue) oldest() *waiter {
	if q.arrivals.first == nil {
		return nil
	}
	return q.arrivals.first.value
}

func (q *queue) length() int { return q.arrivals.length }

// take takes a request out whose turn has come: its share's next turn comes after those of
// all others.
func (q *queue) take(w *waiter) {
	of := w.place.share
	q.remove(w)
	if of.waiters.first != nil {
		q.turns.remove(of.turn)
		of.turn = q.turns.add(of)
	}
}

// remove takes a request out that has had no turn.
func (q *queue) remove(w *waiter) {
	of := w.place.share
	q.arrivals.remove(w.place.arrived)
	of.waiters.remove(w.place.stood)
	if of.waiters.first == nil {
		q.turns.remove(of.turn)
		delete(q.shares, of.name)
	}
	w.queue, w.place = nil, place{}
}

// chain is a list that one of thousands can leave without a search.
type chain[T any] struct {
	first, last *link[T]
	length      int
}

type link[T any] struct {
	value          T
	previous, next *link[T]
}

// add appends a value.
func (c *chain[T]) add(value T) *link[T] {
	added := &link[T]{value: value, previous: c.last}
	if c.last == nil {
		c.first = added
	} else {
		c.last.next = added
	}
	c.last = added
	c.length++
	return added
}

func (c *chain[T]) remove(l *link[T]) {
	if l.previous == nil {
		c.first = l.next
	} else {
		l.previous.next = l.next
	}
	if l.next == nil {
		c.last = l.previous
	} else {
		l.next.previous = l.previous
	}
	c.length--
}
