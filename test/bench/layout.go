// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// tenantLabel is the label by which the Marketplace knows its tenants.
const tenantLabel = "tenant"

// layout is where the objects are: with no tenants in the Marketplace's own namespace,
// else in a namespace of each tenant, who may declare what is there and nothing more.
type layout struct{ tenants int }

// namespaceOf spreads objects over the tenants, whatever their kind.
func (l layout) namespaceOf(number int) string {
	if l.tenants == 0 {
		return namespace
	}
	return tenantNamespace(number / oneConfigIn % l.tenants)
}

func tenantNamespace(tenant int) string { return fmt.Sprintf("tenant-%03d", tenant) }

// namespaces are those in which there are objects.
func (l layout) namespaces() []string {
	if l.tenants == 0 {
		return []string{namespace}
	}
	names := make([]string, 0, l.tenants)
	for tenant := range l.tenants {
		names = append(names, tenantNamespace(tenant))
	}
	return names
}

// declaration is the object of a number, as somebody would declare it.
func (l layout) declaration(number int) client.Object {
	if isConfig(number) {
		config := declaredConfig(l.namespaceOf(number), number)
		config.Spec.MarketplaceRef = l.reference()
		return config
	}
	user := declaredUser(l.namespaceOf(number), number)
	user.Spec.MarketplaceRef = l.reference()
	return user
}

// reference names the Marketplace from where the objects are.
func (l layout) reference() v1alpha1.MarketplaceReference {
	if l.tenants == 0 {
		return v1alpha1.MarketplaceReference{}
	}
	return v1alpha1.MarketplaceReference{Name: marketplaceName, Namespace: namespace}
}

// share declares who the tenants are and what they may declare.
func (l layout) share(spec *v1alpha1.MarketplaceSpec) {
	if l.tenants == 0 {
		return
	}
	spec.AllowedNamespaces.From = v1alpha1.NamespacesAll
	for tenant := range l.tenants {
		entry := v1alpha1.Tenant{
			Namespaces:       v1alpha1.NamespaceSelector{MatchLabels: map[string]string{tenantLabel: strconv.Itoa(tenant)}},
			Kinds:            []v1alpha1.TenantKind{v1alpha1.TenantBuyerUser, v1alpha1.TenantImpersonationConfig},
			SecurityProfiles: []v1alpha1.TenantID{securityProfile}, Clients: []string{clientName},
			Impersonators: v1alpha1.TenantImpersonators{AdminGroups: []v1alpha1.TenantID{adminGroup}},
		}
		for buyer := range buyerCount {
			entry.Buyers = append(entry.Buyers, v1alpha1.TenantID(buyerID(buyer)))
		}
		spec.Tenants = append(spec.Tenants, entry)
	}
}

// createTenants makes the namespaces of the tenants.
func (r *run) createTenants(ctx context.Context) error {
	for tenant := range r.layout.tenants {
		labelled := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: tenantNamespace(tenant), Labels: map[string]string{tenantLabel: strconv.Itoa(tenant)},
		}}
		if err := r.cluster.Create(ctx, labelled); err != nil {
			return fmt.Errorf("creating the namespace of a tenant: %w", err)
		}
	}
	return nil
}
