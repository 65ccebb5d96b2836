// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// beginShared is a world in which the Marketplace is shared by teams, with namespaces
// team-a to team-c.
func beginShared(t *testing.T, maximum int32, tenants ...v1alpha1.Tenant) *world {
	t.Helper()
	w := begin(t, maximum)
	for _, team := range []string{"a", "b", "c"} {
		namespace := namespaceNamed("team-" + team)
		namespace.Labels = map[string]string{"team": team}
		w.add(namespace)
	}
	w.share(tenants...)
	return w
}

// share declares spec.tenants; nil takes the declaration back.
func (w *world) share(tenants ...v1alpha1.Tenant) {
	w.t.Helper()
	declared := w.declared()
	w.edit(declared, func() { declared.Spec.Tenants = tenants })
}

func (w *world) confirmableByOwner() {
	w.t.Helper()
	declared := w.declared()
	w.edit(declared, func() { declared.Spec.DeletionGuard.ConfirmableBy = v1alpha1.ConfirmableByOwner })
}

// pruneIn deletes so many users of a namespace at once.
func (w *world) pruneIn(namespace, prefix string, number int) []*v1alpha1.BuyerUser {
	w.t.Helper()
	var users []*v1alpha1.BuyerUser
	for index := range number {
		user := w.user(fmt.Sprint(prefix, "-", index))
		user.Namespace = namespace
		w.add(user)
		users = append(users, user)
	}
	return users
}

func (w *world) refusal(user *v1alpha1.BuyerUser) *failure.Failure {
	w.t.Helper()
	problem := failure.As(w.guard.Admit(w.t.Context(), user, user.Spec.MarketplaceRef))
	if problem == nil {
		w.t.Fatal("let through")
	}
	return problem
}

func TestATenantThatUsesUpItsShareLeavesTheOthersWhole(t *testing.T) {
	for _, restarts := range []bool{false, true} {
		t.Run(fmt.Sprint("after a restart: ", restarts), func(t *testing.T) {
			w := beginShared(t, 3, tenantOf("a", new(int32(2))), tenantOf("b", nil), tenantOf("c", new(int32(0))))
			_, held := w.expectThrough(w.pruneIn("team-a", "a", 6), 2)
			if restarts {
				w.restart()
			}
			w.expectHeld(4)
			w.expectThrough(w.prune("owner", 3), 3)
			w.expectThrough(w.pruneIn("team-b", "b", 3), 3)
			w.expectThrough(w.pruneIn("team-c", "c", 30), 30) // 0 holds none
			w.expectThrough(held, 0)
			// By now each has used its own up.
			w.expectThrough(w.prune("owner-again", 1), 0)
			w.expectThrough(w.pruneIn("team-b", "b-again", 1), 0)
			if restarts {
				w.restart()
			}
			w.expectHeld(6)
			w.pass(2 * time.Hour)
			w.expectThrough(held, 0)
			w.restart()
			for _, user := range held {
				w.hidden[user.Name] = true // its cache lags behind
			}
			w.expectThrough(w.pruneIn("team-a", "further", 1), 0)
		})
	}
}

func TestTheOwnersPruneHoldsNoTenant(t *testing.T) {
	w := beginShared(t, 3, tenantOf("a", nil))
	_, held := w.expectThrough(w.prune("prune", 50), 3)
	w.expectThrough(w.pruneIn("team-a", "a", 3), 3)
	w.confirm(held[0])
	w.expectThrough(held, 1)
	w.expectHeld(46)
}

// Each has its own number to raise, and nothing of another's is released by that.
func TestALargerNumberOfOneEntryReleasesNothingOfAnother(t *testing.T) {
	w := beginShared(t, 1, tenantOf("a", new(int32(1))), tenantOf("b", new(int32(1))))
	_, heldOfA := w.expectThrough(w.pruneIn("team-a", "a", 5), 1)
	_, heldOfB := w.expectThrough(w.pruneIn("team-b", "b", 5), 1)
	_, heldOfOwner := w.expectThrough(w.prune("owner", 5), 1)
	w.share(tenantOf("a", new(int32(3))), tenantOf("b", new(int32(1))))
	w.expectThrough(heldOfB, 0)
	w.expectThrough(heldOfOwner, 0)
	w.expectThrough(heldOfA, 2)
	w.set(2)
	w.expectThrough(heldOfB, 0)
	w.expectThrough(heldOfOwner, 1)
	w.expectHeld(2 + 4 + 3)
}

