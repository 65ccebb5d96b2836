// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const deleteUser = "DELETE " + userPath

// keptAndWaiting are two that declare the same user: one has it, the other waits.
func (w *world) keptAndWaiting(policy v1alpha1.DeletionPolicy) (owner, waiting *v1alpha1.BuyerUser) {
	w.t.Helper()
	owner, waiting = first(), second()
	owner.Spec.DeletionPolicy = policy
	w.ready(owner)
	w.declare(waiting)
	w.settle(waiting)
	w.expectConflictWith(waiting, owner)
	w.events()
	w.forget()
	return owner, waiting
}

func (w *world) expectNoDeletion() {
	w.t.Helper()
	if w.box.Stats().Calls["DELETE /v1/buyers/{buyerID}/users/{userID}"] > 0 || w.inOrderCloud(userPath) == nil {
		w.t.Errorf("what is still declared was deleted: %v", w.written())
	}
}

// expectTakenOver checks that the heir is the only owner, and that it can delete
// what it inherited.
func (w *world) expectTakenOver(owner, heir *v1alpha1.BuyerUser) {
	w.t.Helper()
	w.expectNoDeletion()
	if w.read(owner) {
		w.t.Errorf("%s is left, with finalizers %v", owner.Name, owner.Finalizers)
	}
	if !w.read(heir) || !isClaimed(heir) || heir.Status.Claim.State != v1alpha1.ClaimHeld || heir.Status.Claim.Marketplace != w.here() {
		w.t.Errorf("finalizers %v, claim %+v", heir.Finalizers, heir.Status.Claim)
	}
	if status, _ := readyStatus(heir); status != "True" {
		w.t.Errorf("the heir is not Ready: %s", w.whyNotReady(heir))
	}
	w.expectField(userPath, "Email", heir.Spec.Email)
	if heir.Status.LastDrift != nil {
		w.t.Errorf("told as drift: %+v", heir.Status.LastDrift)
	}
	w.remove(heir)
	w.settle(heir)
	w.expectNothingLeft(heir, userPath)
}

func TestWhoeverWaitedInheritsTheObject(t *testing.T) {
	for _, policy := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionDelete, v1alpha1.DeletionRetain} {
		t.Run("with deletionPolicy "+string(policy), func(t *testing.T) {
			w := begin(t)
			owner, heir := w.keptAndWaiting(policy)
			w.remove(owner)
			w.mustPass(owner)
			w.expectWrites("patch finalizers", "patch status", "patch finalizers")
			w.expectEvents("Normal HandedOver")
			w.forget()
			w.mustPass(heir)
			w.expectWrites(patchUser, "patch status")
			w.expectEvents("Normal Updated")
			w.expect(heir, "Ready", "True Updated")
			w.expect(heir, "Drifted", "False InSync")
			w.expectTakenOver(owner, heir)
		})
	}
}

// A wins over B, B over C: the heir is the one that would be the owner.
func TestOfSeveralThatWaitOneInheritsAndTheOthersGoOnWaiting(t *testing.T) {
	w := begin(t)
	owner, heir := w.keptAndWaiting(v1alpha1.DeletionDelete)
	last := another("a-third", noon.Add(time.Hour))
	w.declare(last)
	w.remove(owner)
	w.mustPass(owner)
	w.settle(last)
	w.expectConflictWith(last, heir)
	w.settle(heir)
	w.remove(heir)
	w.mustPass(heir)
	w.settle(last)
	w.expectTakenOver(heir, last)
}

func TestWhoIsDeletedItselfIsNoHeir(t *testing.T) {
	w := begin(t)
	owner, waiting := first(), second()
	waiting.Finalizers = []string{"example.com/theirs"}
	w.ready(owner)
	w.declare(waiting)
	w.settle(waiting)
	w.remove(waiting)
	w.remove(owner)
	w.forget()
	w.mustPass(owner)
	w.expectWrites(deleteUser, "patch finalizers")
	w.expectNothingLeft(owner, userPath)
}

// Right after a restart nothing is known of either Marketplace.
func TestWhoReachesTheMarketplaceInAnotherWayInheritsToo(t *testing.T) {
	w := begin(t)
	clientID, clientSecret := w.box.Credentials()
	w.marketplace(clientID, clientSecret)
	owner, heir := first(), second()
	heir.Spec.MarketplaceRef.Name = "main"
	w.ready(owner)
	w.declare(heir)
	w.settle(heir)
	w.expectConflictWith(heir, owner)
	w.remove(owner)
	w.start()
	w.mustPass(owner)
	w.mustPass(heir)
	w.expectTakenOver(owner, heir)
}

func TestALostRaceForTheHeirIsRunAgain(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(*world, *v1alpha1.BuyerUser)
		inherits  bool
	}{
		"somebody edits it": {func(w *world, heir *v1alpha1.BuyerUser) { w.label(heir, "too") }, true},
		"it is deleted":     {func(w *world, heir *v1alpha1.BuyerUser) { w.remove(heir) }, false},
		"it only watches from now on": {func(w *world, heir *v1alpha1.BuyerUser) {
			edit(w, heir, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			owner, heir := w.keptAndWaiting(v1alpha1.DeletionDelete)
			w.remove(owner)
			w.onWrite("patch finalizers", func() { test.meanwhile(w, heir) })
			// Who lost a race tries again; an error is one for the queue.
			if result, err := w.pass(owner); err == nil && result.RequeueAfter <= 0 {
				t.Error("does not come back")
			}
			w.expectWrites("patch finalizers")
			if !isClaimed(owner) {
				t.Error("the claim was given up without an heir")
			}
			w.settle(owner)
			if test.inherits {
				w.settle(heir)
				w.expectTakenOver(owner, heir)
				return
			}
			w.expectNothingLeft(owner, userPath)
			if w.read(heir) && isClaimed(heir) {
				t.Error("claimed by one that does not inherit")
			}
		})
	}
}

