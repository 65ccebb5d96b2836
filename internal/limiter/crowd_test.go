// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// crowd is callers who wait for permits, each in a goroutine of its own. Their
// names are noted in the order in which they are granted.
type crowd struct {
	t       *testing.T
	limiter *Limiter
	group   sync.WaitGroup

	mutex   sync.Mutex
	granted []string
	permits map[string]*Permit
	errors  map[string]error
}

func newCrowd(t *testing.T, limits Limits) *crowd {
	t.Helper()
	return &crowd{
		t:       t,
		limiter: New(limits, Observer{}),
		permits: map[string]*Permit{},
		errors:  map[string]error{},
	}
}

// join returns once the caller has its permit, was refused or waits.
func (c *crowd) join(ctx context.Context, class Class, names ...string) {
	c.t.Helper()
	for _, name := range names {
		c.group.Go(func() {
			permit, err := c.limiter.Acquire(WithClass(ctx, class))
			c.mutex.Lock()
			defer c.mutex.Unlock()
			if err != nil {
				c.errors[name] = err
				return
			}
			c.granted = append(c.granted, name)
			c.permits[name] = permit
		})
		synctest.Wait()
	}
}

// release lets callers give their permits back, one by one.
func (c *crowd) release(names ...string) {
	c.t.Helper()
	for _, name := range names {
		c.permits[name].Release()
		synctest.Wait()
	}
}

// expect compares those who were granted since it was called last.
func (c *crowd) expect(names ...string) {
	c.t.Helper()
	synctest.Wait()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !slices.Equal(c.granted, names) {
		c.t.Errorf("granted %v, want %v", c.granted, names)
	}
	c.granted = nil
}

// named returns prefix1 to prefixN.
func named(prefix string, count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprint(prefix, i+1)
	}
	return names
}

// unhurried is a rate that no test of slots comes near.
const unhurried = 10_000
