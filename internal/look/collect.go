// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
)

// collect sends one batch after the other until nobody waits. What a batch holds
// is decided when its turn has come and not before: while its request waits in the
// limiter, others join it.
func (g *gatherer[K, T]) collect() {
	for !g.isDone() {
		err := g.source.prepare(context.Background())
		g.gather()
		if err != nil {
			g.takeAll().fail(err)
			continue
		}
		permit, err := g.turn()
		if err != nil {
			g.takeAll().fail(g.unsent(err))
			continue
		}
		if permit == nil {
			continue
		}
		if sealed := g.seal(); sealed != nil {
			go g.send(permit, sealed)
		} else {
			permit.Release()
		}
	}
}

func (g *gatherer[K, T]) isDone() bool {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.collecting = len(g.waiting) > 0
	return !g.collecting
}

// gather waits until a batch is whole, or nobody has joined for a while, or the
// first has waited long enough.
func (g *gatherer[K, T]) gather() {
	weighed := 0
	for {
		wait := g.patience(&weighed)
		if wait <= 0 {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-g.joined:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// patience is how long the batch still waits if nobody joins it.
func (g *gatherer[K, T]) patience(weighed *int) time.Duration {
	g.lock.Lock()
	defer g.lock.Unlock()
	if len(g.waiting) == 0 {
		return 0
	}
	if len(g.waiting) >= *weighed+weighedEvery {
		*weighed = len(g.waiting)
		if _, whole := g.source.choose(keysOf(g.waiting), g.waiting[0].edit); whole {
			return 0
		}
	}
	return patience(g.waiting, time.Now())
}

// patience is how long those who wait for others still do: until the first of them has
// waited long enough, or the last of those who wait alike for so long that no more come.
func patience[K comparable, T any](waiting []*question[K, T], now time.Time) time.Duration {
	wait, latest := time.Duration(math.MaxInt64), map[company]time.Time{}
	for _, asked := range waiting {
		latest[asked.company] = asked.asked
		wait = min(wait, asked.company.most-now.Sub(asked.asked))
	}
	for in, asked := range latest {
		wait = min(wait, in.quiet-now.Sub(asked))
	}
	return wait
}

// turn waits until the limiter lets a request through: in the line of edits from
// when one of the looks belongs to an edit. It returns no permit when nobody
// waits any more.
//
// A batch belongs to no single share of the limiter: one turn answers up to a hundred
// looks, whoever asked, and one of the askers would pay for all. Batches have a share of
// their own, the empty one, and so every tenth turn at least.
func (g *gatherer[K, T]) turn() (*limiter.Permit, error) {
	for {
		ctx, leaveLine := context.WithCancel(context.Background())
		class, waits := g.standInLine(leaveLine)
		if !waits {
			leaveLine()
			return nil, nil
		}
		permit, err := g.turns.Acquire(limiter.WithClass(ctx, class))
		left := ctx.Err() != nil
		g.standInLine(nil)
		leaveLine()
		if err == nil || !left {
			return permit, err
		}
	}
}

// standInLine notes how to make the collector leave the line, and tells which one
// it is, if anybody waits.
func (g *gatherer[K, T]) standInLine(leaveLine context.CancelFunc) (limiter.Class, bool) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.leaveLine = leaveLine
	g.asEdit = slices.ContainsFunc(g.waiting, func(asked *question[K, T]) bool { return asked.edit })
	if g.asEdit {
		return limiter.Edit, true
	}
	return limiter.Sweep, len(g.waiting) > 0
}

// send makes the call of a batch, and one more for each member that it has not
// told about.
func (g *gatherer[K, T]) send(permit *limiter.Permit, sealed *batch[K, T]) {
	defer sealed.abandon()
	defer permit.Release()
	g.observer.looked(sealed.looks)
	ctx := limiter.WithPermit(sealed.ctx, permit)
	if len(sealed.questions) == 1 {
		g.sendOne(ctx, sealed.questions[0])
		return
	}
	found, unsure, err := g.source.many(ctx, keysOf(sealed.questions))
	permit.Release()
	var rest []*question[K, T]
	for _, asked := range sealed.questions {
		value, ok := found[asked.key]
		switch {
		case !ok && (err != nil || slices.Contains(unsure, asked.key)):
			rest = append(rest, asked)
		default:
			asked.answer(value, ok, nil)
		}
	}
	g.sendRest(sealed.ctx, rest, err)
}

// sendRest looks up by itself whoever the call of the batch has not told about. If that call
// failed, what made it fail may be about all of them, or about the list alone: the first of
// them is asked for, and the others only if it fares better.
func (g *gatherer[K, T]) sendRest(ctx context.Context, rest []*question[K, T], err error) {
	if err != nil && len(rest) > 0 {
		if !isOfAll(err) {
			g.sendOne(ctx, rest[0])
			err, rest = metByAll(err, rest[0].err), rest[1:]
		}
		if err != nil {
			failAll(rest, err)
			return
		}
	}
	var group sync.WaitGroup
	for _, asked := range rest {
		group.Go(func() { g.sendOne(ctx, asked) })
	}
	group.Wait()
}

func (g *gatherer[K, T]) sendOne(ctx context.Context, asked *question[K, T]) {
	value, found, err := g.source.one(ctx, asked.key)
	asked.answer(value, found, err)
}

func (b *batch[K, T]) fail(err error) {
	b.abandon()
	failAll(b.questions, err)
}

func failAll[K comparable, T any](questions []*question[K, T], err error) {
	for _, asked := range questions {
		asked.answer(*new(T), false, err)
	}
}

func (q *question[K, T]) answer(value T, found bool, err error) {
	q.value, q.found, q.err = value, found, err
	close(q.answered)
}

// isOfAll says that every look would meet the error at present.
func isOfAll(err error) bool {
	return errors.Is(err, context.Canceled) || answer.OfError(err).Scope == answer.ScopeAll
}

// metByAll returns the error that all others of a batch would meet, after the batch and one
// of its members by itself were answered: nil if the member shows that they need not.
func metByAll(ofBatch, ofMember error) error {
	if ofMember == nil {
		return nil
	}
	if isOfAll(ofMember) || answer.OfError(ofMember).IsLike(answer.OfError(ofBatch)) {
		return ofMember
	}
	return nil
}
