// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// Team a has two deletions under way and four that are held when spec.tenants changes.
func TestAChangeOfTenantsReleasesNothing(t *testing.T) {
	a, b, everybody := tenantOf("a", new(int32(2))), tenantOf("b", new(int32(2))), tenantOf("", new(int32(2)))
	renamed := chosen("In", "a")
	renamed.MaxDeletions = new(int32(2))
	larger := chosen("In", "a", "b")
	larger.MaxDeletions = new(int32(3))
	for name, test := range map[string]struct {
		before, after []v1alpha1.Tenant
		// released are let through of those that were held.
		released int
	}{
		"nothing changes":                          {[]v1alpha1.Tenant{a}, []v1alpha1.Tenant{a}, 0},
		"an entry is added before it":              {[]v1alpha1.Tenant{a}, []v1alpha1.Tenant{b, a}, 0},
		"an entry is added behind it":              {[]v1alpha1.Tenant{a}, []v1alpha1.Tenant{a, everybody}, 0},
		"another one is removed":                   {[]v1alpha1.Tenant{b, a}, []v1alpha1.Tenant{a}, 0},
		"another one is put first":                 {[]v1alpha1.Tenant{a, everybody}, []v1alpha1.Tenant{everybody, a}, 0},
		"its selector is written in another way":   {[]v1alpha1.Tenant{a}, []v1alpha1.Tenant{renamed}, 0},
		"it is removed, and another one matches":   {[]v1alpha1.Tenant{a, everybody}, []v1alpha1.Tenant{everybody}, 0},
		"tenants are declared":                     {nil, []v1alpha1.Tenant{a}, 0},
		"tenants are declared, with one for all":   {nil, []v1alpha1.Tenant{everybody}, 0},
		"tenants are declared no more":             {[]v1alpha1.Tenant{a}, nil, 0},
		"another entry matches, with a larger one": {[]v1alpha1.Tenant{a}, []v1alpha1.Tenant{larger}, 3},
		"another entry matches that holds none":    {[]v1alpha1.Tenant{a}, []v1alpha1.Tenant{tenantOf("", new(int32(0)))}, 4},
	} {
		for _, restarts := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, after a restart: %v", name, restarts), func(t *testing.T) {
				w := beginShared(t, 2, test.before...)
				through, held := w.expectThrough(w.pruneIn("team-a", "a", 6), 2)
				w.share(test.after...)
				if restarts {
					w.restart()
					for _, user := range held {
						w.hidden[user.Name] = true // its cache lags behind
					}
				}
				w.pass(3 * time.Hour)
				w.expectThrough(through, 2)
				w.expectThrough(held, test.released)
				clear(w.hidden)
				w.expectHeld((4 - test.released) * min(1, len(held)-test.released))
				w.expectThrough(through, 2)
			})
		}
	}
}

// Until when they are held is not forgotten either: the cache shows the earlier one only.
func TestAChangeOfTenantsForgetsNobodyWhomTheCacheDoesNotShow(t *testing.T) {
	w := beginShared(t, 2, tenantOf("a", nil))
	through, early := w.expectThrough(w.pruneIn("team-a", "early", 3), 2)
	w.carryOut(through)
	w.pass(time.Minute)
	_, late := w.expectThrough(w.pruneIn("team-a", "late", 1), 0)
	w.share(tenantOf("a", nil), tenantOf("b", nil))
	w.hidden[late[0].Name] = true
	w.restart()
	w.expectThrough(early, 0)
	clear(w.hidden)
	w.confirm(early[0])
	w.carryOut(early)
	w.pass(3 * time.Hour)
	w.expectThrough(late, 0)
	w.expectHeld(1)
}

// Whom an entry has matched all along is not held by what a change brings there.
func TestAChangeOfTenantsHoldsNobodyElse(t *testing.T) {
	a, b, c := tenantOf("a", nil), tenantOf("b", nil), tenantOf("c", nil)
	w := beginShared(t, 2, a, b, c)
	_, held := w.expectThrough(w.pruneIn("team-a", "a", 5), 2)
	w.share(c, tenantOf("", nil), a) // a's and b's namespaces share an account from now on
	w.expectThrough(w.pruneIn("team-c", "c", 2), 2)
	w.expectThrough(w.prune("owner", 2), 2)
	w.expectThrough(held, 0)
	w.expectHeld(3)
	w.confirm(held[0])
	w.confirm(held[1])
	w.confirm(held[2])
	w.pass(time.Minute)
	w.expectThrough(w.pruneIn("team-b", "b", 2), 2)
}

func TestAnEntryThatIsTakenAwayAndPutBackReleasesNothing(t *testing.T) {
	for name, between := range map[string][]v1alpha1.Tenant{"no entry": {}, "another entry": {tenantOf("b", nil)}} {
		t.Run(name, func(t *testing.T) {
			w := beginShared(t, 2, tenantOf("a", nil))
			through, held := w.expectThrough(w.pruneIn("team-a", "a", 6), 2)
			w.share(between...)
			w.pass(3 * time.Hour)
			if problem := w.refusal(held[0]); problem.Reason != v1alpha1.ReasonNotPermitted {
				t.Errorf("got %+v", problem)
			}
			w.expectHeld(0) // they wait for an entry, and not for a confirmation
			w.expectThrough(w.prune("owner", 2), 2)
			w.share(tenantOf("a", nil))
			w.expectThrough(through, 2)
			w.expectThrough(held, 0)
			w.expectHeld(4)
		})
	}
}

func TestADeletionThatIsUnderWayIsNotCountedAgainInAnotherAccount(t *testing.T) {
	w := beginShared(t, 3, tenantOf("a", nil))
	through, _ := w.expectThrough(w.pruneIn("team-a", "a", 2), 2)
	for _, tenants := range [][]v1alpha1.Tenant{{tenantOf("", nil)}, nil, {chosen("Exists")}} {
		w.share(tenants...)
		patches := w.patches.Load()
		w.expectThrough(through, 2)
		if w.patches.Load() != patches {
			t.Error("they were counted again")
		}
	}
	w.carryOut(through)
	w.pass(2 * time.Hour)
	w.expectThrough(w.pruneIn("team-b", "b", 1), 1)
	if got := w.declared().Status.Deletions.Tenants; len(got) != 1 || got[0].Namespaces != "team" {
		t.Errorf("what is gone is still known: %+v", got)
	}
}

// However often entries are renamed, what is known of them fits into the status.
func TestARecordHasNoMoreAccountsThanItMay(t *testing.T) {
	known := v1alpha1.Deletions{}
	there := map[string]bool{}
	for number := range 300 {
		team := fmt.Sprint("team-", number)
		declared := marketplaceNamed("default", v1alpha1.DeletionGuard{})
		declared.Spec.Tenants = []v1alpha1.Tenant{tenantOf(team, nil)}
		asks := waiter{deletion{team, at(0)}, origin{team, labels.Set{"team": team}}}
		var said answer
		if known, said = arrangementOf(declared).decide(start, known, asks, sight{there: there}); said != admitted {
			t.Fatalf("%s: %s", team, said)
		}
		there[team] = true
		if len(known.Tenants) > maxAccounts || known.Tenants[0].Namespaces != "team="+team {
			t.Fatalf("%d accounts, the first is %q", len(known.Tenants), known.Tenants[0].Namespaces)
		}
	}
}
