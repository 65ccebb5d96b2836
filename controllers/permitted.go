// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// visitor is a namespace that refers to a Marketplace.
type visitor struct {
	marketplace types.NamespacedName
	namespace   string
}

// admission is what a namespace may declare through a Marketplace, if it may refer to it.
type admission struct {
	isAdmitted bool
	tenancy    tenant.Tenancy
}

// permissions tell which objects a Marketplace lets declare something. They are good for one
// pass, in which they ask once for each namespace.
type permissions struct {
	registry *marketplace.Registry
	known    map[visitor]admission
}

func newPermissions(registry *marketplace.Registry) *permissions {
	return &permissions{registry: registry, known: map[visitor]admission{}}
}

func (p *permissions) of(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) (admission, error) {
	key := client.ObjectKeyFromObject(declared)
	from := visitor{marketplace: key, namespace: namespace}
	if known, ok := p.known[from]; ok {
		return known, nil
	}
	tenancy, err := p.registry.Admission(ctx, declared, namespace)
	found := admission{isAdmitted: err == nil, tenancy: tenancy}
	if err != nil && !marketplace.IsNotAdmitted(err) {
		return found, fmt.Errorf("deciding what namespace %s may declare through Marketplace %s: %w", namespace, key, err)
	}
	p.known[from] = found
	return found, nil
}

// permit says whether an object is one that a Marketplace lets in, and may declare what it
// declares. One that is suspended, or whose references stand for nothing yet, has no reason
// that tells: of that one the kind decides.
func (p *permissions) permit(ctx context.Context, declared *v1alpha1.Marketplace, object client.Object) (bool, error) {
	found, err := p.of(ctx, declared, object.GetNamespace())
	if err != nil || !found.isAdmitted {
		return false, err
	}
	if hasReason(conditionsOf(object), v1alpha1.SyncedCondition, v1alpha1.ReasonNotPermitted) {
		return false, nil
	}
	return found.tenancy.PermitKind(kindOf(object)) == nil && found.permitsUser(object), nil
}

// permitsUser says whether a user is one that may be declared. Of any other kind it says yes.
func (a admission) permitsUser(object client.Object) bool {
	user, isUser := object.(*v1alpha1.BuyerUser)
	return !isUser || a.tenancy.Permit(external.BuyerUsers{}.Declaration(user)) == nil
}

// kindOf is what tenants call the kind of an object.
func kindOf(object client.Object) v1alpha1.TenantKind {
	switch object.(type) {
	case *v1alpha1.BuyerUser:
		return v1alpha1.TenantBuyerUser
	case *v1alpha1.ImpersonationConfig:
		return v1alpha1.TenantImpersonationConfig
	default:
		return v1alpha1.TenantImpersonationToken
	}
}

// permitGrant says whether an ImpersonationConfig may declare the grant that it is known to
// stand for.
func (p *permissions) permitGrant(ctx context.Context, declared *v1alpha1.Marketplace, config *v1alpha1.ImpersonationConfig) (bool, error) {
	found, err := p.of(ctx, declared, config.Namespace)
	if err != nil || !found.isAdmitted {
		return false, err
	}
	// A tenant that declares what it may under the ID of another grant does not hide that.
	isSeen := found.tenancy.IsUnbound() || lifecycle.WasCompared(config)
	return isSeen && found.tenancy.Permit(external.ImpersonationConfigs{}.Declaration(config)) == nil, nil
}
