// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// longestMemory is how long an answer is remembered at most.
const longestMemory = 30 * time.Second

// remembered keeps for a while what the API server answered about something that
// nobody watches: of thousands of passes that come at the same time one asks, and
// the others wait for its answer.
type remembered[T any] struct {
	clock clock.PassiveClock

	lock    sync.Mutex
	answers map[types.NamespacedName]*recollection[T]
}

type recollection[T any] struct {
	lock  sync.Mutex
	known bool
	about string
	asked time.Time
	value T
	// problem in place of a value; other errors are not remembered.
	problem *failure.Failure
}

func newRemembered[T any](now clock.PassiveClock) *remembered[T] {
	return &remembered[T]{clock: now, answers: map[types.NamespacedName]*recollection[T]{}}
}

// get asks unless the answer about the same is fresh. It is for half an interval,
// so that the next pass, which may come a little early, asks again.
func (r *remembered[T]) get(key types.NamespacedName, about string, interval time.Duration, ask func() (T, error)) (T, error) {
	kept := r.recollect(key)
	kept.lock.Lock()
	defer kept.lock.Unlock()
	now := r.clock.Now()
	if !kept.known || kept.about != about || now.Sub(kept.asked) >= min(interval/2, longestMemory) {
		value, err := ask()
		problem := failure.As(err)
		if kept.known = err == nil || problem != nil; !kept.known {
			return value, err
		}
		kept.about, kept.asked, kept.value, kept.problem = about, now, value, problem
	}
	if kept.problem != nil {
		again := *kept.problem // callers may add to theirs
		return kept.value, &again
	}
	return kept.value, nil
}

func (r *remembered[T]) recollect(key types.NamespacedName) *recollection[T] {
	r.lock.Lock()
	defer r.lock.Unlock()
	kept, ok := r.answers[key]
	if !ok {
		kept = &recollection[T]{}
		r.answers[key] = kept
	}
	return kept
}

// forget drops an answer; nil remembers nothing.
func (r *remembered[T]) forget(key types.NamespacedName) {
	if r == nil {
		return
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.answers, key)
}
