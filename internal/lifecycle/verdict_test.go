// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

var (
	emailDiffers = drift.Fields{{Name: "Email", Desired: "a", Observed: "b"}}

	quiet       = verdict{looked: true}
	created     = verdict{looked: true, wrote: v1alpha1.ReasonCreated, message: "created x in OrderCloud"}
	updated     = verdict{looked: true, wrote: v1alpha1.ReasonUpdated, message: "wrote x"}
	corrected   = verdict{looked: true, isDrift: true, drifted: emailDiffers, wrote: v1alpha1.ReasonCorrected, message: "put x back"}
	reported    = verdict{looked: true, isDrift: true, drifted: emailDiffers, now: emailDiffers}
	paused      = verdict{suspended: true}
	outage      = verdict{failure: failure.New(v1alpha1.ReasonUnavailable, "down")}
	outageAtPut = verdict{looked: true, isDrift: true, drifted: emailDiffers, now: emailDiffers, failure: failure.New(v1alpha1.ReasonUnavailable, "down")}
	notOwned    = verdict{looked: true, now: emailDiffers, failure: failure.New(v1alpha1.ReasonNotOwned, "not ours").Stall()}
	rejected    = verdict{looked: true, failure: failure.New(v1alpha1.ReasonRejected, "refused").Stall()}
	denied      = verdict{failure: failure.New(v1alpha1.ReasonAccessDenied, "no role").Stall().Again(failure.UpToAMinute)}
)

var allVerdicts = map[string]verdict{
	"quiet": quiet, "created": created, "updated": updated, "corrected": corrected, "reported": reported, "paused": paused,
	"outage": outage, "outage at the write": outageAtPut, "not owned": notOwned, "rejected": rejected, "denied": denied,
}

// step is a verdict about a generation.
type step struct {
	found      verdict
	generation int64
}

// shown is how the tables below write conditions: status, reason and generation.
func shown(conditions []metav1.Condition) map[string]string {
	texts := map[string]string{}
	for _, condition := range conditions {
		texts[condition.Type] = string(condition.Status) + " " + condition.Reason + " " + string(rune('0'+condition.ObservedGeneration))
	}
	return texts
}

