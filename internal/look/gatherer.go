// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package look gathers looks at OrderCloud objects into list calls: what many
// passes want to know at the same time costs a hundredth of a call each, and each
// gets an answer as fresh as its own GET would be.
package look

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// company is how long a look waits for others: looks that come together leave together.
type company struct {
	// quiet is how long nobody else who waits alike must have asked before a batch that is
	// not whole goes out.
	quiet time.Duration
	// most bounds the wait of the first of them while others keep coming.
	most time.Duration
}

var (
	// ofEdits is the company of looks that belong to an edit.
	ofEdits = company{quiet: 40 * time.Millisecond, most: 200 * time.Millisecond}
	// ofSweeps is that of all others. Nobody waits for them, and at the tick of a
	// marketplace more come than passes run at the same time: a batch that is not whole
	// waits for those whose places the whole ones before it free.
	ofSweeps = company{quiet: 250 * time.Millisecond, most: time.Second}
)

// weighedEvery is how many looks have to join before it is worked out again
// whether the batch is whole.
const weighedEvery = 20

// source knows how objects with keys K are looked up. Its calls to OrderCloud go
// through the limiter; the context of the first carries a permit.
type source[K comparable, T any] interface {
	// route names the call in errors of those that were not sent.
	route() string
	// prepare is called before each batch, outside of any lock. An error is
	// everybody's who waits.
	prepare(ctx context.Context) error
	// choose returns which of the waiting keys one call answers, at least the
	// first. Whole says that no further key would fit. Urgent says that the first
	// belongs to an edit, which should wait for no more than its own answer takes.
	choose(waiting []K, urgent bool) (chosen []K, whole bool)
	// one looks up a single key.
	one(ctx context.Context, key K) (T, bool, error)
	// many looks up several keys that were chosen together, in one call. The answer
	// tells nothing about those that are unsure: each has to be looked up by itself.
	// All others that are not found are missing in OrderCloud, or have met the error.
	many(ctx context.Context, keys []K) (found map[K]T, unsure []K, err error)
}

// gatherer gathers the looks of one kind in one marketplace.
type gatherer[K comparable, T any] struct {
	source   source[K, T]
	turns    *limiter.Limiter
	observer Observer

	lock sync.Mutex
	// waiting are the questions that are not sent yet, in the order in which they
	// were asked.
	waiting []*question[K, T]
	byKey   map[K]*question[K, T]
	// joined tells the collector that somebody asked.
	joined chan struct{}
	// collecting says that a collector is at work.
	collecting bool
	// leaveLine, while the collector waits for its turn, makes it look again in
	// which line it has to wait.
	leaveLine context.CancelFunc
	// asEdit says that it waits in the line of edits.
	asEdit bool
}

// question is a key that somebody waits for. All who ask for it before it is sent
// share it.
type question[K comparable, T any] struct {
	key     K
	edit    bool
	asked   time.Time
	company company
	askers  int
	// sent is the batch that it went out with, nil before.
	sent *batch[K, T]

	// answered is closed when the fields below are valid.
	answered chan struct{}
	value    T
	found    bool
	err      error
}

// batch is what one call is made for.
type batch[K comparable, T any] struct {
	questions []*question[K, T]
	// looks is how many it answers.
	looks int
	// askers are those of them who still wait; the gatherer's lock guards it.
	askers int
	ctx    context.Context
	// abandon ends a call for which nobody waits any more.
	abandon context.CancelFunc
}

func newGatherer[K comparable, T any](source source[K, T], turns *limiter.Limiter, observer Observer) *gatherer[K, T] {
	return &gatherer[K, T]{
		source: source, turns: turns, observer: observer,
		byKey: map[K]*question[K, T]{}, joined: make(chan struct{}, 1),
	}
}

func companyOf(ctx context.Context) company {
	if limiter.ClassOf(ctx) == limiter.Edit {
		return ofEdits
	}
	return ofSweeps
}

type aloneKey struct{}

// Alone returns a context whose looks ask for the very object: what a list leaves out is
// believed to be missing only where nothing is created for it.
func Alone(ctx context.Context) context.Context {
	return context.WithValue(ctx, aloneKey{}, true)
}

func isAlone(ctx context.Context) bool {
	alone, _ := ctx.Value(aloneKey{}).(bool)
	return alone
}

// look returns the object as OrderCloud shows it after the call, or that there is
// none. A caller that leaves hurts nobody who asked for the same.
func (g *gatherer[K, T]) look(ctx context.Context, key K) (T, bool, error) {
	return g.lookIn(ctx, key, companyOf(ctx))
}

