// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
)

// State is what an object is in: exactly one of the states below, the first in their
// order that applies.
type State int

// The states, in the order of their precedence.
const (
	// Held is an object whose deletion waits for a person's confirmation.
	Held State = iota
	// Suspended is an object with spec.suspend that is not being deleted.
	Suspended
	// Drifted is an object that differs in OrderCloud as last seen, and that is not
	// being deleted.
	Drifted
	// Failed is an object whose latest attempt to be compared, written or deleted
	// did not succeed: its condition Synced is False.
	Failed
	// Ready is an object whose present generation OrderCloud is known to hold.
	Ready
	// Pending is any other one: just made, just changed or just deleted, and waiting
	// for its pass.
	Pending

	// states is how many there are.
	states
)

// String is the value of the label.
func (s State) String() string {
	return [states]string{"held", "suspended", "drifted", "failed", "ready", "pending"}[s]
}

// stateOf is the state of an object with these conditions.
func stateOf(object metav1.Object, conditions []metav1.Condition, isSuspended bool) State {
	isLeaving := object.GetDeletionTimestamp() != nil
	synced := meta.FindStatusCondition(conditions, v1alpha1.SyncedCondition)
	isFailed := synced != nil && synced.Status == metav1.ConditionFalse
	switch {
	case isLeaving && isFailed && synced.Reason == v1alpha1.ReasonDeletionHeld:
		return Held
	case isLeaving && isFailed:
		return Failed
	case isLeaving:
		return Pending
	case isSuspended:
		return Suspended
	case meta.IsStatusConditionTrue(conditions, v1alpha1.DriftedCondition):
		return Drifted
	case isFailed:
		return Failed
	case lifecycle.ReadyAt(conditions, object.GetGeneration()):
		return Ready
	default:
		return Pending
	}
}
