// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// verdict is what one pass found out.
type verdict struct {
	// suspended: the pass did nothing because it must not.
	suspended bool
	// yields: another resource has the better right to the object.
	yields bool
	// looked: OrderCloud's answer was seen in this pass.
	looked bool
	// isDrift: what differed was not the operator's own doing.
	isDrift bool
	// drifted is what differed before the write.
	drifted drift.Fields
	// now is what differs after the write.
	now drift.Fields
	// elsewhere: what the status holds is about another marketplace than the one that the
	// resource refers to now.
	elsewhere bool
	// adopted: an object that was there was taken into possession in this pass.
	adopted bool
	// acted: OrderCloud accepted a write in this pass.
	acted bool
	// comparedRest: all but what could not be resolved was compared.
	comparedRest bool
	// wrote is the reason for a condition after a write, else empty.
	wrote string
	// message goes with wrote.
	message string
	// failure is why the pass did not get through, else nil.
	failure *failure.Failure
}

// isAside says that the operator keeps its eyes and hands off the object: what the status
// holds of it is over. Another resource has the better right to it, or the tenants of the
// Marketplace do not permit it, or it was seen in another marketplace.
func (v verdict) isAside() bool {
	return v.yields || v.elsewhere || v.failure != nil && v.failure.Reason == v1alpha1.ReasonNotPermitted
}

const inSyncMessage = "OrderCloud holds what is declared"

// judge turns a verdict into conditions. It keeps what the pass did not find
// out: an outage does not unmake Ready, and a quiet pass changes nothing, not
// even the reason of the last write.
//
// Invariant, relied upon by kstatus: Reconciling and Stalled are never there
// while Ready is True, and exactly one of them is there while it is not.
func judge(conditions *[]metav1.Condition, generation int64, found verdict) {
	set := SetterOf(conditions, generation)
	stalled := false
	switch {
	case found.suspended:
		stalled = true
		JudgeSuspended(conditions, generation, !found.elsewhere)
	case found.failure != nil:
		stalled = found.failure.Stalled
		judgeFailure(conditions, generation, found, set)
	case len(found.now) > 0:
		stalled = true
		judgeReported(found, set)
	default:
		judgeInSync(conditions, generation, found, set)
	}
	JudgeProgress(conditions, generation, stalled)
}

// Setter sets one condition by its type, status, reason and message.
type Setter func(kind string, status metav1.ConditionStatus, reason, message string)

// SetterOf returns the setter of conditions that are about one generation.
func SetterOf(conditions *[]metav1.Condition, generation int64) Setter {
	return func(kind string, status metav1.ConditionStatus, reason, message string) {
		meta.SetStatusCondition(conditions, metav1.Condition{
			Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: generation,
		})
	}
}

// JudgeSuspended keeps Ready for as long as the declaration is the one that was
// known to be in OrderCloud, and that is about the marketplace at hand. Suspending it makes one more generation; every further
// one declares something that nobody wrote. JudgeProgress has to follow.
func JudgeSuspended(conditions *[]metav1.Condition, generation int64, isHere bool) {
	set := SetterOf(conditions, generation)
	const message = "spec.suspend is true: nothing is read or written until it is false"
	set(v1alpha1.SyncedCondition, metav1.ConditionUnknown, v1alpha1.ReasonSuspended, message)
	ready := meta.FindStatusCondition(*conditions, v1alpha1.ReadyCondition)
	if !isHere || ready == nil || !ReadyAt(*conditions, ready.ObservedGeneration) || generation > ready.ObservedGeneration+1 {
		set(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSuspended, message)
	}
}

func judgeFailure(conditions *[]metav1.Condition, generation int64, found verdict, set Setter) {
	problem := found.failure
	set(v1alpha1.SyncedCondition, metav1.ConditionFalse, problem.Reason, problem.Message)
	if found.looked || found.isAside() || !ReadyAt(*conditions, generation) {
		set(v1alpha1.ReadyCondition, metav1.ConditionFalse, problem.Reason, problem.Message)
	}
	switch {
	case found.looked && len(found.now) > 0:
		setDrifted(found, set)
	case found.comparedRest:
		setInSync(found.wrote, set)
	case found.looked, found.isAside():
		// Nothing was seen to differ: what an earlier look showed is over.
		meta.RemoveStatusCondition(conditions, v1alpha1.DriftedCondition)
	}
}

func judgeReported(found verdict, set Setter) {
	message := difference(found.now) + ", and managementPolicy Observe forbids to write"
	set(v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonDrifted, "compared with OrderCloud")
	set(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonDrifted, message)
	setDrifted(found, set)
}

// setDrifted says that something differs, and whether that is what OrderCloud itself made of
// the latest write: an outage in between changes nothing about it.
func setDrifted(found verdict, set Setter) {
	reason := v1alpha1.ReasonDrifted
	if found.failure != nil && found.failure.Reason == v1alpha1.ReasonNotConverging {
		reason = v1alpha1.ReasonNotConverging
	}
	set(v1alpha1.DriftedCondition, metav1.ConditionTrue, reason, difference(found.now))
}

func difference(now drift.Fields) string {
	if isMissing(now) {
		return "the object does not exist in OrderCloud"
	}
	return fmt.Sprintf("OrderCloud holds another %s than is declared", now)
}

// isMissing says that what differs is that there is no object.
func isMissing(now drift.Fields) bool { return len(now) == 1 && now[0].Observed == drift.Missing }

func judgeInSync(conditions *[]metav1.Condition, generation int64, found verdict, set Setter) {
	reason, message := found.wrote, found.message
	if reason == "" {
		reason, message = v1alpha1.ReasonInSync, inSyncMessage
		if ReadyAt(*conditions, generation) {
			ready := meta.FindStatusCondition(*conditions, v1alpha1.ReadyCondition)
			reason, message = ready.Reason, ready.Message
		}
	}
	set(v1alpha1.ReadyCondition, metav1.ConditionTrue, reason, message)
	set(v1alpha1.SyncedCondition, metav1.ConditionTrue, reason, message)

	setInSync(reason, set)
}

// setInSync says that nothing differs any more, and why: nothing did, or it was
// put back.
func setInSync(reason string, set Setter) {
	if reason != v1alpha1.ReasonCorrected {
		reason = v1alpha1.ReasonInSync
	}
	set(v1alpha1.DriftedCondition, metav1.ConditionFalse, reason, inSyncMessage)
}

// JudgeProgress says whether the operator is at it, or somebody else has to act:
// Reconciling or Stalled, with the reason and message of Ready. Neither is there
// while Ready is True. The conditions have to contain Ready.
func JudgeProgress(conditions *[]metav1.Condition, generation int64, stalled bool) {
	ready := *meta.FindStatusCondition(*conditions, v1alpha1.ReadyCondition)
	if ready.Status == metav1.ConditionTrue {
		meta.RemoveStatusCondition(conditions, v1alpha1.ReconcilingCondition)
		meta.RemoveStatusCondition(conditions, v1alpha1.StalledCondition)
		return
	}
	present, absent := v1alpha1.ReconcilingCondition, v1alpha1.StalledCondition
	if stalled {
		present, absent = absent, present
	}
	meta.RemoveStatusCondition(conditions, absent)
	SetterOf(conditions, generation)(present, metav1.ConditionTrue, ready.Reason, ready.Message)
}

// ReadyAt says that the generation is known to be in OrderCloud.
func ReadyAt(conditions []metav1.Condition, generation int64) bool {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ReadyCondition)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == generation
}