// lookIn is look in other company.
func (g *gatherer[K, T]) lookIn(ctx context.Context, key K, in company) (T, bool, error) {
	if err := ctx.Err(); err != nil {
		return *new(T), false, g.unsent(err)
	}
	if isAlone(ctx) {
		g.observer.looked(1)
		return g.source.one(ctx, key)
	}
	asked := g.ask(key, limiter.ClassOf(ctx) == limiter.Edit, in)
	select {
	case <-asked.answered:
		return asked.value, asked.found, asked.err
	case <-ctx.Done():
		g.leave(asked)
		return *new(T), false, g.unsent(ctx.Err())
	}
}

// unsent turns the reason why nothing was asked, or why nobody waited for the
// answer, into what the client's own call would have returned.
func (g *gatherer[K, T]) unsent(cause error) error {
	return &ordercloud.Error{Method: http.MethodGet, Route: g.source.route(), Answer: answer.Of(nil, cause)}
}

func (g *gatherer[K, T]) ask(key K, edit bool, in company) *question[K, T] {
	g.lock.Lock()
	defer g.lock.Unlock()
	asked, ok := g.byKey[key]
	if !ok {
		asked = &question[K, T]{key: key, asked: time.Now(), company: in, answered: make(chan struct{})}
		g.byKey[key] = asked
		g.waiting = append(g.waiting, asked)
	}
	asked.askers++
	asked.edit = asked.edit || edit
	if in.most < asked.company.most {
		asked.company = in
	}
	if !g.collecting {
		g.collecting = true
		go g.collect()
	}
	if edit && !g.asEdit && g.leaveLine != nil {
		g.leaveLine()
	}
	select {
	case g.joined <- struct{}{}:
	default:
	}
	return asked
}

// leave takes one asker away: a question that nobody asks is not sent, and a call
// that nobody waits for is ended.
func (g *gatherer[K, T]) leave(asked *question[K, T]) {
	g.lock.Lock()
	defer g.lock.Unlock()
	asked.askers--
	if asked.sent != nil {
		asked.sent.askers--
		if asked.sent.askers == 0 {
			asked.sent.abandon()
		}
		return
	}
	if asked.askers > 0 {
		return
	}
	delete(g.byKey, asked.key)
	g.waiting = slices.DeleteFunc(g.waiting, func(other *question[K, T]) bool { return other == asked })
	if len(g.waiting) == 0 && g.leaveLine != nil {
		g.leaveLine()
	}
}

// seal takes those out of the line whom the next call answers, edits first.
func (g *gatherer[K, T]) seal() *batch[K, T] {
	g.lock.Lock()
	defer g.lock.Unlock()
	if len(g.waiting) == 0 {
		return nil
	}
	inLine := slices.Clone(g.waiting)
	slices.SortStableFunc(inLine, func(a, b *question[K, T]) int { return rank(a) - rank(b) })
	chosen, _ := g.source.choose(keysOf(inLine), inLine[0].edit)
	return g.take(chosen)
}

func rank[K comparable, T any](asked *question[K, T]) int {
	if asked.edit {
		return 0
	}
	return 1
}

// takeAll takes everybody out of the line.
func (g *gatherer[K, T]) takeAll() *batch[K, T] {
	g.lock.Lock()
	defer g.lock.Unlock()
	return g.take(keysOf(g.waiting))
}

func (g *gatherer[K, T]) take(chosen []K) *batch[K, T] {
	taken := &batch[K, T]{}
	class := limiter.Sweep
	for _, key := range chosen {
		asked := g.byKey[key]
		delete(g.byKey, key)
		asked.sent = taken
		taken.askers += asked.askers
		taken.questions = append(taken.questions, asked)
		if asked.edit {
			class = limiter.Edit
		}
	}
	g.waiting = slices.DeleteFunc(g.waiting, func(asked *question[K, T]) bool { return asked.sent == taken })
	// The call belongs to none of those who wait for it.
	taken.looks = taken.askers
	taken.ctx, taken.abandon = context.WithCancel(limiter.WithClass(context.Background(), class)) //nolint:gosec // send and fail call it, and leave
	return taken
}

func keysOf[K comparable, T any](questions []*question[K, T]) []K {
	keys := make([]K, len(questions))
	for index, asked := range questions {
		keys[index] = asked.key
	}
	return keys
}