// The cache shows the heir as it was: nothing is put on one that declares something else
// by now, or only watches.
func TestAnHeirThatIsDeclaredInAnotherWayMeanwhileInheritsNothing(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.BuyerUser){
		"it declares another user": func(user *v1alpha1.BuyerUser) { user.Spec.UserID = "other" },
		"it only watches":          func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve },
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			owner, heir := w.keptAndWaiting(v1alpha1.DeletionDelete)
			w.remove(owner)
			w.beforeLastLook = func() { edit(w, heir, change) }
			w.mustPass(owner)
			if w.read(heir); heir.Status.Claim != nil {
				t.Errorf("the heir's claim is %+v", heir.Status.Claim)
			}
			w.settle(owner)
			w.expectNothingLeft(owner, userPath)
		})
	}
}

// The deletion of the owner wakes both, and their passes come in any order.
func TestAPassOfTheHeirInTheMiddleOfAHandOverTakesNothingFromIt(t *testing.T) {
	for number := 1; number <= 2; number++ {
		t.Run(fmt.Sprint("before write ", number), func(t *testing.T) {
			w := begin(t)
			owner, heir := w.keptAndWaiting(v1alpha1.DeletionDelete)
			// What it does not inherit it must not touch.
			edit(w, heir, func(user *v1alpha1.BuyerUser) { user.Spec.AdoptionPolicy = v1alpha1.AdoptNever })
			w.remove(owner)
			writes := 0
			w.hook = func(string) error {
				if writes++; writes == number {
					_, _ = w.pass(heir)
				}
				return nil
			}
			_, _ = w.pass(owner)
			w.settle(owner)
			w.settle(heir)
			w.expectTakenOver(owner, heir)
		})
	}
}

func TestACrashInTheMiddleOfAHandOverLosesNothing(t *testing.T) {
	t.Parallel()
	for _, heirFirst := range []bool{false, true} {
		for _, after := range []bool{false, true} {
			for number := 1; number <= 4; number++ {
				t.Run(fmt.Sprintf("write %d, after it: %v, then the heir first: %v", number, after, heirFirst), func(t *testing.T) {
					t.Parallel()
					w := begin(t)
					owner, heir := w.keptAndWaiting(v1alpha1.DeletionDelete)
					w.remove(owner)
					w.die(number, after)
					_, _ = w.pass(owner)
					_, _ = w.pass(heir)
					if !w.isDead() {
						t.Fatalf("the process outlived write %d of %v", number, w.written())
					}
					w.start()
					both := []*v1alpha1.BuyerUser{owner, heir}
					if heirFirst {
						slices.Reverse(both)
					}
					for _, user := range slices.Repeat(both, 2) {
						w.settle(user)
					}
					w.expectTakenOver(owner, heir)
				})
			}
		}
	}
}

// The heir is deleted as well while the hand-over is under way: nobody declares the
// object any more, and somebody has to delete it.
func TestACrashLeavesNothingThatNobodyDeletes(t *testing.T) {
	for _, after := range []bool{false, true} {
		for number := 1; number <= 2; number++ {
			t.Run(fmt.Sprintf("after %v, write %d", after, number), func(t *testing.T) {
				w := begin(t)
				owner, heir := w.keptAndWaiting(v1alpha1.DeletionDelete)
				w.remove(owner)
				w.die(number, after)
				_, _ = w.pass(owner)
				w.start()
				w.remove(heir)
				w.settle(heir)
				w.settle(owner)
				w.expectNothingLeft(heir, userPath)
				w.expectNothingLeft(owner, userPath)
			})
		}
	}
}

func TestACrashWhileOneYieldsLeavesOneOwner(t *testing.T) {
	for _, after := range []bool{false, true} {
		for number := 1; number <= 2; number++ {
			t.Run(fmt.Sprintf("after %v, write %d", after, number), func(t *testing.T) {
				w := begin(t)
				owner, yielding := w.claimedAlready(first()), w.claimedAlready(second())
				w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": owner.Spec.Email}))
				w.declare(owner, yielding)
				w.die(number, after)
				_, _ = w.pass(yielding)
				if !w.isDead() {
					t.Fatalf("the process outlived write %d of %v", number, w.written())
				}
				w.start()
				w.settle(yielding)
				w.settle(owner)
				w.expectConflictWith(yielding, owner)
				w.expect(owner, "Ready", "True InSync")
				for _, write := range w.written() {
					if !strings.HasPrefix(write, "patch ") {
						t.Errorf("written to OrderCloud: %v", w.written())
					}
				}
				w.remove(owner)
				w.settle(owner)
				w.settle(yielding)
				w.expectTakenOver(owner, yielding)
			})
		}
	}
}