func TestAConfirmationReleasesOneObjectOfOneTenant(t *testing.T) {
	w := beginShared(t, 1, tenantOf("a", nil), tenantOf("b", nil))
	_, heldOfA := w.expectThrough(w.pruneIn("team-a", "a", 3), 1)
	_, heldOfB := w.expectThrough(w.pruneIn("team-b", "b", 3), 1)
	w.confirm(heldOfA[0])
	w.expectThrough(heldOfA, 1)
	w.expectThrough(heldOfB, 0)
	w.confirm(heldOfA[1])
	w.expectThrough(heldOfB, 0)
	w.expectHeld(2)
	w.pass(2 * time.Hour) // a's opens, b's does not
	w.expectThrough(w.pruneIn("team-a", "later", 1), 1)
	w.expectThrough(heldOfB, 0)
}

func TestOnlyTheOwnersConfirmationCountsWhenItIsReserved(t *testing.T) {
	for name, tenants := range map[string][]v1alpha1.Tenant{"with tenants": {tenantOf("", nil)}, "without": nil} {
		t.Run(name, func(t *testing.T) {
			w := beginShared(t, 1, tenants...)
			w.confirmableByOwner()
			_, theirs := w.expectThrough(w.pruneIn("team-a", "a", 3), 1)
			w.confirm(theirs[0])
			w.expectThrough(theirs, 0)
			w.expectHeld(2)
			w.pass(2 * time.Hour)
			w.restart()
			w.expectThrough(theirs, 0)
			_, own := w.ask(w.prune("owner", 3))
			for _, user := range own {
				w.confirm(user)
			}
			w.expectThrough(own, len(own))
			w.expectHeld(2)
		})
	}
}

func TestANamespaceOfNoEntryNeitherUsesTheGuardNorKeepsItClosed(t *testing.T) {
	w := beginShared(t, 1, tenantOf("a", nil))
	strangers := w.pruneIn("team-b", "b", 3)
	w.confirm(strangers[0]) // which does not help
	for _, stranger := range strangers {
		if problem := w.refusal(stranger); problem.Reason != v1alpha1.ReasonNotPermitted || !problem.Stalled {
			t.Errorf("got %+v", problem)
		}
	}
	if w.declared().Status.Deletions != nil {
		t.Error("they were counted")
	}
	_, held := w.expectThrough(w.pruneIn("team-a", "a", 2), 1)
	w.expectHeld(1)
	w.confirm(held[0])
	w.pass(2 * time.Hour)
	w.expectThrough(w.pruneIn("team-a", "honest", 1), 1)
}

// A role may let the operator read some namespaces only.
func TestANamespaceWhoseLabelsMayNotBeReadHoldsNobody(t *testing.T) {
	w := beginShared(t, 1, tenantOf("a", nil), tenantOf("b", nil))
	w.unreadable = []string{"team-b"}
	stranger := w.pruneIn("team-b", "b", 1)[0]
	if problem := w.refusal(stranger); problem.Reason != v1alpha1.ReasonNotPermitted {
		t.Errorf("got %+v", problem)
	}
	w.expectThrough(w.pruneIn("team-a", "a", 2), 1)
	w.expectHeld(1)
}

func TestLabelsAreOnlyAskedForWhereTheyDecide(t *testing.T) {
	for name, tenants := range map[string][]v1alpha1.Tenant{"without tenants": nil, "with one entry for all": {tenantOf("", nil)}} {
		w := beginShared(t, 1, tenants...)
		w.ask(append(w.pruneIn("team-a", "a", 3), w.prune("owner", 3)...))
		if got := w.labelled.Load(); got != 0 {
			t.Errorf("%s: %d times", name, got)
		}
	}
	w := beginShared(t, 1, tenantOf("a", nil))
	w.ask(w.prune("owner", 3))
	if got := w.labelled.Load(); got != 0 {
		t.Errorf("the owner's: %d times", got)
	}
}

