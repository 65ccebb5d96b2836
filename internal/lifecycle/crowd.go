// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// slowAfter is how long requests have to wait for their turn for a marketplace to
// count as slow. Below, passes come and go, and there is nothing to share out.
const slowAfter = time.Second

// crowd shares the workers out among marketplaces: the passes of one that is slow,
// thousands of them perhaps, must not hold up the edit that another waits for.
type crowd struct {
	// workers is how many passes run at the same time.
	workers int

	lock   sync.Mutex
	inside map[types.NamespacedName]int
	// visitors has how many of those inside are from one namespace.
	visitors map[visitor]int
}

// visitor is from where passes reach a marketplace.
type visitor struct {
	marketplace types.NamespacedName
	namespace   string
}

func newCrowd(workers int) *crowd {
	return &crowd{workers: workers, inside: map[types.NamespacedName]int{}, visitors: map[visitor]int{}}
}

// enter lets a pass in, to be ended by leave, unless the marketplace's share of
// the workers is taken; with always, even then.
//
// Each marketplace has as large a share as any other, and one is kept for the next
// that comes. Sweeps fill half of a share, so that they never hold up an edit. An edit of
// a namespace that has none inside is let in always: those of another, be they thousands,
// must not take all places of the marketplace that they share.
func (c *crowd) enter(from visitor, isSweep, always bool) (leave func(), entered bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	others := len(c.inside)
	if c.inside[from.marketplace] > 0 {
		others--
	}
	share := c.workers / (others + 2)
	if isSweep {
		share /= 2
	}
	isFirst := !isSweep && c.visitors[from] == 0
	if c.inside[from.marketplace] >= max(share, 1) && !always && !isFirst {
		return nil, false
	}
	c.inside[from.marketplace]++
	c.visitors[from]++
	return sync.OnceFunc(func() { c.leave(from) }), true
}

func (c *crowd) leave(from visitor) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.inside[from.marketplace]--; c.inside[from.marketplace] == 0 {
		delete(c.inside, from.marketplace)
	}
	if c.visitors[from]--; c.visitors[from] == 0 {
		delete(c.visitors, from)
	}
}
