// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestADeletionWithoutTheMarketplaceIsStillATenants(t *testing.T) {
	shared := declared()
	shared.Spec.AllowedNamespaces.From = v1alpha1.NamespacesAll
	shared.Spec.Tenants = []v1alpha1.Tenant{{Kinds: []v1alpha1.TenantKind{v1alpha1.TenantBuyerUser}}}
	w := begin(t, shared, credentials(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team-b"}})
	of := v1alpha1.MarketplaceReference{Namespace: "shop"}
	if _, err := w.registry.Connect(t.Context(), "team-b", of); err != nil {
		t.Fatal(err)
	}
	if err := w.kube.Delete(t.Context(), shared); err != nil {
		t.Fatal(err)
	}
	connection, err := w.registry.ConnectToDelete(t.Context(), "team-b", of)
	if err != nil || connection.Client == nil {
		t.Fatalf("%+v, %v", connection, err)
	}
	if connection.Tenancy.IsUnbound() {
		t.Error("the tenant is told what only owners are")
	}
}
