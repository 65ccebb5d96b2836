// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crowd

import (
	"fmt"
	"testing"
)

func TestEveryMarketplaceHasAQuarterOfWhatTheOthersLeave(t *testing.T) {
	for name, test := range map[string]struct {
		workers int
		// others is what other marketplaces hold.
		others       int
		edits, sweep int
	}{
		"alone":                           {4096, 0, 832, 416},
		"beside one that has its share":   {4096, 832, 624, 312},
		"beside those that have all":      {4096, 3328, 0, 0},
		"beside those that have nearly":   {4096, 3326, 1, 1},
		"few workers":                     {16, 0, 3, 1},
		"a single worker is everybody's":  {1, 0, 1, 1},
		"of two, one only ever looks":     {2, 0, 1, 1},
		"a single worker that is at work": {1, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			common, _ := divide(test.workers)
			for range test.others {
				common.take("others")
			}
			if edits, sweeps := common.most("shop"), common.mostSweeps("shop"); edits != test.edits || sweeps != test.sweep {
				t.Errorf("%d edits and %d sweeps may enter, want %d and %d", edits, sweeps, test.edits, test.sweep)
			}
		})
	}
}

func TestSomeWorkersAreNeverFilled(t *testing.T) {
	for _, workers := range []int{2, 16, 100, 4096} {
		common, reserved := divide(workers)
		if idle := workers - common.all - reserved.all; idle < 1 {
			t.Errorf("of %d workers %d are left", workers, idle)
		}
		for number := range 5 {
			to := fmt.Sprint("shop-", number)
			for common.admits(to, false) {
				common.take(to)
			}
		}
		if workers > 16 && common.taken*10 > common.all*8 {
			t.Errorf("five marketplaces fill %d of %d", common.taken, common.all)
		}
	}
}
