// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
)

// What a look can show, as far as a plan depends on it.
var (
	missing   = Observation{}
	inSync    = Observation{Exists: true}
	differs   = Observation{Exists: true, Differences: drift.Fields{{Name: "Email", Desired: "a", Observed: "b"}}}
	writeOnly = Observation{Exists: true, Differences: drift.Fields{{Name: "Password", WriteOnly: true}}}
)

var looks = map[string]Observation{
	"missing": missing, "in sync": inSync, "differs": differs, "only write-only differs": writeOnly,
}

func TestAPlanFollowsFromPolicyClaimAndLook(t *testing.T) {
	const (
		enforce, observe           = v1alpha1.ManagementEnforce, v1alpha1.ManagementObserve
		ifIdentical, always, never = v1alpha1.AdoptIfIdentical, v1alpha1.AdoptAlways, v1alpha1.AdoptNever
	)
	type situation struct {
		management v1alpha1.ManagementPolicy
		adoption   v1alpha1.AdoptionPolicy
		claimed    bool
		seen       string
	}
	nothing, report, refuse := Action{Verb: Nothing}, Action{Verb: Report}, Action{Verb: Refuse}
	want := map[situation]Action{
		// What is claimed is kept equal, whatever the adoption policy.
		{enforce, ifIdentical, true, "missing"}:                 {Verb: Create},
		{enforce, ifIdentical, true, "in sync"}:                 nothing,
		{enforce, ifIdentical, true, "differs"}:                 {Verb: Update},
		{enforce, ifIdentical, true, "only write-only differs"}: {Verb: Update},
		{enforce, always, true, "missing"}:                      {Verb: Create},
		{enforce, always, true, "in sync"}:                      nothing,
		{enforce, always, true, "differs"}:                      {Verb: Update},
		{enforce, always, true, "only write-only differs"}:      {Verb: Update},
		{enforce, never, true, "missing"}:                       {Verb: Create},
		{enforce, never, true, "in sync"}:                       nothing,
		{enforce, never, true, "differs"}:                       {Verb: Update},
		{enforce, never, true, "only write-only differs"}:       {Verb: Update},

		// What is not claimed is claimed first, or left alone.
		{enforce, ifIdentical, false, "missing"}:                 {Verb: Create, Claim: true},
		{enforce, ifIdentical, false, "in sync"}:                 {Verb: Nothing, Claim: true},
		{enforce, ifIdentical, false, "differs"}:                 refuse,
		{enforce, ifIdentical, false, "only write-only differs"}: {Verb: Update, Claim: true},
		{enforce, always, false, "missing"}:                      {Verb: Create, Claim: true},
		{enforce, always, false, "in sync"}:                      {Verb: Nothing, Claim: true},
		{enforce, always, false, "differs"}:                      {Verb: Update, Claim: true},
		{enforce, always, false, "only write-only differs"}:      {Verb: Update, Claim: true},
		{enforce, never, false, "missing"}:                       {Verb: Create, Claim: true},
		{enforce, never, false, "in sync"}:                       refuse,
		{enforce, never, false, "differs"}:                       refuse,
		{enforce, never, false, "only write-only differs"}:       refuse,
	}
	// Observing, nothing depends on claim or adoption.
	for _, adoption := range []v1alpha1.AdoptionPolicy{ifIdentical, always, never} {
		for _, claimed := range []bool{true, false} {
			want[situation{observe, adoption, claimed, "missing"}] = report
			want[situation{observe, adoption, claimed, "in sync"}] = nothing
			want[situation{observe, adoption, claimed, "differs"}] = report
			want[situation{observe, adoption, claimed, "only write-only differs"}] = report
		}
	}
	got := map[situation]Action{}
	everySituation(func(policy Policy, claimed bool, name string, seen Observation) {
		got[situation{policy.Management, policy.Adoption, claimed, name}] = Plan(policy, claimed, seen)
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func everySituation(visit func(policy Policy, claimed bool, name string, seen Observation)) {
	for _, management := range []v1alpha1.ManagementPolicy{v1alpha1.ManagementEnforce, v1alpha1.ManagementObserve} {
		for _, adoption := range []v1alpha1.AdoptionPolicy{v1alpha1.AdoptIfIdentical, v1alpha1.AdoptAlways, v1alpha1.AdoptNever} {
			for _, claimed := range []bool{true, false} {
				for name, seen := range looks {
					visit(Policy{Management: management, Adoption: adoption}, claimed, name, seen)
				}
			}
		}
	}
}

// The table above says what happens; these are the reasons why it may not be
// changed without thought.
func TestNoPlanTouchesWhatIsNotOwned(t *testing.T) {
	everySituation(func(policy Policy, claimed bool, name string, seen Observation) {
		action := Plan(policy, claimed, seen)
		writes := action.Verb == Create || action.Verb == Update || action.Verb == Delete
		if writes && !claimed && !action.Claim {
			t.Errorf("%+v, %s: %+v writes without a claim", policy, name, action)
		}
		if action.Claim && claimed {
			t.Errorf("%+v, %s: %+v claims twice", policy, name, action)
		}
		if policy.Management == v1alpha1.ManagementObserve && (writes || action.Claim) {
			t.Errorf("%+v, claimed %v, %s: %+v though it may only observe", policy, claimed, name, action)
		}
		if policy.Adoption == v1alpha1.AdoptNever && action.Adopts() {
			t.Errorf("%+v, %s: %+v adopts", policy, name, action)
		}
		if policy.Adoption == v1alpha1.AdoptIfIdentical && action.Adopts() && len(seen.Differences.Comparable()) > 0 {
			t.Errorf("%+v, %s: %+v adopts what differs", policy, name, action)
		}
		if action.Verb == Create && seen.Exists || action.Verb == Update && !seen.Exists {
			t.Errorf("%+v, %s: %+v", policy, name, action)
		}
		if action.Verb == Delete || action.Verb == Release {
			t.Errorf("%+v, %s: %+v of a live resource", policy, name, action)
		}
	})
}

func TestOnlyAClaimedAndEnforcedObjectIsDeleted(t *testing.T) {
	type situation struct {
		management v1alpha1.ManagementPolicy
		deletion   v1alpha1.DeletionPolicy
		claimed    bool
	}
	got := map[situation]Verb{}
	for _, management := range []v1alpha1.ManagementPolicy{v1alpha1.ManagementEnforce, v1alpha1.ManagementObserve} {
		for _, deletion := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionDelete, v1alpha1.DeletionRetain} {
			for _, claimed := range []bool{true, false} {
				action := PlanDeletion(Policy{Management: management, Deletion: deletion}, claimed)
				got[situation{management, deletion, claimed}] = action.Verb
				if action.Claim {
					t.Errorf("%s, %s: a deletion claims", management, deletion)
				}
			}
		}
	}
	want := map[situation]Verb{
		{v1alpha1.ManagementEnforce, v1alpha1.DeletionDelete, true}:  Delete,
		{v1alpha1.ManagementEnforce, v1alpha1.DeletionDelete, false}: Release,
		{v1alpha1.ManagementEnforce, v1alpha1.DeletionRetain, true}:  Release,
		{v1alpha1.ManagementEnforce, v1alpha1.DeletionRetain, false}: Release,
		{v1alpha1.ManagementObserve, v1alpha1.DeletionDelete, true}:  Release,
		{v1alpha1.ManagementObserve, v1alpha1.DeletionDelete, false}: Release,
		{v1alpha1.ManagementObserve, v1alpha1.DeletionRetain, true}:  Release,
		{v1alpha1.ManagementObserve, v1alpha1.DeletionRetain, false}: Release,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnUnknownPolicyIsTheCautiousOne(t *testing.T) {
	for name, test := range map[string]struct {
		spec v1alpha1.ManagedSpec
		want Policy
	}{
		"empty means the defaults": {
			want: Policy{Management: v1alpha1.ManagementEnforce, Adoption: v1alpha1.AdoptIfIdentical, Deletion: v1alpha1.DeletionDelete},
		},
		"what is set stays": {
			spec: v1alpha1.ManagedSpec{
				ManagementPolicy: v1alpha1.ManagementObserve, AdoptionPolicy: v1alpha1.AdoptNever, DeletionPolicy: v1alpha1.DeletionRetain,
			},
			want: Policy{Management: v1alpha1.ManagementObserve, Adoption: v1alpha1.AdoptNever, Deletion: v1alpha1.DeletionRetain},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, PolicyOf(&test.spec)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	// A later version may know more policies than this one.
	later := Policy{Management: v1alpha1.ManagementEnforce, Adoption: "Sometimes", Deletion: "Archive"}
	if got := Plan(later, false, inSync); got.Verb != Refuse {
		t.Errorf("an unknown adoption policy: %+v", got)
	}
	if got := PlanDeletion(later, true); got.Verb != Release {
		t.Errorf("an unknown deletion policy: %+v", got)
	}
}

func TestWhatALookShowedIsToldInTwoWords(t *testing.T) {
	for name, test := range map[string]struct {
		seen              Observation
		identical, inSync bool
	}{
		"missing":                   {missing, false, false},
		"in sync":                   {inSync, true, true},
		"differs":                   {differs, false, false},
		"only write-only differs":   {writeOnly, true, false},
		"missing, with differences": {Observation{Differences: differs.Differences}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if test.seen.Identical() != test.identical || test.seen.InSync() != test.inSync {
				t.Errorf("identical %v, in sync %v", test.seen.Identical(), test.seen.InSync())
			}
		})
	}
}
