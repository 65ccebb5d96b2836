// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// A bad prune must not take effect by and by.
func TestWhatIsHeldStaysHeld(t *testing.T) {
	for name, happen := range map[string]func(*world, []*v1alpha1.BuyerUser){
		"when the window is over":           func(w *world, _ []*v1alpha1.BuyerUser) { w.pass(2 * time.Hour) },
		"when many windows are over":        func(w *world, _ []*v1alpha1.BuyerUser) { w.pass(1000 * time.Hour) },
		"when the operator restarts":        func(w *world, _ []*v1alpha1.BuyerUser) { w.restart(); w.pass(2 * time.Hour) },
		"when the maximum is declared anew": func(w *world, _ []*v1alpha1.BuyerUser) { w.set(3); w.pass(2 * time.Hour) },
		"when the maximum is lowered":       func(w *world, _ []*v1alpha1.BuyerUser) { w.set(1); w.pass(2 * time.Hour) },
		// What a condition says of them is another attempt's failure.
		"when the Secret is broken meanwhile": func(w *world, held []*v1alpha1.BuyerUser) {
			w.failWith(held, v1alpha1.ReasonMarketplaceNotReady)
			w.expectHeld(7)
			w.pass(2 * time.Hour)
			w.expectThrough(w.prune("further", 1), 0)
		},
		"when the Secret is broken, and another operator leads": func(w *world, held []*v1alpha1.BuyerUser) {
			w.failWith(held, v1alpha1.ReasonCredentialsInvalid)
			w.restart()
			w.expectHeld(7)
			w.pass(2 * time.Hour)
		},
		"when a further deletion is the first to ask": func(w *world, _ []*v1alpha1.BuyerUser) {
			w.pass(2 * time.Hour)
			w.expectThrough(w.prune("further", 2), 0)
		},
		"when another operator leads whose cache lags behind": func(w *world, held []*v1alpha1.BuyerUser) {
			w.restart()
			for _, user := range held {
				w.hidden[user.Name] = true
			}
			w.pass(2 * time.Hour)
			w.expectThrough(w.prune("further", 2), 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, 3)
			through, held := w.expectThrough(w.prune("prune", 10), 3)
			w.carryOut(through)
			w.expectHeld(7)
			happen(w, held)
			w.expectThrough(held, 0)
			w.confirm(held[0])
			w.expectThrough(held, 1)
			w.carryOut(held[:1])
			w.expectThrough(held[1:], 0)
		})
	}
}

func TestTheGuardOpensAgainWhenNothingIsHeldAnyMore(t *testing.T) {
	for name, end := range map[string]func(*world, *v1alpha1.BuyerUser){
		"because they were confirmed": func(w *world, user *v1alpha1.BuyerUser) {
			w.confirm(user)
			if !w.admits(user) {
				w.t.Error("a confirmed one is held")
			}
			w.carryOut([]*v1alpha1.BuyerUser{user})
		},
		"because they are confirmed, and not gone yet": func(w *world, user *v1alpha1.BuyerUser) { w.confirm(user) },
		"because they are retained": func(w *world, user *v1alpha1.BuyerUser) {
			w.edit(user, func() { user.Spec.DeletionPolicy = v1alpha1.DeletionRetain })
		},
		"because they are only watched": func(w *world, user *v1alpha1.BuyerUser) {
			w.edit(user, func() { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
		},
	} {
		for _, restarts := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, after a restart: %v", name, restarts), func(t *testing.T) {
				w := begin(t, 3)
				through, held := w.expectThrough(w.prune("prune", 6), 3)
				w.carryOut(through)
				for _, user := range held {
					end(w, user)
				}
				w.expectHeld(0)
				w.pass(time.Minute)
				if restarts {
					w.restart()
				}
				_, again := w.expectThrough(w.prune("in-the-same-window", 1), 0)
				w.confirm(again[0])
				w.pass(2 * time.Hour)
				w.expectThrough(w.prune("in-the-next", 3), 3)
			})
		}
	}
}

func TestARaisedMaximumLetsSoManyMoreThrough(t *testing.T) {
	for name, test := range map[string]struct {
		happen func(*world, []*v1alpha1.BuyerUser)
		want   int
		closed bool
	}{
		"in the same window": {func(w *world, _ []*v1alpha1.BuyerUser) { w.set(5) }, 2, true},
		"after a restart":    {func(w *world, _ []*v1alpha1.BuyerUser) { w.restart(); w.set(5) }, 2, true},
		"raised twice": {func(w *world, held []*v1alpha1.BuyerUser) {
			w.set(5)
			w.expectThrough(held, 2)
			w.set(6)
		}, 3, true},
		"raised beyond what is needed": {func(w *world, _ []*v1alpha1.BuyerUser) { w.set(100) }, 7, false},
		"lowered, and raised to less than what was let through": {func(w *world, held []*v1alpha1.BuyerUser) {
			w.set(1)
			w.expectThrough(held[:1], 0)
			w.set(2)
		}, 0, true},
		"switched off": {func(w *world, _ []*v1alpha1.BuyerUser) { w.set(0) }, 7, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, 3)
			_, held := w.expectThrough(w.prune("prune", 10), 3)
			test.happen(w, held)
			w.expectThrough(held, test.want)
			w.pass(2 * time.Hour)
			w.restart()
			w.expectThrough(w.prune("later", 1), map[bool]int{false: 1}[test.closed])
		})
	}
}
