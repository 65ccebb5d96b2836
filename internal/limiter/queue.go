// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"container/heap"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/chain"
)

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
	arrived, stood *chain.Link[*waiter]
}

// turnsOfOthers is how many turns others have at most while a batch waits.
const turnsOfOthers = 9

// queue gives the next turn to the share that was served least lately, and to those of a
// share in the order in which they came: who asks seldom goes before who floods, and who
// has thousands waiting holds up its own. Turns are counted when a request is let through,
// so that one under way counts. The share without a name is that of batches of looks, which
// answer many shares: it has every tenth turn at least. A step takes no longer than the
// logarithm of how many shares wait.
type queue struct {
	// arrivals are all who wait, in the order in which they came.
	arrivals chain.Chain[*waiter]
	// turns are the shares with somebody waiting. The first has the next turn.
	turns turns
	// idle are those that nobody waits in any more and that are not forgotten yet, the
	// first for longest.
	idle chain.Chain[*share]
	// shares are both by name.
	shares map[string]*share
	// begun numbers the shares as they begin to wait.
	begun uint64
	// overtaken counts the turns of others while a batch waits.
	overtaken int
	// since is when the first turn was, from which on service is counted. It is told by
	// the clock that nobody sets.
	since time.Time
}

// share is those of a queue who wait for the same turns.
type share struct {
	name    string
	waiters chain.Chain[*waiter]
	served  service
	// begun is when it began to wait, by number.
	begun uint64
	// turn is its index among those who wait.
	turn int
	// idle is its place while nobody waits, since when it is so.
	idle      *chain.Link[*share]
	idleSince time.Time
}

// push lets a request wait.
func (q *queue) push(w *waiter) {
	q.forget(w.since)
	of := q.shareOf(w.share)
	if of.waiters.First() == nil {
		q.begin(of)
	}
	w.queue = q
	w.place = place{share: of, arrived: q.arrivals.Add(w), stood: of.waiters.Add(w)}
}

func (q *queue) shareOf(name string) *share {
	of, ok := q.shares[name]
	if !ok {
		if q.shares == nil {
			q.shares = map[string]*share{}
		}
		of = &share{name: name}
		q.shares[name] = of
	}
	return of
}

// begin lets a share wait.
func (q *queue) begin(of *share) {
	if of.idle != nil {
		q.idle.Remove(of.idle)
		of.idle = nil
	}
	q.begun++
	of.begun = q.begun
	heap.Push(&q.turns, of)
}

// next returns whose turn it is, nil when nobody waits.
func (q *queue) next() *waiter {
	if len(q.turns) == 0 {
		return nil
	}
	of := q.turns[0]
	if batches := q.batches(); batches != nil && q.overtaken >= turnsOfOthers {
		of = batches
	}
	return of.waiters.First().Value
}

// batches is the share of batches, if one waits.
func (q *queue) batches() *share {
	if of := q.shares[""]; of != nil && of.waiters.First() != nil {
		return of
	}
	return nil
}

// oldest returns who has waited longest, nil when nobody waits.
func (q *queue) oldest() *waiter {
	if q.arrivals.First() == nil {
		return nil
	}
	return q.arrivals.First().Value
}

func (q *queue) length() int { return q.arrivals.Length() }

// take takes a request out whose turn has come, and counts that for its share.
func (q *queue) take(w *waiter, now time.Time) {
	of := w.place.share
	if q.overtaken++; of.name == "" || q.batches() == nil {
		q.overtaken = 0
	}
	if q.since.IsZero() {
		q.since = now
	}
	of.served = of.served.andOneMore(now.Sub(q.since))
	heap.Fix(&q.turns, of.turn)
	q.remove(w, now)
}

// remove takes a request out that has had no turn.
func (q *queue) remove(w *waiter, now time.Time) {
	of := w.place.share
	q.arrivals.Remove(w.place.arrived)
	of.waiters.Remove(w.place.stood)
	if of.waiters.First() == nil {
		heap.Remove(&q.turns, of.turn)
		of.idle, of.idleSince = q.idle.Add(of), now
	}
	w.queue, w.place = nil, place{}
}

// forget forgets what was counted of shares that have asked nothing for long.
func (q *queue) forget(now time.Time) {
	for first := q.idle.First(); first != nil && now.Sub(first.Value.idleSince) > forgottenAfter; first = q.idle.First() {
		q.idle.Remove(first)
		delete(q.shares, first.Value.name)
	}
}

// turns is a heap: the share that was served least is the first, of those that were served
// alike the one that has waited longest.
type turns []*share

// Len is how many shares wait.
func (t turns) Len() int { return len(t) }

// Less says whose turn comes before the other's.
func (t turns) Less(i, j int) bool {
	if t[i].served != t[j].served {
		return t[i].served.isLessThan(t[j].served)
	}
	return t[i].begun < t[j].begun
}

// Swap changes two places.
func (t turns) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].turn, t[j].turn = i, j
}

// Push adds a *share at the end.
func (t *turns) Push(added any) {
	of, _ := added.(*share)
	of.turn = len(*t)
	*t = append(*t, of)
}

// Pop takes the last one off.
func (t *turns) Pop() any {
	last := len(*t) - 1
	of := (*t)[last]
	(*t)[last] = nil
	*t = (*t)[:last]
	return of
}
