// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// referenceAge is how long a reference that was found is taken for granted at
	// most, where requests are not scarce.
	// Every config of a marketplace refers to the same few, and a sweep is over
	// before that; the next one asks again.
	referenceAge = 15 * time.Second
	// missingAge is how long one that is missing is: somebody is about to make it.
	missingAge = time.Second
)

type freshKey struct{}

// Fresh returns a context whose looks remember nothing from before: a person asked
// to look now.
func Fresh(ctx context.Context) context.Context {
	return context.WithValue(ctx, freshKey{}, time.Now())
}

// cache remembers references for a bounded time.
type cache[T any] struct {
	gatherer *gatherer[string, T]
	// age in nanoseconds for which a reference that was found is remembered.
	age atomic.Int64

	lock    sync.Mutex
	entries map[string]entry[T]
	// forgotten counts the calls of forget: an answer that was on its way is not
	// remembered after one.
	forgotten int
}

type entry[T any] struct {
	value T
	found bool
	// asked is when the look began, so that it is no older than it claims.
	asked time.Time
}

func newCache[T any](gatherer *gatherer[string, T]) *cache[T] {
	made := &cache[T]{gatherer: gatherer, entries: map[string]entry[T]{}}
	made.remember(referenceAge)
	return made
}

func (c *cache[T]) remember(age time.Duration) { c.age.Store(int64(age)) }

func (c *cache[T]) look(ctx context.Context, key string) (T, bool, error) {
	known, generation := c.remembered(key)
	if known.isGood(ctx, time.Duration(c.age.Load())) {
		return known.value, known.found, nil
	}
	asked := time.Now()
	value, found, err := c.gatherer.look(ctx, key)
	if err != nil {
		return value, false, err
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.forgotten == generation && !c.entries[key].asked.After(asked) {
		c.entries[key] = entry[T]{value: value, found: found, asked: asked}
	}
	return value, found, nil
}

func (c *cache[T]) remembered(key string) (entry[T], int) {
	c.lock.Lock()
	defer c.lock.Unlock()
	for key, known := range c.entries {
		if time.Since(known.asked) > time.Duration(c.age.Load()) {
			delete(c.entries, key)
		}
	}
	return c.entries[key], c.forgotten
}

func (e entry[T]) isGood(ctx context.Context, age time.Duration) bool {
	if !e.found {
		age = min(age, missingAge)
	}
	since, asksFresh := ctx.Value(freshKey{}).(time.Time)
	return !e.asked.IsZero() && time.Since(e.asked) < age && (!asksFresh || !e.asked.Before(since))
}

func (c *cache[T]) forget() {
	c.lock.Lock()
	defer c.lock.Unlock()
	clear(c.entries)
	c.forgotten++
}
