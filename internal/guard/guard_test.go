// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

func TestOfManyAtOnceExactlySoManyAreLetThrough(t *testing.T) {
	w := begin(t, 20)
	var through atomic.Int32
	var group sync.WaitGroup
	for _, user := range w.prune("user", 500) {
		group.Go(func() {
			if w.admits(user) {
				through.Add(1)
			}
		})
	}
	group.Wait()
	if through.Load() != 20 {
		t.Errorf("%d were let through", through.Load())
	}
	w.expectHeld(480)
	if w.patches.Load() != 21 {
		t.Errorf("%d patches: who is held writes nothing but the first", w.patches.Load())
	}
}

// Two leaders for a moment: the one that is the leader no more decides by what it read.
func TestOfTwoOperatorsAtOnceExactlySoManyAreLetThrough(t *testing.T) {
	w := begin(t, 20)
	users := w.prune("user", 100)
	first := w.guard
	w.restart()
	var through atomic.Int32
	var group sync.WaitGroup
	for index, user := range users {
		asked := []*Guard{first, w.guard}[index%2]
		group.Go(func() {
			err := asked.Admit(t.Context(), user, user.Spec.MarketplaceRef)
			for apierrors.IsConflict(err) {
				err = asked.Admit(t.Context(), user, user.Spec.MarketplaceRef)
			}
			switch {
			case err == nil:
				through.Add(1)
			case failure.As(err) == nil:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if through.Load() != 20 {
		t.Errorf("%d were let through", through.Load())
	}
}

func TestADeletionThatWasLetThroughStaysSoForAsLongAsItsObjectExists(t *testing.T) {
	for name, happen := range map[string]func(*world){
		"at once":                        func(*world) {},
		"windows later":                  func(w *world) { w.pass(100 * time.Hour) },
		"after a restart":                func(w *world) { w.restart() },
		"after a restart, windows later": func(w *world) { w.restart(); w.pass(100 * time.Hour) },
		"after others were held":         func(w *world) { w.expectThrough(w.prune("more", 5), 0) },
		"after others were let through":  func(w *world) { w.pass(2 * time.Hour); w.expectThrough(w.prune("more", 5), 3) },
		"and the cache does not show its deletion": func(w *world) {
			w.restart()
			w.hidden["in-use-0"] = true
			w.pass(2 * time.Hour)
			w.expectThrough(w.prune("more", 3), 3)
		},
		"and the maximum is lowered": func(w *world) { w.set(1) },
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, 3)
			waiting := w.prune("in-use", 3)
			w.expectThrough(waiting, 3)
			happen(w)
			before := w.patches.Load()
			for range 3 {
				w.expectThrough(waiting, 3)
			}
			if w.patches.Load() != before {
				t.Error("they were counted again")
			}
		})
	}
}

// Two deletions wait for OrderCloud, say because an impersonation config names the user.
func TestDeletionsThatTakeLongCloseTheGuardForNobody(t *testing.T) {
	w := begin(t, 3)
	slow := w.prune("in-use", 3)
	w.expectThrough(slow, 3)
	w.pass(2 * time.Hour)
	w.expectThrough(w.prune("honest", 1), 1)
	w.expectThrough(slow, 3)
	w.expectHeld(0)
	w.pass(100 * time.Hour)
	w.expectThrough(w.prune("honest-later", 3), 3)
}

// The prune begins in the last moments of a window that an early deletion began.
func TestAPruneAtAWindowsEndIsHeldAsAnyOther(t *testing.T) {
	w := begin(t, 20)
	w.expectThrough(w.prune("long-before", 1), 1)
	w.pass(time.Hour - 100*time.Millisecond)
	through, _ := w.expectThrough(w.prune("prune", 50), 19)
	w.carryOut(through)
	w.pass(200 * time.Millisecond)
	w.expectThrough(w.prune("goes-on", 50), 0)
	w.expectHeld(50 - 19 + 50)
}

func TestThePermissionOfOneMarketplaceIsNoneOfAnother(t *testing.T) {
	w := begin(t, 1)
	mine, theirs := w.user("of-default"), w.user("of-other")
	theirs.Spec.MarketplaceRef.Name = "other"
	w.add(mine, theirs)
	for range 2 {
		if !w.admits(mine) || !w.admits(theirs) {
			t.Error("held")
		}
	}
	second := w.user("second-of-other")
	second.Spec.MarketplaceRef.Name = "other"
	w.add(second)
	if w.admits(second) {
		t.Error("let through once for all")
	}
	w.expectHeld(0) // of default
}

func TestWhatIsNotGuarded(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*world, *v1alpha1.BuyerUser)
		guarded bool
	}{
		"a confirmed deletion": {change: func(_ *world, user *v1alpha1.BuyerUser) {
			user.Annotations = map[string]string{v1alpha1.ConfirmDeleteAnnotation: "true"}
		}},
		"one that is confirmed in another way": {func(_ *world, user *v1alpha1.BuyerUser) {
			user.Annotations = map[string]string{v1alpha1.ConfirmDeleteAnnotation: "yes"}
		}, true},
		"one of a namespace that is deleted":   {change: func(_ *world, user *v1alpha1.BuyerUser) { user.Namespace = "ending" }},
		"one of a namespace that lives on":     {func(*world, *v1alpha1.BuyerUser) {}, true},
		"one of a Marketplace that is gone":    {change: func(_ *world, user *v1alpha1.BuyerUser) { user.Spec.MarketplaceRef.Name = "gone" }},
		"one of a Marketplace that holds none": {change: func(w *world, _ *v1alpha1.BuyerUser) { w.set(0) }},
		"one of a namespace that nobody is let watch": {func(w *world, user *v1alpha1.BuyerUser) {
			user.Namespace, w.guard.Namespaces = "ending", []string{"shop", "ending"}
		}, true},
		"one of a Marketplace that is not watched": {change: func(w *world, _ *v1alpha1.BuyerUser) { w.guard.Namespaces = []string{"elsewhere"} }},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, 1)
			w.expectThrough(w.prune("before", 2), 1)
			patches := w.patches.Load()
			object := w.user("object")
			test.change(w, object)
			w.add(object)
			if w.admits(object) == test.guarded {
				t.Errorf("guarded: %v", !test.guarded)
			}
			if w.patches.Load() != patches {
				t.Error("what is not guarded is counted")
			}
		})
	}
}

