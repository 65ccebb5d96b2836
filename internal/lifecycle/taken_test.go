// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
)

// renamed is one resource under its old and its new name: what it declares beside that
// only one object of the marketplace may have.
func renamed() map[string][2]client.Object {
	desk := declaredConfig()
	desk.Name, desk.UID = "service-desk", "service-desk"
	user := declaredUser()
	user.Name, user.UID = "john", "john"
	return map[string][2]client.Object{
		"a grant": {declaredConfig(), desk}, "a username": {declaredUser(), user},
	}
}

// isFailed is what kstatus makes of an object.
func (w *world) isFailed(object client.Object) bool {
	w.read(object)
	for _, condition := range conditionsOf(object) {
		if condition.Type == v1alpha1.StalledCondition && condition.Status == metav1.ConditionTrue {
			return true
		}
	}
	return false
}

func TestWhatIsRenamedInGitIsReadyWithinSecondsInBothOrders(t *testing.T) {
	for name, test := range renamed() {
		for order, pruneAfter := range map[string]time.Duration{
			"pruned first": 0, "applied first": 2 * time.Second, "applied long before": 50 * time.Second,
		} {
			t.Run(name+", "+order, func(t *testing.T) {
				w := begin(t)
				before, now := test[0].DeepCopyObject().(client.Object), test[1].DeepCopyObject().(client.Object)
				w.ready(before)
				if pruneAfter == 0 {
					w.remove(before)
				}
				w.declare(now)
				for at := w.clock.Now().Add(pruneAfter); w.clock.Now().Before(at); {
					result, err := w.pass(now)
					if err != nil {
						t.Fatal(err)
					}
					if w.isFailed(now) {
						t.Fatalf("kstatus says Failed: %s", w.whyNotReady(now))
					}
					w.clock.SetTime(w.clock.Now().Add(result.RequeueAfter))
				}
				if pruneAfter > 0 {
					w.remove(before)
				}
				w.mustPass(now)
				if w.isFailed(now) {
					t.Fatalf("kstatus says Failed: %s", w.whyNotReady(now))
				}
				w.settle(before) // it is deleted
				result, err := w.pass(now)
				if status, _ := readyStatus(now); err != nil || status != metav1.ConditionTrue {
					t.Errorf("%v; looks again after %s: %s", err, result.RequeueAfter, w.whyNotReady(now))
				}
			})
		}
	}
}

func TestWhatStaysTakenIsStalledAfterAMinuteAndTriedOnceAMinute(t *testing.T) {
	for name, test := range renamed() {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			before, now := test[0].DeepCopyObject().(client.Object), test[1].DeepCopyObject().(client.Object)
			w.ready(before)
			w.declare(now)
			for refused := w.clock.Now(); w.clock.Now().Sub(refused) < schedule.Patience; {
				result, err := w.pass(now)
				if err != nil || result.RequeueAfter > schedule.LastWhileGoing {
					t.Fatalf("looks again after %s, %v", result.RequeueAfter, err)
				}
				if w.isFailed(now) {
					t.Fatalf("stalled after %s", w.clock.Now().Sub(refused))
				}
				w.clock.SetTime(w.clock.Now().Add(result.RequeueAfter))
			}
			for _, moment := range []string{"after a minute", "after a restart"} {
				result, err := w.pass(now)
				if err != nil || result.RequeueAfter < schedule.FirstRecheck || result.RequeueAfter > time.Minute+time.Second || !w.isFailed(now) {
					t.Errorf("%s: stalled %v, looks again after %s, %v", moment, w.isFailed(now), result.RequeueAfter, err)
				}
				w.start() // the operator
				w.clock.SetTime(w.clock.Now().Add(result.RequeueAfter))
			}
		})
	}
}

// Whoever has it may wait long for OrderCloud, or for its grace.
func TestNothingIsStalledWhileTheHolderIsBeingDeleted(t *testing.T) {
	for name, test := range renamed() {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			before, now := test[0].DeepCopyObject().(client.Object), test[1].DeepCopyObject().(client.Object)
			w.ready(before)
			w.remove(before)
			w.box.Inject(sandbox.Fault{Method: http.MethodDelete, Path: "/v1/**", Status: http.StatusInternalServerError})
			w.mustPass(before)
			w.declare(now)
			for begun := w.clock.Now(); w.clock.Now().Sub(begun) < 10*time.Minute; {
				result, err := w.pass(now)
				if err != nil || w.isFailed(now) {
					t.Fatalf("after %s: %s, %v", w.clock.Now().Sub(begun), w.whyNotReady(now), err)
				}
				w.clock.SetTime(w.clock.Now().Add(result.RequeueAfter))
			}
		})
	}
}
