// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
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

// patience is how long those who wait for others still do. Who is in no hurry counts
// only while nobody else is there.
func patience[K comparable, T any](waiting []*question[K, T], now time.Time) time.Duration {
	isHurried := func(asked *question[K, T]) bool { return asked.company == 0 }
	first := slices.IndexFunc(waiting, isHurried)
	if first < 0 {
		wait := waiting[0].company - now.Sub(waiting[0].asked)
		for _, asked := range waiting[1:] {
			wait = min(wait, asked.company-now.Sub(asked.asked))
		}
		return wait
	}
	last := len(waiting) - 1
	for !isHurried(waiting[last]) {
		last--
	}
	return min(gatherFor-now.Sub(waiting[first].asked), quietFor-now.Sub(waiting[last].asked))
}

// turn waits until the limiter lets a request through: in the line of edits from
// when one of the looks belongs to an edit. It returns no permit when nobody
// waits any more.
//
// A batch belongs to no single share of the limiter: one turn answers up to a hundred
// looks, whoever asked, and one of the askers would pay for all. Batches have a share of
// their own, the empty one, and so a turn in each round.
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
// told about. One that fails as a batch has told about none: what made it fail may
// be about another one.
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
	if err != nil && !isOfTheBatch(err) {
		sealed.fail(err)
		return
	}
	permit.Release()
	var group sync.WaitGroup
	for _, asked := range sealed.questions {
		if err != nil || slices.Contains(unsure, asked.key) {
			group.Go(func() { g.sendOne(sealed.ctx, asked) })
			continue
		}
		value, ok := found[asked.key]
		asked.answer(value, ok, nil)
	}
	group.Wait()
}

func (g *gatherer[K, T]) sendOne(ctx context.Context, asked *question[K, T]) {
	value, found, err := g.source.one(ctx, asked.key)
	asked.answer(value, found, err)
}

func (b *batch[K, T]) fail(err error) {
	b.abandon()
	for _, asked := range b.questions {
		asked.answer(*new(T), false, err)
	}
}

func (q *question[K, T]) answer(value T, found bool, err error) {
	q.value, q.found, q.err = value, found, err
	close(q.answered)
}

// isOfTheBatch says that a call for one of the members might do better. An
// outage, a refused token and a request to slow down meet every call alike, and
// a hundred more of them are what is needed least.
func isOfTheBatch(err error) bool {
	switch {
	case errors.Is(err, errUnusable):
		return true
	case errors.Is(err, context.Canceled), ordercloud.IsRateLimited(err), ordercloud.IsUnauthorized(err), ordercloud.IsCredentialsRefused(err):
		return false
	case ordercloud.IsUnavailable(err):
		// A token request is a POST, and no list.
		failed, ok := errors.AsType[*ordercloud.Error](err)
		return ok && failed.Method == http.MethodGet && !ordercloud.HasCode(err, ordercloud.CodeAPIOffline) && mayBeAboutTheList(failed.Status)
	default:
		return true
	}
}

// mayBeAboutTheList tells the answers that an outage gives to everything from those
// that a list alone may get: it fails on one of its objects, cannot be read, or has
// a URL that something in between finds too long.
func mayBeAboutTheList(status int) bool {
	isSuccess := status >= http.StatusOK && status < http.StatusMultipleChoices
	isRefusal := status >= http.StatusBadRequest && status < http.StatusInternalServerError
	return isSuccess || isRefusal && status != http.StatusRequestTimeout || status == http.StatusInternalServerError
}
