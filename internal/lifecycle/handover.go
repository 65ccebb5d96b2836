// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

// handOver gives the object to the resource that declares it as well and has waited for
// it, so that moving a declaration from one namespace to another deletes nothing.
func (p *pass[T]) handOver(ctx context.Context) (bool, error) {
	heirs, err := p.heirs(ctx)
	if err != nil {
		return false, err
	}
	heir, found := p.best(heirs)
	if !found {
		return false, nil
	}
	if err := p.stillClaims(ctx); err != nil {
		return false, err
	}
	if err := p.entitle(ctx, heir); err != nil {
		return false, err
	}
	p.state = p.state.After(claim.Ends)
	log.FromContext(ctx).Info("Handed over", "path", p.path(), "to", client.ObjectKeyFromObject(heir))
	p.event(EventHandedOver, "Delete", handedOver, p.path(), p.name(heir))
	if !p.mayName(heir) {
		told := failure.New(EventHandedOver, handedOver, p.path(), p.name(heir)).
			Telling(fmt.Sprintf(handedOver, p.path(), client.ObjectKeyFromObject(heir)))
		TellOwner(ctx, p.Client, p.Recorder, p.object, MarketplaceOf(p.object), told)
	}
	return true, nil
}

const handedOver = "handed %s over to %s, which declares it, too"

// heirs lists who may inherit: resources that stay, that declare the very same object, that
// may declare it as they do and as it is, and whose Marketplace is proven to be the marketplace of
// the object. They are asked for by the path alone: after a start nobody may have connected
// their Marketplace yet.
func (p *pass[T]) heirs(ctx context.Context) ([]T, error) {
	candidates, err := p.declaring(ctx, pathValue(p.path()))
	if err != nil {
		return nil, err
	}
	var heirs []T
	for _, other := range candidates {
		isHeir, err := p.mayInherit(ctx, other)
		if err != nil {
			return nil, err
		}
		if isHeir {
			heirs = append(heirs, other)
		}
	}
	return heirs, nil
}

func (p *pass[T]) mayInherit(ctx context.Context, other T) (bool, error) {
	if !other.GetDeletionTimestamp().IsZero() || p.Kind.Path(other) != p.path() {
		return false, nil
	}
	spec, _ := other.Managed()
	there, err := p.Marketplaces.Where(ctx, other.GetNamespace(), spec.MarketplaceRef)
	if err != nil || there.URL != p.whereClaimed().URL {
		return false, err
	}
	tenancy, isAdmitted, err := p.admission(ctx, other, false)
	if err != nil || !isAdmitted || !p.mayDeclare(tenancy, other) || !p.mayDeclare(tenancy, p.object) {
		return false, err
	}
	proven, standing := p.Marketplaces.Standing(MarketplaceOf(other))
	return standing == marketplace.StandingProven && proven.IsSame(p.whereClaimed()), nil
}

// whereClaimed is the marketplace of the object. A claim that names no seller is as good as
// the Marketplace through which it was made.
func (p *pass[T]) whereClaimed() claim.Marketplace {
	if p.claim.Marketplace.IsProven() {
		return p.claim.Marketplace
	}
	return p.here
}

// entitle puts the claim on the heir, unless it has one that is as good. The API server is
// asked how the heir is: the cache may show what it was before it was deleted, or moved on.
func (p *pass[T]) entitle(ctx context.Context, cached T) error {
	key := client.ObjectKeyFromObject(cached)
	heir := p.Kind.New()
	err := p.Live.Get(ctx, key, heir)
	if apierrors.IsNotFound(err) || err == nil && IsRedeclared(cached, heir) {
		return errRedeclared
	}
	if err != nil {
		return fmt.Errorf("reading the heir %s of %s: %w", key, p.path(), err)
	}
	if worth := ClaimOf(heir).At(heir.GetUID(), p.whereClaimed(), p.path()); worth == claim.Held || worth == p.state {
		return nil
	}
	if err := p.patchHeir(ctx, heir); err != nil {
		return fmt.Errorf("handing %s over to %s: %w", p.path(), key, err)
	}
	return nil
}

// patchHeir writes the finalizer before the claim: an heir that is deleted in between
// then has nothing to carry out.
func (p *pass[T]) patchHeir(ctx context.Context, heir T) error {
	before, _ := heir.DeepCopyObject().(T)
	if controllerutil.AddFinalizer(heir, v1alpha1.ClaimFinalizer) {
		if err := p.Client.Patch(ctx, heir, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
			return err
		}
		before, _ = heir.DeepCopyObject().(T)
	}
	_, status := heir.Managed()
	status.Claim = toRecord(claim.Claim{
		State: p.state, UID: heir.GetUID(), Path: p.path(), Marketplace: p.whereClaimed(), Since: p.Clock.Now(), Sent: p.claim.Sent,
	})
	return p.Client.Status().Patch(ctx, heir, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}
