// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

func TestEveryMarketplaceHasItsShareOfTheWorkers(t *testing.T) {
	const edits, sweeps = false, true
	for name, test := range map[string]struct {
		workers int
		// busy is how many marketplaces have one pass under way already.
		busy    int
		isSweep bool
		want    int
	}{
		"alone, it gets half":              {512, 0, edits, 256},
		"sweeps get half of that":          {512, 0, sweeps, 128},
		"with another one, a third":        {512, 1, edits, 170},
		"with three others, a fifth":       {512, 3, edits, 102},
		"a single worker is everybody's":   {1, 0, edits, 1},
		"a single worker also for a sweep": {1, 5, sweeps, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := &crowd{workers: test.workers, inside: map[types.NamespacedName]int{}}
			for number := range test.busy {
				c.enter(types.NamespacedName{Name: string(rune('a' + number))}, false, false)
			}
			key := types.NamespacedName{Namespace: "shop", Name: "slow"}
			var leaves []func()
			for {
				leave, entered := c.enter(key, test.isSweep, false)
				if !entered {
					break
				}
				leaves = append(leaves, leave)
			}
			if len(leaves) != test.want {
				t.Errorf("%d passes entered, want %d", len(leaves), test.want)
			}
			if _, entered := c.enter(key, test.isSweep, true); !entered {
				t.Error("a marketplace that is not slow is kept out")
			}
			c.leave(key)
			leaves[0]()
			leaves[0]() // ends one pass only
			if _, entered := c.enter(key, test.isSweep, false); !entered {
				t.Error("the place of a pass that ended is not free")
			}
			if _, entered := c.enter(key, test.isSweep, false); entered {
				t.Error("one pass made room for two")
			}
		})
	}
}
