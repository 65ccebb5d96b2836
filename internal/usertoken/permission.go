// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// permit says whether the namespace may have the token: by spec.tenants of the Marketplace,
// and only under a grant that the tenant itself or the Marketplace's owner declares.
// OrderCloud would issue it under anybody's.
func (p *pass) permit(ctx context.Context) error {
	tenancy := p.connection.Tenancy
	if err := tenancy.Permit(p.wanted.declaration()); err != nil || tenancy.IsUnbound() {
		return err
	}
	var configs v1alpha1.ImpersonationConfigList
	key := marketplace.Key(p.object.Namespace, p.object.Spec.MarketplaceRef)
	err := p.Client.List(ctx, &configs, client.MatchingFields{lifecycle.MarketplaceIndex: key.String()},
		client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
	if err != nil {
		return fmt.Errorf("listing the grants of Marketplace %s: %w", key, err)
	}
	var unknown error
	for index := range configs.Items {
		serves, err := p.isServedBy(ctx, &configs.Items[index])
		if serves {
			return nil
		}
		if err != nil {
			unknown = err // another grant may serve
		}
	}
	if unknown != nil {
		return unknown
	}
	return p.mayComeSoon(failure.New(v1alpha1.ReasonNotPermitted,
		"spec.tenants of Marketplace %s gives namespace %q tokens only under a grant of its own or of the Marketplace's owner, and no ImpersonationConfig of these that is in OrderCloud lets the operator's user act as %s in %s: declare one",
		key, p.object.Namespace, p.wanted.user(), p.application()))
}

// permitRoles says whether the namespace may have a token that bears these roles, whichever
// were asked for.
func (p *pass) permitRoles(roles []string) error {
	granted := p.wanted.declaration()
	granted.Roles = roles
	return p.connection.Tenancy.Permit(granted)
}

// isServedBy says that a grant is one under which the namespace may have the token.
func (p *pass) isServedBy(ctx context.Context, object *v1alpha1.ImpersonationConfig) (bool, error) {
	grant, isResolved := external.ResolvedConfig(object)
	held := lifecycle.ClaimOf(object).At(object.UID, p.connection.Marketplace, external.ImpersonationConfigs{}.Path(object)) == claim.Held
	if !isResolved || !held || !object.DeletionTimestamp.IsZero() || !strings.EqualFold(grant.ClientID, p.wanted.clientID) {
		return false, nil
	}
	if isPermitted, err := p.isPermitted(ctx, object); err != nil || !isPermitted {
		return false, err
	}
	isTarget, err := p.isTarget(ctx, grant)
	if err != nil || !isTarget {
		return false, err
	}
	return p.isImpersonator(ctx, grant)
}

// isPermitted says that a grant is the tenant's own or the owner's, and that whoever declares
// it may. Of what a tenant declares, OrderCloud has to have been seen to hold just that: to
// declare a grant and suspend it is not to have it.
func (p *pass) isPermitted(ctx context.Context, grant *v1alpha1.ImpersonationConfig) (bool, error) {
	theirs, err := p.Marketplaces.Tenancy(ctx, grant.Namespace, grant.Spec.MarketplaceRef)
	if err != nil {
		if marketplace.IsNotAdmitted(err) {
			err = nil
		}
		return false, err
	}
	declared := external.ImpersonationConfigs{}.Declaration(grant)
	isThere := theirs.IsUnbound() || lifecycle.IsAsDeclared(grant)
	return isThere && theirs.Permit(declared) == nil && p.connection.Tenancy.Owns(theirs, declared), nil
}

// isTarget says that a grant is to act as the user.
func (p *pass) isTarget(ctx context.Context, grant ordercloud.ImpersonationConfig) (bool, error) {
	switch {
	case grant.BuyerID == nil:
		return true, nil
	case *grant.BuyerID != p.wanted.buyerID:
		return false, nil
	case grant.UserID != nil:
		return *grant.UserID == p.wanted.userID, nil
	case grant.GroupID != nil:
		return p.isMember(ctx, p.wanted.buyerID, *grant.GroupID, p.wanted.userID)
	default:
		return true, nil
	}
}

// isImpersonator says that a grant is to the operator's own user.
func (p *pass) isImpersonator(ctx context.Context, grant ordercloud.ImpersonationConfig) (bool, error) {
	switch {
	case grant.ImpersonationBuyerID != nil:
		return false, nil
	case grant.ImpersonationUserID != nil:
		return *grant.ImpersonationUserID == p.connection.UserID, nil
	case grant.ImpersonationGroupID != nil:
		return p.isMember(ctx, "", *grant.ImpersonationGroupID, p.connection.UserID)
	default:
		return true, nil
	}
}

func (p *pass) isMember(ctx context.Context, buyerID, groupID, userID string) (bool, error) {
	isMember, err := p.connection.Client.IsMember(ctx, buyerID, groupID, userID)
	if err != nil {
		return false, p.call("looking up by which group a grant covers").Explain(err)
	}
	return isMember, nil
}

// isWithdrawn says, of a token that is suspended, whether the permission to have it was
// withdrawn: suspension does not outlast that. Who is bound by no tenants is not asked for.
func (p *pass) isWithdrawn(ctx context.Context) error {
	tenancy, err := p.Marketplaces.Tenancy(ctx, p.object.Namespace, p.object.Spec.MarketplaceRef)
	if err == nil && tenancy.IsUnbound() {
		return nil
	}
	if err == nil {
		err = p.prepare(ctx)
	}
	if err == nil {
		return nil
	}
	if p.kept.secret == nil {
		if problem := p.readSecret(ctx); problem != nil {
			return problem
		}
	}
	if !marketplace.IsNotAdmitted(err) {
		err = p.permitKept(ctx)
	}
	if !marketplace.IsNotAdmitted(err) {
		return nil
	}
	return err
}

// permitKept says whether the namespace may still have the token that the Secret holds. If
// it is not known what the declaration stands for now, because OrderCloud cannot be asked or
// a reference leads nowhere, what it stood for when the token was issued decides: nothing
// that is wrong beside it keeps a token that was withdrawn.
func (p *pass) permitKept(ctx context.Context) error {
	var roles []string
	if p.kept.token != nil {
		roles = p.kept.token.Roles
	}
	if p.wanted != nil {
		return p.permitRoles(roles)
	}
	tenancy, err := p.Marketplaces.Tenancy(ctx, p.object.Namespace, p.object.Spec.MarketplaceRef)
	if err != nil {
		return err
	}
	buyerID, _, _ := strings.Cut(strings.TrimPrefix(p.object.Status.User, "buyers/"), "/")
	return tenancy.PermitHeld(buyerID, roles)
}

// declaration is what spec.tenants has to allow.
func (d *declaration) declaration() tenant.Declaration {
	return tenant.Declaration{
		Kind: v1alpha1.TenantImpersonationToken, BuyerID: d.buyerID, Application: d.application,
		Roles: slices.Concat(d.roles, d.customRoles),
	}
}