func TestWhoeverIsHeldReadsWhoseNumberItIsAndWhomToAsk(t *testing.T) {
	const owners = "ask those who own Marketplace shop/default to raise its spec."
	for name, test := range map[string]struct {
		tenants      []v1alpha1.Tenant
		namespace    string
		isReserved   bool
		want         []string
		isAnnotation bool
	}{
		"the owner": {
			namespace: "shop", isReserved: true, tenants: []v1alpha1.Tenant{tenantOf("", new(int32(4)))}, isAnnotation: true,
			want: []string{"lets 1 deletions in 1h0m0s through", "or raise the Marketplace's deletionGuard.maxDeletions"},
		},
		"a namespace without tenants": {
			namespace: "team-a", isAnnotation: true,
			want: []string{"lets 1 deletions in 1h0m0s through", "or raise the Marketplace's deletionGuard.maxDeletions"},
		},
		"a namespace without tenants that may not confirm": {
			namespace: "team-a", isReserved: true, want: []string{"lets 1 deletions in 1h0m0s through", owners + "deletionGuard.maxDeletions"},
		},
		"a tenant with its own number": {
			namespace: "team-a", tenants: []v1alpha1.Tenant{tenantOf("b", nil), tenantOf("a", new(int32(2)))}, isAnnotation: true,
			want: []string{"lets 2 deletions of the namespaces of its spec.tenants[1] in 1h0m0s through", "or " + owners + "tenants[1].maxDeletions"},
		},
		"a tenant with everybody's number": {
			namespace: "team-a", tenants: []v1alpha1.Tenant{tenantOf("a", nil)}, isAnnotation: true,
			want: []string{"lets 1 deletions of the namespaces of its spec.tenants[0] in 1h0m0s through", "or " + owners + "deletionGuard.maxDeletions"},
		},
		"a tenant that may not confirm": {
			namespace: "team-a", tenants: []v1alpha1.Tenant{tenantOf("a", new(int32(2)))}, isReserved: true,
			want: []string{"of the namespaces of its spec.tenants[0]", "if they are meant, " + owners + "tenants[0].maxDeletions"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := beginShared(t, 1, test.tenants...)
			if test.tenants != nil {
				w.share(append(test.tenants, tenantOf("b", nil))...)
			}
			if test.isReserved {
				w.confirmableByOwner()
			}
			w.ask(w.pruneIn("team-b", "secretive", 5))
			_, held := w.ask(w.pruneIn(test.namespace, "mine", 3))
			problem := w.refusal(held[0])
			for _, want := range test.want {
				if !strings.Contains(problem.Message, want) {
					t.Errorf("got %q, want %q in it", problem.Message, want)
				}
			}
			if strings.Contains(problem.Message, v1alpha1.ConfirmDeleteAnnotation) != test.isAnnotation {
				t.Errorf("the annotation in %q", problem.Message)
			}
			if strings.Contains(problem.Message, "secretive") || strings.Contains(problem.Message, "team-b") || strings.Contains(problem.Message, "team=") {
				t.Errorf("it speaks of others: %q", problem.Message)
			}
		})
	}
}

func TestATenantWhoseDeletionsTakeLongLeavesTheOthersTheirPlaces(t *testing.T) {
	w := beginShared(t, 100000, tenantOf("a", nil), tenantOf("b", nil))
	slow := w.pruneIn("team-a", "slow", 501)
	known := v1alpha1.TenantDeletions{Namespaces: "team=a"}
	for _, user := range slow[:500] {
		known.UnderWay = append(known.UnderWay, string(user.UID))
	}
	w.note(v1alpha1.Deletions{Tenants: []v1alpha1.TenantDeletions{known}})
	problem := w.refusal(slow[500])
	const want = "500 deletions of Marketplace shop/default of the namespaces of its spec.tenants[0] are under way"
	if problem.Reason != v1alpha1.ReasonDeletionQueued || !strings.HasPrefix(problem.Message, want) {
		t.Errorf("got %+v", problem)
	}
	w.expectThrough(w.pruneIn("team-b", "b", 3), 3)
	w.expectThrough(w.prune("owner", 3), 3)
}

func TestAccountsOfWhichNothingIsKnownAreNotKept(t *testing.T) {
	w := beginShared(t, 2, tenantOf("a", nil), tenantOf("b", nil))
	through, _ := w.expectThrough(w.pruneIn("team-a", "a", 1), 1)
	w.carryOut(through)
	w.expectThrough(w.pruneIn("team-b", "b", 1), 1)
	accounts := func() (keys []string) {
		for _, tenant := range w.declared().Status.Deletions.Tenants {
			keys = append(keys, tenant.Namespaces)
		}
		return keys
	}
	if got := accounts(); !slices.Equal(got, []string{"team=a", "team=b"}) {
		t.Errorf("got %v", got)
	}
	w.pass(2 * time.Hour)
	w.expectThrough(w.prune("owner", 1), 1)
	if got := accounts(); !slices.Equal(got, []string{"team=b"}) { // which is under way
		t.Errorf("got %v", got)
	}
}
