// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

// PathIndex is the index of the cache, required of each kind, in which resources
// are found by the path of the OrderCloud object that they declare.
const PathIndex = "path"

// IndexPath returns the function of PathIndex for a kind.
func IndexPath[T Object](kind Kind[T]) client.IndexerFunc {
	return func(object client.Object) []string {
		declared, ok := object.(T)
		if !ok {
			return nil
		}
		return []string{kind.Path(declared)}
	}
}

// rivals lists the other resources, of any namespace, that declare the same
// OrderCloud object and would write to it.
func (p *pass[T]) rivals(ctx context.Context) ([]T, error) {
	list := p.Kind.NewList()
	options := []client.ListOption{
		client.MatchingFields{PathIndex: p.path()}, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency,
	}
	if err := p.Client.List(ctx, list, options...); err != nil {
		return nil, fmt.Errorf("listing who else declares %s: %w", p.path(), err)
	}
	var rivals []T
	err := meta.EachListItem(list, func(item runtime.Object) error {
		other, ok := item.(T)
		if !ok || !p.isRival(other) {
			return nil
		}
		shares, err := p.sharesMarketplace(ctx, other)
		if shares {
			rivals = append(rivals, other)
		}
		return err
	})
	return rivals, err
}

func (p *pass[T]) isRival(other T) bool {
	spec, _ := other.Managed()
	return other.GetUID() != p.object.GetUID() && PolicyOf(spec).Management == v1alpha1.ManagementEnforce
}

// sharesMarketplace says that another resource reaches the same marketplace and
// may. Otherwise any namespace could keep others from their objects, or inherit
// them.
func (p *pass[T]) sharesMarketplace(ctx context.Context, other T) (bool, error) {
	mine, theirs := MarketplaceOf(p.object), MarketplaceOf(other)
	if mine == theirs && p.object.GetNamespace() == other.GetNamespace() {
		return true, nil
	}
	spec, _ := other.Managed()
	_, err := p.Marketplaces.Connect(ctx, other.GetNamespace(), spec.MarketplaceRef)
	if problem := failure.As(err); problem != nil && problem.Reason == v1alpha1.ReasonNamespaceNotAllowed {
		return false, nil
	} else if err != nil && problem == nil {
		return false, err
	}
	// What two Marketplaces reach is known once both were connected, which after a
	// restart of the operator nobody may have done before a deletion. Whether this
	// one may still be reached is not asked here.
	_, err = p.Marketplaces.Connect(ctx, p.object.GetNamespace(), p.spec.MarketplaceRef)
	if err != nil && failure.As(err) == nil {
		return false, err
	}
	return p.Marketplaces.AreSame(mine, theirs), nil
}

// MarketplaceOf returns the Marketplace that a resource refers to.
func MarketplaceOf(object Object) types.NamespacedName {
	spec, _ := object.Managed()
	return marketplace.Key(object.GetNamespace(), spec.MarketplaceRef)
}

// yield gives way to a resource that declares the same object and has the better
// right to it: the one that holds the claim, and of several or none the oldest. A
// resource that only watches neither yields nor is in the way.
func (p *pass[T]) yield(ctx context.Context) (*failure.Failure, error) {
	if PolicyOf(p.spec).Management == v1alpha1.ManagementObserve {
		return nil, nil
	}
	rivals, err := p.rivals(ctx)
	if err != nil {
		return nil, err
	}
	owner := p.object
	for _, rival := range rivals {
		if p.goesBefore(rival, owner) {
			owner = rival
		}
	}
	if owner.GetUID() == p.object.GetUID() {
		return nil, nil
	}
	// Both held the claim, or this one would be the owner. Who yields must not
	// delete the object later.
	if err := p.release(ctx); err != nil {
		return nil, err
	}
	return failure.New(v1alpha1.ReasonConflict,
		"%s declares %s, too, and was there before: delete one of the two; when the other one goes, this one takes over",
		client.ObjectKeyFromObject(owner), p.path()).Stall(), nil
}

// goesBefore says which of two has the better right. One that is being deleted has
// less: it may have handed its claim over and not have let go of its own yet. The
// name decides between those that were created in the same second.
func (p *pass[T]) goesBefore(one, other T) bool {
	if first, second := p.holdsClaim(one), p.holdsClaim(other); first != second {
		return first
	}
	if leaves, otherLeaves := one.GetDeletionTimestamp() != nil, other.GetDeletionTimestamp() != nil; leaves != otherLeaves {
		return otherLeaves
	}
	created, createdOther := one.GetCreationTimestamp(), other.GetCreationTimestamp()
	if !created.Equal(&createdOther) {
		return created.Before(&createdOther)
	}
	return client.ObjectKeyFromObject(one).String() < client.ObjectKeyFromObject(other).String()
}

// handOver gives the claim to the resource that declares the object as well and has
// waited for it, so that moving a declaration from one namespace to another
// deletes nothing.
func (p *pass[T]) handOver(ctx context.Context) (bool, error) {
	rivals, err := p.rivals(ctx)
	if err != nil {
		return false, err
	}
	var heir T
	found := false
	for _, rival := range rivals {
		if rival.GetDeletionTimestamp().IsZero() && (!found || p.goesBefore(rival, heir)) {
			heir, found = rival, true
		}
	}
	if !found {
		return false, nil
	}
	if err := p.entitle(ctx, heir); err != nil {
		return false, err
	}
	log.FromContext(ctx).Info("Handed over", "path", p.path(), "to", client.ObjectKeyFromObject(heir))
	p.event(EventHandedOver, "Delete", "handed %s over to %s, which declares it, too", p.path(), client.ObjectKeyFromObject(heir))
	return true, nil
}
