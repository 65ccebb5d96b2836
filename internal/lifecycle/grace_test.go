// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/guard"
)

// grace lets deletions of the Marketplace wait for an heir.
func (w *world) grace(grace time.Duration) {
	w.t.Helper()
	w.defaultMarketplace(func(declared *v1alpha1.Marketplace) {
		declared.Spec.DeletionGuard.Grace = &metav1.Duration{Duration: grace}
	})
	w.clock.SetTime(time.Now()) // deletions go by it
	w.withGuard()
}

func (w *world) withGuard() {
	w.users.Guard = &guard.Guard{Client: w.users.Client, Clock: w.clock, Namespaces: []string{namespace, "tenant"}}
	w.configs.Guard = w.users.Guard
}

func (w *world) tick(duration time.Duration) { w.clock.SetTime(w.clock.Now().Add(duration)) }

func TestAUserWaitsForAnHeirBeforeItIsDeleted(t *testing.T) {
	w := begin(t)
	w.grace(15 * time.Second)
	user := declaredUser()
	w.ready(user)
	w.remove(user)
	w.forget()
	result, err := w.pass(user)
	if err != nil || result.RequeueAfter <= 0 || result.RequeueAfter > 16*time.Second {
		t.Fatalf("got %+v, %v", result, err)
	}
	w.expectWrites()
	w.tick(13 * time.Second)
	w.start() // a restart changes nothing
	w.withGuard()
	w.mustPass(user)
	w.expectWrites()
	if w.inOrderCloud(userPath) == nil {
		t.Fatal("deleted before the grace is over")
	}
	w.tick(4 * time.Second)
	w.mustPass(user)
	w.expectNothingLeft(user, userPath)
}

// Argo CD prunes what moves to another namespace before it applies it there.
func TestWhatIsDeclaredAgainWithinTheGraceIsHandedOver(t *testing.T) {
	for _, policy := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionDelete, v1alpha1.DeletionDeactivate} {
		t.Run(string(policy), func(t *testing.T) { handOverWithinTheGrace(t, policy) })
	}
}

func handOverWithinTheGrace(t *testing.T, policy v1alpha1.DeletionPolicy) {
	t.Helper()
	w := begin(t)
	w.grace(15 * time.Second)
	leaving, heir := first(), second()
	leaving.Spec.DeletionPolicy = policy
	w.ready(leaving)
	w.remove(leaving)
	w.mustPass(leaving)
	w.tick(10 * time.Second)
	w.declare(heir)
	w.mustPass(heir)
	w.expect(heir, "Reconciling", "True Conflict")
	w.mustPass(leaving)
	if w.read(leaving) {
		t.Error("the one that leaves is left")
	}
	w.settle(heir)
	w.expectNoDeletion()
	w.expectField(userPath, "Active", true)
	if status, reason := readyStatus(heir); status != metav1.ConditionTrue || !isClaimed(heir) {
		t.Errorf("the heir: Ready %s %s, claim %+v", status, reason, heir.Status.Claim)
	}
}

func TestWhatHoldsNoDataWaitsForNobody(t *testing.T) {
	w := begin(t)
	w.grace(15 * time.Second)
	config := declaredConfig()
	w.ready(config)
	w.remove(config)
	w.mustPass(config)
	w.expectNothingLeft(config, configPath)
}

func TestWhatIsNotDeletedInOrderCloudWaitsForNobody(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.BuyerUser){
		"Retain":  func(user *v1alpha1.BuyerUser) { user.Spec.DeletionPolicy = v1alpha1.DeletionRetain },
		"Observe": func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve },
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.grace(15 * time.Second)
			user := declaredUser()
			w.ready(user)
			edit(w, user, change)
			w.remove(user)
			w.mustPass(user)
			if w.read(user) {
				t.Error("the resource is left")
			}
		})
	}
}

func TestWithoutAGraceADeletionIsCarriedOutAtOnce(t *testing.T) {
	w := begin(t)
	w.grace(0)
	user := declaredUser()
	w.ready(user)
	w.remove(user)
	w.mustPass(user)
	w.expectNothingLeft(user, userPath)
}

// What the guard holds must not depend on whether OrderCloud can be reached.
func TestTheGuardIsAskedBeforeAnythingConnects(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.ready(user)
	w.guarded(1)
	held := declaredUser()
	held.Name, held.UID, held.Spec.UserID, held.Spec.Username = "held", "held", "held", "q7.username.held"
	w.ready(held)
	w.lose("Secret")
	w.start()
	w.withGuard()
	w.remove(held)
	w.mustPass(held)
	w.expect(held, "Synced", "False DeletionHeld")
}

// Nothing will be deleted for it, so it takes nobody's place.
func TestWhatWasClaimedElsewhereIsNotHeld(t *testing.T) {
	w := begin(t)
	w.guarded(1)
	user := w.claimedAlready(declaredUser())
	user.Status.Claim.Marketplace.URL = "https://elsewhere.example"
	w.declare(user)
	w.remove(user)
	w.mustPass(user)
	if w.read(user) {
		t.Errorf("held: %s", w.whyNotReady(user))
	}
}
