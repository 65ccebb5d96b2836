// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant_test

import (
	"strconv"
	"testing"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// BenchmarkPermit is what each pass pays among 50 tenants.
func BenchmarkPermit(b *testing.B) {
	declared := &v1alpha1.Marketplace{}
	declared.Namespace, declared.Name = "shop", "default"
	for number := range 50 {
		declared.Spec.Tenants = append(declared.Spec.Tenants, v1alpha1.Tenant{
			Namespaces: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{"tenant": strconv.Itoa(number)}},
			Kinds:      []v1alpha1.TenantKind{v1alpha1.TenantBuyerUser}, Buyers: []v1alpha1.TenantID{"acme"},
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := tenant.Of(declared, "team", labels.Set{"tenant": "49"}).Permit(user("acme")); err != nil {
			b.Fatal(err)
		}
	}
}
