// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// docs/argocd.md: waves decide which half of a move comes first. Once the old one only
// watches, either order moves the user without a deletion and without a conflict.
func TestAMoveAcrossWavesNeedsTwoCommits(t *testing.T) {
	for name, pruneFirst := range map[string]bool{"applied first": false, "pruned first": true} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			old, moved := first(), second()
			moved.Spec.Email = old.Spec.Email
			w.ready(old)
			edit(w, old, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
			w.settle(old)
			w.expect(old, "Ready", "True InSync")
			w.forget()
			prune := func() {
				w.remove(old)
				w.mustPass(old)
				if w.read(old) {
					t.Fatalf("it is kept by %v", old.Finalizers)
				}
			}
			apply := func() {
				w.declare(moved)
				w.settle(moved)
				w.expect(moved, "Ready", "True InSync")
			}
			if pruneFirst {
				prune()
				apply()
			} else {
				apply()
				prune()
			}
			w.expectTakenOver(old, moved)
		})
	}
}
