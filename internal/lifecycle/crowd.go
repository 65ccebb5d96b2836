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
}

// enter lets a pass in, to be ended by leave, unless the marketplace's share of
// the workers is taken; with always, even then.
//
// Each marketplace has as large a share as any other, and one is kept for the next
// that comes. Sweeps fill half of a share, so that they never hold up an edit.
func (c *crowd) enter(key types.NamespacedName, isSweep, always bool) (leave func(), entered bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	others := len(c.inside)
	if c.inside[key] > 0 {
		others--
	}
	share := c.workers / (others + 2)
	if isSweep {
		share /= 2
	}
	if c.inside[key] >= max(share, 1) && !always {
		return nil, false
	}
	c.inside[key]++
	return sync.OnceFunc(func() { c.leave(key) }), true
}

func (c *crowd) leave(key types.NamespacedName) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.inside[key]--
	if c.inside[key] == 0 {
		delete(c.inside, key)
	}
}
