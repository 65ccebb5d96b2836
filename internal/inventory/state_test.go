// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const generation = 3

func condition(kind string, status metav1.ConditionStatus, reason string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, ObservedGeneration: generation}
}

func TestEveryObjectIsInExactlyOneState(t *testing.T) {
	type conditions = []metav1.Condition
	ready := condition(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync)
	unready := condition(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonDrifted)
	synced := condition(v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync)
	failed := condition(v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
	held := condition(v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonDeletionHeld)
	drifted := condition(v1alpha1.DriftedCondition, metav1.ConditionTrue, v1alpha1.ReasonDrifted)
	same := condition(v1alpha1.DriftedCondition, metav1.ConditionFalse, v1alpha1.ReasonInSync)
	before := ready
	before.ObservedGeneration = generation - 1
	for name, test := range map[string]struct {
		conditions conditions
		leaves     bool
		suspended  bool
		want       State
	}{
		"nobody has seen it":                       {nil, false, false, Pending},
		"OrderCloud holds it":                      {conditions{ready, synced, same}, false, false, Ready},
		"it was declared anew":                     {conditions{before, synced, same}, false, false, Pending},
		"it is observed and differs":               {conditions{unready, synced, drifted}, false, false, Drifted},
		"it differs and the write was refused":     {conditions{unready, failed, drifted}, false, false, Drifted},
		"it was known to differ before the outage": {conditions{unready, failed, drifted}, false, false, Drifted},
		"it was in sync before the outage":         {conditions{ready, failed, same}, false, false, Failed},
		"it was never made":                        {conditions{unready, failed}, false, false, Failed},
		"it is suspended":                          {conditions{ready, synced, same}, false, true, Suspended},
		"it is suspended before it was seen":       {nil, false, true, Suspended},
		"it is suspended while it differs":         {conditions{unready, synced, drifted}, false, true, Suspended},
		"it is being deleted":                      {conditions{ready, synced, same}, true, false, Pending},
		"its deletion is held":                     {conditions{ready, held, same}, true, false, Held},
		"its deletion is held, it is suspended":    {conditions{ready, held, drifted}, true, true, Held},
		"its deletion is refused":                  {conditions{unready, failed, drifted}, true, true, Failed},
	} {
		t.Run(name, func(t *testing.T) {
			object := &v1alpha1.BuyerUser{ObjectMeta: metav1.ObjectMeta{Generation: generation}}
			if test.leaves {
				object.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
			}
			if got := stateOf(object, test.conditions, test.suspended); got != test.want {
				t.Errorf("the state is %s, want %s", got, test.want)
			}
		})
	}
}