func TestAVerdictBecomesConditions(t *testing.T) {
	type want = map[string]string
	for name, test := range map[string]struct {
		steps []step
		want  want
	}{
		"the first look finds it in sync": {
			[]step{{quiet, 1}},
			want{"Ready": "True InSync 1", "Synced": "True InSync 1", "Drifted": "False InSync 1"},
		},
		"created": {
			[]step{{created, 1}},
			want{"Ready": "True Created 1", "Synced": "True Created 1", "Drifted": "False InSync 1"},
		},
		"a quiet pass keeps the reason of the write": {
			[]step{{created, 1}, {quiet, 1}},
			want{"Ready": "True Created 1", "Synced": "True Created 1", "Drifted": "False InSync 1"},
		},
		"a new generation that needed no write": {
			[]step{{created, 1}, {quiet, 2}},
			want{"Ready": "True InSync 2", "Synced": "True InSync 2", "Drifted": "False InSync 2"},
		},
		"a new generation that was written": {
			[]step{{created, 1}, {updated, 2}},
			want{"Ready": "True Updated 2", "Synced": "True Updated 2", "Drifted": "False InSync 2"},
		},
		"drift that was put back": {
			[]step{{created, 1}, {corrected, 1}},
			want{"Ready": "True Corrected 1", "Synced": "True Corrected 1", "Drifted": "False Corrected 1"},
		},
		"and stays so in a quiet pass": {
			[]step{{created, 1}, {corrected, 1}, {quiet, 1}},
			want{"Ready": "True Corrected 1", "Synced": "True Corrected 1", "Drifted": "False Corrected 1"},
		},
		"drift that is only reported": {
			[]step{{reported, 1}},
			want{"Ready": "False Drifted 1", "Synced": "True Drifted 1", "Drifted": "True Drifted 1", "Stalled": "True Drifted 1"},
		},
		"reported drift that somebody else ended": {
			[]step{{reported, 1}, {quiet, 1}},
			want{"Ready": "True InSync 1", "Synced": "True InSync 1", "Drifted": "False InSync 1"},
		},
		"an outage before anything was known": {
			[]step{{outage, 1}},
			want{"Ready": "False Unavailable 1", "Synced": "False Unavailable 1", "Reconciling": "True Unavailable 1"},
		},
		"an outage does not unmake Ready": {
			[]step{{created, 1}, {outage, 1}},
			want{"Ready": "True Created 1", "Synced": "False Unavailable 1", "Drifted": "False InSync 1"},
		},
		"and afterwards it is as before": {
			[]step{{created, 1}, {outage, 1}, {quiet, 1}},
			want{"Ready": "True Created 1", "Synced": "True Created 1", "Drifted": "False InSync 1"},
		},
		"refused access does not unmake Ready either": {
			[]step{{created, 1}, {denied, 1}},
			want{"Ready": "True Created 1", "Synced": "False AccessDenied 1", "Drifted": "False InSync 1"},
		},
		"a new generation that met an outage is not Ready": {
			[]step{{created, 1}, {outage, 2}},
			want{"Ready": "False Unavailable 2", "Synced": "False Unavailable 2", "Drifted": "False InSync 1", "Reconciling": "True Unavailable 2"},
		},
		"drift that was seen and could not be put back": {
			[]step{{created, 1}, {outageAtPut, 1}},
			want{"Ready": "False Unavailable 1", "Synced": "False Unavailable 1", "Drifted": "True Drifted 1", "Reconciling": "True Unavailable 1"},
		},
		"and then was put back": {
			[]step{{created, 1}, {outageAtPut, 1}, {corrected, 1}},
			want{"Ready": "True Corrected 1", "Synced": "True Corrected 1", "Drifted": "False Corrected 1"},
		},
		"somebody else's object": {
			[]step{{notOwned, 1}},
			want{"Ready": "False NotOwned 1", "Synced": "False NotOwned 1", "Drifted": "True Drifted 1", "Stalled": "True NotOwned 1"},
		},
		"a refused create": {
			[]step{{rejected, 1}},
			want{"Ready": "False Rejected 1", "Synced": "False Rejected 1", "Stalled": "True Rejected 1"},
		},
		"stalled, then an outage: the operator is at it again": {
			[]step{{rejected, 1}, {outage, 1}},
			want{"Ready": "False Unavailable 1", "Synced": "False Unavailable 1", "Reconciling": "True Unavailable 1"},
		},
		"suspended from the start": {
			[]step{{paused, 1}},
			want{"Ready": "False Suspended 1", "Synced": "Unknown Suspended 1", "Stalled": "True Suspended 1"},
		},
		"suspended while Ready": {
			[]step{{created, 1}, {paused, 2}},
			want{"Ready": "True Created 1", "Synced": "Unknown Suspended 2", "Drifted": "False InSync 1"},
		},
		"declared anew while suspended": {
			[]step{{created, 1}, {paused, 2}, {paused, 3}},
			want{
				"Ready": "False Suspended 3", "Synced": "Unknown Suspended 3", "Drifted": "False InSync 1", "Stalled": "True Suspended 3",
			},
		},
		"declared anew, and suspended before it was written": {
			[]step{{created, 1}, {paused, 3}},
			want{
				"Ready": "False Suspended 3", "Synced": "Unknown Suspended 3", "Drifted": "False InSync 1", "Stalled": "True Suspended 3",
			},
		},
		"suspended while stalled": {
			[]step{{rejected, 1}, {paused, 2}},
			want{"Ready": "False Suspended 2", "Synced": "Unknown Suspended 2", "Stalled": "True Suspended 2"},
		},
		"no longer suspended": {
			[]step{{created, 1}, {paused, 2}, {quiet, 3}},
			want{"Ready": "True InSync 3", "Synced": "True InSync 3", "Drifted": "False InSync 3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var conditions []metav1.Condition
			for _, step := range test.steps {
				judge(&conditions, step.generation, step.found)
			}
			if diff := cmp.Diff(test.want, shown(conditions)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestConditionsHoldTheirRulesWhateverHappens(t *testing.T) {
	var names []string
	for name := range allVerdicts {
		names = append(names, name)
	}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 7))
		var conditions []metav1.Condition
		var story []string
		generation := int64(1)
		for range 20 {
			if random.IntN(4) == 0 {
				generation++
			}
			name := names[random.IntN(len(names))]
			story = append(story, name)
			judge(&conditions, generation, allVerdicts[name])
			expectSound(t, conditions)
			expectTruth(t, conditions, generation, allVerdicts[name])

			before := append([]metav1.Condition(nil), conditions...)
			judge(&conditions, generation, allVerdicts[name])
			if diff := cmp.Diff(before, conditions); diff != "" && allVerdicts[name].wrote == "" {
				t.Errorf("the same verdict again changes the conditions (-first +second)\n%s", diff)
			}
			if t.Failed() {
				t.Fatalf("seed %d: %s", seed, strings.Join(story, ", "))
			}
		}
	}
}

// expectSound checks what kstatus, and every pipeline that waits, relies upon.
func expectSound(t *testing.T, conditions []metav1.Condition) {
	t.Helper()
	ready := meta.FindStatusCondition(conditions, v1alpha1.ReadyCondition)
	synced := meta.FindStatusCondition(conditions, v1alpha1.SyncedCondition)
	if ready == nil || synced == nil {
		t.Fatalf("Ready or Synced is missing: %v", shown(conditions))
	}
	reconciling := meta.FindStatusCondition(conditions, v1alpha1.ReconcilingCondition)
	stalled := meta.FindStatusCondition(conditions, v1alpha1.StalledCondition)
	var present []*metav1.Condition
	for _, condition := range []*metav1.Condition{reconciling, stalled} {
		if condition != nil {
			present = append(present, condition)
		}
	}
	switch {
	case ready.Status == metav1.ConditionTrue && len(present) > 0:
		t.Errorf("%s beside Ready", present[0].Type)
	case ready.Status != metav1.ConditionTrue && len(present) != 1:
		t.Errorf("%d of Reconciling and Stalled while not Ready", len(present))
	case len(present) == 1 && (present[0].Status != metav1.ConditionTrue || present[0].Reason != ready.Reason || present[0].Message != ready.Message):
		t.Errorf("%s tells something else than Ready: %v", present[0].Type, shown(conditions))
	}
	for _, condition := range conditions {
		if condition.Reason == "" || condition.Message == "" {
			t.Errorf("%s has no reason or no message", condition.Type)
		}
	}
}

// expectTruth checks that Ready is claimed only on grounds.
func expectTruth(t *testing.T, conditions []metav1.Condition, generation int64, found verdict) {
	t.Helper()
	ready := meta.IsStatusConditionTrue(conditions, v1alpha1.ReadyCondition)
	if ready && found.looked && (len(found.now) > 0 || found.failure != nil) {
		t.Error("Ready though OrderCloud was seen to differ")
	}
	if ready && !found.suspended && !ReadyAt(conditions, generation) {
		t.Error("Ready for another generation")
	}
	if ready && found.suspended && !ReadyAt(conditions, generation) && !ReadyAt(conditions, generation-1) {
		t.Error("Ready for a declaration that nobody wrote")
	}
	if found.looked && found.failure == nil && len(found.now) == 0 && !ReadyAt(conditions, generation) {
		t.Error("not Ready though OrderCloud was seen to be in sync")
	}
	if meta.IsStatusConditionTrue(conditions, v1alpha1.SyncedCondition) && (found.failure != nil || found.suspended) {
		t.Error("Synced though the pass did not get through")
	}
	// Whoever reads Drifted beside status.drift must not read two truths.
	if found.looked && meta.IsStatusConditionTrue(conditions, v1alpha1.DriftedCondition) != (len(found.now) > 0) {
		t.Errorf("Drifted is %v, and %d fields differ", shown(conditions)[v1alpha1.DriftedCondition], len(found.now))
	}
}

func TestTransitionsAreStampedOnlyWhenTheStatusTurns(t *testing.T) {
	var conditions []metav1.Condition
	judge(&conditions, 1, created)
	for index := range conditions {
		conditions[index].LastTransitionTime = metav1.NewTime(time.Unix(1000, 0))
	}
	judge(&conditions, 2, updated)
	for _, condition := range conditions {
		if condition.LastTransitionTime.Unix() != 1000 {
			t.Errorf("%s turned though it stayed %s", condition.Type, condition.Status)
		}
	}
}

// onATick is a moment at which every interval begins.
var onATick = clocktesting.NewFakePassiveClock(time.Unix(0, 0))

// passOf returns a pass that only knows its interval and name.
func passOf(interval time.Duration) *pass[*v1alpha1.BuyerUser] {
	object := &v1alpha1.BuyerUser{}
	spec, status := object.Managed()
	return &pass[*v1alpha1.BuyerUser]{
		Reconciler: &Reconciler[*v1alpha1.BuyerUser]{Kind: named{}, Clock: onATick}, object: object, spec: spec, status: status, interval: interval,
	}
}

// named is a kind of which nothing but a path is asked.
type named struct{ Kind[*v1alpha1.BuyerUser] }

func (named) Path(*v1alpha1.BuyerUser) string { return "buyers/acme/users/jdoe" }

func (named) Bind(*v1alpha1.BuyerUser, *marketplace.Connection) External { return nil }
