// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import "github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"

// Verb is what a pass does to OrderCloud, or why it does nothing.
type Verb string

const (
	// Nothing leaves OrderCloud alone: it holds what is declared.
	Nothing Verb = "Nothing"
	// Create makes the object.
	Create Verb = "Create"
	// Update writes what differs.
	Update Verb = "Update"
	// Report tells the difference and does not write.
	Report Verb = "Report"
	// Refuse leaves an object alone that somebody else made.
	Refuse Verb = "Refuse"
	// Delete removes the object.
	Delete Verb = "Delete"
	// Deactivate keeps the object and takes its effect away.
	Deactivate Verb = "Deactivate"
	// Release lets the resource go without touching the object.
	Release Verb = "Release"
)

// Action is what a pass does.
type Action struct {
	// Verb says what is done to OrderCloud.
	Verb Verb
	// Claim says that the resource takes possession first, by its finalizer.
	Claim bool
}

// Adopts says that the action takes an object that already exists.
func (a Action) Adopts() bool { return a.Claim && a.Verb != Create }

// Writes says that the action changes a live resource's object in OrderCloud.
func (a Action) Writes() bool { return a.Verb == Create || a.Verb == Update }

// Policy is what a resource's spec allows.
type Policy struct {
	Management v1alpha1.ManagementPolicy
	Adoption   v1alpha1.AdoptionPolicy
	Deletion   v1alpha1.DeletionPolicy
}

// PolicyOf reads the policy of a spec. What is empty, because an object never
// passed the API server's defaults, is the default.
func PolicyOf(spec *v1alpha1.ManagedSpec) Policy {
	policy := Policy{Management: spec.ManagementPolicy, Adoption: spec.AdoptionPolicy, Deletion: spec.DeletionPolicy}
	if policy.Management == "" {
		policy.Management = v1alpha1.ManagementEnforce
	}
	if policy.Adoption == "" {
		policy.Adoption = v1alpha1.AdoptIfIdentical
	}
	if policy.Deletion == "" {
		policy.Deletion = v1alpha1.DeletionDelete
	}
	return policy
}

// Plan decides what a pass does with a live resource. It is a pure function:
// everything that may be done to OrderCloud is decided here, and nowhere else.
func Plan(policy Policy, claimed bool, seen Observation) Action {
	if policy.Management == v1alpha1.ManagementObserve {
		if seen.InSync() {
			return Action{Verb: Nothing}
		}
		return Action{Verb: Report}
	}
	if !seen.Exists {
		return Action{Verb: Create, Claim: !claimed}
	}
	if !claimed && !mayAdopt(policy.Adoption, seen) {
		return Action{Verb: Refuse}
	}
	if seen.InSync() {
		return Action{Verb: Nothing, Claim: !claimed}
	}
	return Action{Verb: Update, Claim: !claimed}
}

// PlanDeletion decides what becomes of the OrderCloud object when its resource
// is deleted. Only a claimed object is ever deleted.
func PlanDeletion(policy Policy, claimed bool) Action {
	if !claimed || policy.Management != v1alpha1.ManagementEnforce {
		return Action{Verb: Release}
	}
	switch policy.Deletion {
	case v1alpha1.DeletionDelete:
		return Action{Verb: Delete}
	case v1alpha1.DeletionDeactivate:
		return Action{Verb: Deactivate}
	default:
		return Action{Verb: Release}
	}
}

func mayAdopt(policy v1alpha1.AdoptionPolicy, seen Observation) bool {
	switch policy {
	case v1alpha1.AdoptAlways:
		return true
	case v1alpha1.AdoptIfIdentical:
		return seen.Identical()
	default:
		return false
	}
}
