// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// sharedBy is a Marketplace in a namespace of its own.
func sharedBy(name string, allowed v1alpha1.AllowedNamespaces) *v1alpha1.Marketplace {
	return &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: "platform", Name: name},
		Spec:       v1alpha1.MarketplaceSpec{AllowedNamespaces: allowed},
	}
}

// labelled is the namespace of the users.
func labelled(labels map[string]string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: labels}}
}

func TestLabelsWakeThoseAboutWhomTheyDecide(t *testing.T) {
	selector := func(labels map[string]string) v1alpha1.AllowedNamespaces {
		return v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{MatchLabels: labels}}
	}
	referring := func(name, marketplace string) *v1alpha1.BuyerUser {
		return user(name, func(user *v1alpha1.BuyerUser) {
			user.Spec.MarketplaceRef = v1alpha1.MarketplaceReference{Namespace: "platform", Name: marketplace}
		})
	}
	elsewhere := referring("elsewhere", "teams")
	elsewhere.Namespace = "other"
	own := sharedBy("default", selector(map[string]string{"team": "a"}))
	own.Namespace = "shop"
	broken := selector(nil)
	broken.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "team", Operator: "Resembles"}}
	kube := indexed(t, own, sharedBy("broken", broken),
		sharedBy("teams", selector(map[string]string{"team": "a"})), sharedBy("stages", selector(map[string]string{"stage": "test"})),
		sharedBy("everyone", v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll}), sharedBy("nobody", v1alpha1.AllowedNamespaces{}),
		user("own", nil), referring("team", "teams"), referring("stage", "stages"), referring("any", "everyone"),
		referring("none", "nobody"), referring("broken", "broken"), elsewhere)
	follow := followLabels(kube, func() client.ObjectList { return &v1alpha1.BuyerUserList{} })
	for name, test := range map[string]struct {
		before, after map[string]string
		want          []string
	}{
		"let in":                 {nil, map[string]string{"team": "a"}, []string{"team"}},
		"no longer":              {map[string]string{"team": "a"}, map[string]string{"team": "b"}, []string{"team"}},
		"one in, one out":        {map[string]string{"team": "a"}, map[string]string{"stage": "test"}, []string{"stage", "team"}},
		"a label of no interest": {map[string]string{"team": "a"}, map[string]string{"team": "a", "cost": "1"}, nil},
		"neither before nor now": {map[string]string{"team": "b"}, map[string]string{"team": "c"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found := woken(t, func(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
				change := event.UpdateEvent{ObjectOld: labelled(test.before), ObjectNew: labelled(test.after)}
				follow.Update(t.Context(), change, queue)
			})
			want := map[int][]string{}
			if test.want != nil {
				want[handler.LowPriority] = test.want
			}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	atStart := woken(t, func(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		created := event.CreateEvent{Object: labelled(map[string]string{"team": "a"}), IsInInitialList: true}
		follow.Create(t.Context(), created, queue)
	})
	if len(atStart) != 0 {
		t.Errorf("at the start it wakes %v", atStart)
	}
}

func TestLabelsWakeNobodyWhenMarketplacesCannotBeListed(t *testing.T) {
	follow := followLabels(failingReader{}, func() client.ObjectList { return &v1alpha1.BuyerUserList{} })
	found := woken(t, func(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		follow.Update(t.Context(), event.UpdateEvent{ObjectOld: labelled(nil), ObjectNew: labelled(map[string]string{"a": "b"})}, queue)
	})
	if len(found) != 0 {
		t.Errorf("it wakes %v", found)
	}
}

func TestARefusedSecretIsLookedAtAgainEverMoreSeldomButWithinAMinute(t *testing.T) {
	for interval, last := range map[time.Duration]time.Duration{
		10 * time.Second: 10 * time.Second, time.Minute: time.Minute, time.Hour: time.Minute,
	} {
		clock := clocktesting.NewFakePassiveClock(time.Now())
		reconciler := &marketplaceReconciler{clock: clock}
		var known check
		var waits []time.Duration
		for range 6 {
			refused := check{problem: failure.New(v1alpha1.ReasonCredentialsInvalid, "refused").Again(failure.UpToAMinute)}
			reconciler.schedule(&refused, known.attempts, interval)
			waits = append(waits, refused.due.Sub(clock.Now()))
			clock.SetTime(refused.due)
			known = refused
		}
		if waits[0] > 6*time.Second || !slices.IsSorted(waits) || waits[5] != last {
			t.Errorf("interval %s: looks again after %s", interval, waits)
		}
	}
}

// failingReader is a cache that cannot answer.
type failingReader struct{ client.Reader }

var errNoAnswer = errors.New("no answer")

func (failingReader) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return errNoAnswer
}
