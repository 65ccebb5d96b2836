// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestATenantHidesNoGrantThatItDoesNotHold(t *testing.T) {
	u := beginReporting(t, holding("desk"), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team-b"}})
	u.edit(u.declared, func() {
		u.declared.Spec.AllowedNamespaces.From = v1alpha1.NamespacesAll
		u.declared.Spec.Tenants = []v1alpha1.Tenant{{
			Kinds: []v1alpha1.TenantKind{v1alpha1.TenantImpersonationConfig}, Buyers: []v1alpha1.TenantID{"globex"},
			SecurityProfiles: []v1alpha1.TenantID{"cs-rep"},
			Impersonators:    v1alpha1.TenantImpersonators{AdminGroups: []v1alpha1.TenantID{"customer-service"}},
		}}
	})
	u.lookAround()
	u.expectUnmanaged("desk")
	hides := &v1alpha1.ImpersonationConfig{ObjectMeta: metav1.ObjectMeta{Namespace: "team-b", Name: "desk", UID: "hides", Generation: 1}}
	hides.Spec = v1alpha1.ImpersonationConfigSpec{
		ImpersonationGroupID: "customer-service", BuyerID: "globex", SecurityProfileID: "cs-rep", ClientID: storefrontClientID,
	}
	hides.Spec.Suspend, hides.Spec.MarketplaceRef.Namespace = true, "shop"
	hides.Status.Resolved = &v1alpha1.ResolvedReferences{ObservedGeneration: 1, ClientID: storefrontClientID, BuyerID: "globex"}
	u.create(hides)
	u.lookLater()
	u.expectUnmanaged("desk")
}

func TestAGrantThatWasNarrowedMayHaveBeenLost(t *testing.T) {
	ready := func(generation int64) *v1alpha1.ImpersonationConfig {
		config := &v1alpha1.ImpersonationConfig{}
		config.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ReadyCondition, Status: metav1.ConditionTrue, ObservedGeneration: generation}}
		return config
	}
	if !grantMayHaveGone().Update(event.UpdateEvent{ObjectOld: ready(1), ObjectNew: ready(2)}) {
		t.Error("tokens under the grant as it was are not looked at")
	}
}
