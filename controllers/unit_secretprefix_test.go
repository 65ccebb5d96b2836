// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestTheSecretPrefixOfANamespaceWakesTokensThatWaitForIt(t *testing.T) {
	token := func(namespace, name string, synced metav1.ConditionStatus) *v1alpha1.ImpersonationToken {
		made := &v1alpha1.ImpersonationToken{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		made.Status.Conditions = []metav1.Condition{{Type: v1alpha1.SyncedCondition, Status: synced}}
		return made
	}
	kube := indexed(t, token("shop", "refused", metav1.ConditionFalse), token("shop", "issued", metav1.ConditionTrue),
		token("elsewhere", "refused-elsewhere", metav1.ConditionFalse))
	prefix := func(value string) map[string]string { return map[string]string{v1alpha1.TokenSecretPrefixLabel: value} }
	for name, test := range map[string]struct {
		before, after map[string]string
		want          map[int][]string
	}{
		"allowed":                {nil, prefix("db"), map[int][]string{0: {"refused"}}},
		"another one":            {prefix("orders"), prefix("db"), map[int][]string{0: {"refused"}}},
		"a label of no interest": {prefix("db"), map[string]string{v1alpha1.TokenSecretPrefixLabel: "db", "team": "a"}, map[int][]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			found := woken(t, func(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
				change := event.UpdateEvent{ObjectOld: labelled(test.before), ObjectNew: labelled(test.after)}
				change.ObjectNew.SetResourceVersion("2") // else it is no change, but a resync
				followSecretPrefix(kube).Update(t.Context(), change, queue)
			})
			if diff := cmp.Diff(test.want, found); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