// Otherwise whoever may create objects somewhere could close everybody's guard for good.
func TestANamespaceThatIsNotLetInNeitherUsesTheGuardNorKeepsItClosed(t *testing.T) {
	w := begin(t, 1)
	w.closed = []string{"outside"}
	stranger := w.user("stranger")
	stranger.Namespace = "outside"
	w.add(stranger)
	err := w.guard.Admit(t.Context(), stranger, stranger.Spec.MarketplaceRef)
	if problem := failure.As(err); problem == nil || problem.Reason != v1alpha1.ReasonNamespaceNotAllowed {
		t.Fatalf("got %v", err)
	}
	_, held := w.expectThrough(w.prune("prune", 2), 1)
	w.expectHeld(1)
	w.confirm(held[0])
	w.pass(2 * time.Hour)
	w.expectThrough(w.prune("honest", 1), 1)
}

// Deletions of both kinds count together.
func TestGrantsAreHeldWithUsers(t *testing.T) {
	w := begin(t, 1)
	_, users := w.expectThrough(w.prune("user", 2), 1)
	config := &v1alpha1.ImpersonationConfig{ObjectMeta: users[0].ObjectMeta}
	config.Name, config.UID, config.Spec.MarketplaceRef = "grant", "grant", users[0].Spec.MarketplaceRef
	config.Status.Claim = &v1alpha1.Claim{State: v1alpha1.ClaimHeld, UID: "grant"}
	w.add(config)
	if w.admits(config) {
		t.Error("let through")
	}
	held, err := w.guard.Held(t.Context(), w.declared())
	if err != nil || len(held) != 2 || !held["grant"] {
		t.Errorf("held %v (%v)", held, err)
	}
}

