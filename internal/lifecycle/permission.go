// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// resolve finds out what the declaration stands for, and whether the namespace may declare
// that. Nothing of the object is looked at before: its fields could be those of another
// tenant. Why a reference stands for nothing is returned apart, but not to who may not
// declare the kind: OrderCloud is not asked for anything then. Nor is it, or that another
// resource declares the same, told to who may not declare what is known beside it.
func (p *pass[T]) resolve(ctx context.Context, external External) (unresolved *failure.Failure, err error) {
	if err := p.tenancy.PermitKind(p.Kind.Declaration(p.object).Kind); err != nil {
		return nil, err
	}
	p.declaration, err = external.Resolve(ctx, p.claimed())
	unresolved = failure.As(err)
	switch {
	case err != nil && unresolved == nil:
		return nil, err
	case unresolved != nil && p.declaration.Kind == "":
		return unresolved, nil
	}
	return unresolved, p.tenancy.Permit(p.declaration)
}

// mayTake says whether an object that is there, and not the resource's own, is one that the
// namespace could have declared as it is. Otherwise neither its fields are shown nor is it
// adopted.
func (p *pass[T]) mayTake(seen Observation) error {
	if p.claimed() || !seen.Exists {
		return nil
	}
	return p.tenancy.PermitTaking(p.path(), seen.Declaration)
}

// permitRemoval says whether the namespace may still declare what it deletes. What a tenant
// may not declare any more stays as it is.
func (p *pass[T]) permitRemoval(ctx context.Context) error {
	var err error
	if p.tenancy, err = p.Marketplaces.Tenancy(ctx, p.object.GetNamespace(), p.spec.MarketplaceRef); err != nil {
		return err
	}
	p.declaration = p.Kind.Declaration(p.object)
	return p.tenancy.Permit(p.declaration)
}

// mayDeclare says of another resource whether it may declare what it declares, as far as
// that is known without asking OrderCloud. An heir also has to be one that may take what
// this resource leaves.
func (p *pass[T]) mayDeclare(tenancy tenant.Tenancy, other T) bool {
	return tenancy.Permit(p.Kind.Declaration(other)) == nil
}

// name names another resource, unless it is another tenant's: then it is nobody's business.
func (p *pass[T]) name(other T) string {
	if !p.mayName(other) {
		return "a resource of another tenant"
	}
	return client.ObjectKeyFromObject(other).String()
}

func (p *pass[T]) mayName(other T) bool {
	return p.tenancy.IsUnbound() || other.GetNamespace() == p.object.GetNamespace()
}
