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
			c := newCrowd(test.workers)
			for number := range test.busy {
				c.enter(visitor{marketplace: types.NamespacedName{Name: string(rune('a' + number))}}, false, false)
			}
			from := visitor{types.NamespacedName{Namespace: "shop", Name: "slow"}, "tenant-b"}
			var leaves []func()
			for {
				leave, entered := c.enter(from, test.isSweep, false)
				if !entered {
					break
				}
				leaves = append(leaves, leave)
			}
			if len(leaves) != test.want {
				t.Errorf("%d passes entered, want %d", len(leaves), test.want)
			}
			if _, entered := c.enter(from, test.isSweep, true); !entered {
				t.Error("a marketplace that is not slow is kept out")
			}
			c.leave(from)
			leaves[0]()
			leaves[0]() // ends one pass only
			if _, entered := c.enter(from, test.isSweep, false); !entered {
				t.Error("the place of a pass that ended is not free")
			}
			if _, entered := c.enter(from, test.isSweep, false); entered {
				t.Error("one pass made room for two")
			}
		})
	}
}

func TestATenantTakesNoOthersPlaceInASlowMarketplace(t *testing.T) {
	const edits, sweeps = false, true
	slow := types.NamespacedName{Namespace: "shop", Name: "slow"}
	c := newCrowd(8)
	busy, other := visitor{slow, "busy"}, visitor{slow, "other"}
	for {
		if _, entered := c.enter(busy, edits, false); !entered {
			break
		}
	}
	if _, entered := c.enter(other, sweeps, false); entered {
		t.Error("a sweep of another namespace came in though the marketplace's share is taken")
	}
	leave, entered := c.enter(other, edits, false)
	if !entered {
		t.Fatal("an edit of another namespace was kept out")
	}
	if _, entered := c.enter(other, edits, false); entered {
		t.Error("a second edit came in, too")
	}
	leave()
	if _, entered := c.enter(other, edits, false); !entered {
		t.Error("the next edit was kept out although none is inside")
	}
}