func TestAMarketplaceThatIsMadeAnewBeginsAnew(t *testing.T) {
	w := begin(t, 3)
	through, held := w.expectThrough(w.prune("before", 5), 3)
	w.carryOut(append(through, held...))
	old := w.declared()
	if err := w.kube.Delete(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	fresh := marketplaceNamed("default", old.Spec.DeletionGuard)
	fresh.UID = "anew"
	w.add(fresh)
	w.expectThrough(w.prune("after", 3), 3)
}

// The rest of the status is the Marketplace's controller's.
func TestOnlyTheGuardsPartOfTheStatusIsWritten(t *testing.T) {
	w := begin(t, 3)
	declared := w.declared()
	declared.Status.DeletionsHeld, declared.Status.Objects = 42, []v1alpha1.ObjectCounts{{Kind: "BuyerUser", Total: 7}}
	if err := w.kube.Status().Update(t.Context(), declared); err != nil {
		t.Fatal(err)
	}
	w.expectThrough(w.prune("a", 4), 3)
	if status := w.declared().Status; status.DeletionsHeld != 42 || len(status.Objects) != 1 || status.Objects[0].Total != 7 {
		t.Errorf("got %+v", status)
	}
}

func TestWithoutADeclarationTheDefaultsHold(t *testing.T) {
	w := begin(t, 1)
	users := w.prune("user", 25)
	for _, user := range users {
		w.edit(user, func() { user.Spec.MarketplaceRef.Name = "careless" })
	}
	through, held := w.expectThrough(users, 20)
	w.carryOut(append(through, held...))
	later := func(name string) *v1alpha1.BuyerUser {
		user := w.user(name)
		user.Spec.MarketplaceRef.Name = "careless"
		w.add(user)
		return user
	}
	w.pass(10*time.Minute - time.Second)
	early := later("early")
	if w.admits(early) {
		t.Error("the window is shorter")
	}
	w.confirm(early)
	w.pass(30*time.Second + time.Second)
	if !w.admits(later("late")) {
		t.Error("the window is longer")
	}
}

func TestWhoeverIsHeldReadsWhatToDo(t *testing.T) {
	w := begin(t, 1)
	_, held := w.expectThrough(w.prune("user", 2), 1)
	problem := failure.As(w.guard.Admit(t.Context(), held[0], held[0].Spec.MarketplaceRef))
	if problem == nil || problem.Reason != v1alpha1.ReasonDeletionHeld || !problem.Stalled {
		t.Fatalf("got %+v", problem)
	}
	const want = "Marketplace shop/default lets 1 deletions in 1h0m0s through, and there were more: "
	if !strings.HasPrefix(problem.Message, want) || !strings.Contains(problem.Message, v1alpha1.ConfirmDeleteAnnotation) {
		t.Errorf("got %q", problem.Message)
	}
}

func TestMoreDeletionsThanMayBeUnderWayWaitForTheOthers(t *testing.T) {
	w := begin(t, 100000)
	users := w.prune("user", v1alpha1.MaxDeletionsUnderWay)
	known := v1alpha1.Deletions{}
	for _, user := range users {
		known.UnderWay = append(known.UnderWay, string(user.UID))
	}
	w.note(known)
	next := w.prune("next", 1)[0]
	problem := failure.As(w.guard.Admit(t.Context(), next, next.Spec.MarketplaceRef))
	if problem == nil || problem.Reason != v1alpha1.ReasonDeletionQueued || problem.Stalled || problem.Retry != failure.Backoff {
		t.Fatalf("got %+v", problem)
	}
	w.carryOut(users[:1])
	w.expectThrough([]*v1alpha1.BuyerUser{next}, 1)
	if got := w.declared().Status.Deletions.UnderWay; len(got) != v1alpha1.MaxDeletionsUnderWay || slices.Contains(got, string(users[0].UID)) {
		t.Errorf("%d are under way", len(got))
	}
}
