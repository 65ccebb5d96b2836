// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// newcomer is how long a resource is young. Until then a conflict is more likely a move
// between namespaces, whose other half is on its way, than two declarations.
const newcomer = time.Minute

// rivals lists the other resources, of any namespace, that declare the same OrderCloud
// object, may, and would write to it.
func (p *pass[T]) rivals(ctx context.Context) ([]T, error) {
	path, own := p.path(), MarketplaceOf(p.object)
	values := []string{claimedValue(p.here, path), marketplaceValue(own, path)}
	for _, peer := range p.Marketplaces.Peers(p.here) {
		if peer != own {
			values = append(values, marketplaceValue(peer, path))
		}
	}
	candidates, err := p.declaring(ctx, values...)
	if err != nil {
		return nil, err
	}
	var rivals []T
	for _, other := range candidates {
		shares, err := p.sharesMarketplace(ctx, other)
		if err != nil {
			return nil, err
		}
		if shares {
			rivals = append(rivals, other)
		}
	}
	return rivals, nil
}

// declaring lists the other resources that an index has under any of the values and that
// would write.
func (p *pass[T]) declaring(ctx context.Context, values ...string) ([]T, error) {
	known := map[types.UID]bool{p.object.GetUID(): true}
	var found []T
	for _, value := range values {
		list := p.Kind.NewList()
		options := []client.ListOption{
			client.MatchingFields{PathIndex: value}, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency,
		}
		if err := p.Client.List(ctx, list, options...); err != nil {
			return nil, fmt.Errorf("listing who else declares %s: %w", p.path(), err)
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			if other, ok := item.(T); ok && !known[other.GetUID()] && enforces(other) {
				known[other.GetUID()] = true
				found = append(found, other)
			}
			return nil
		})
	}
	return found, nil
}

func enforces[T Object](object T) bool {
	spec, _ := object.Managed()
	return PolicyOf(spec).Management == v1alpha1.ManagementEnforce
}

// sharesMarketplace says that another resource reaches the same marketplace and may. One
// whose Marketplace OrderCloud refuses at present stands nowhere. One of whose Marketplace
// nothing is known yet, right after a start, stands where its claim says.
func (p *pass[T]) sharesMarketplace(ctx context.Context, other T) (bool, error) {
	isNeighbour := MarketplaceOf(p.object) == MarketplaceOf(other) && p.object.GetNamespace() == other.GetNamespace()
	tenancy, isAdmitted, err := p.admission(ctx, other, isNeighbour)
	if err != nil || !isAdmitted {
		return false, err
	}
	if !p.worth(other).Claims() && !p.mayDeclare(tenancy, other) {
		return false, nil
	}
	if isNeighbour {
		return true, nil
	}
	proven, standing := p.Marketplaces.Standing(MarketplaceOf(other))
	switch standing {
	case marketplace.StandingProven:
		return proven.IsSame(p.here), nil
	case marketplace.StandingUnknown:
		return p.worth(other) == claim.Held, nil
	default:
		return false, nil
	}
}

// admission says whether a resource may refer to its Marketplace, and what it may declare
// there. Otherwise any namespace could keep others from their objects, or inherit them.
// Connecting also finds out which marketplace it is.
func (p *pass[T]) admission(ctx context.Context, other T, isNeighbour bool) (tenant.Tenancy, bool, error) {
	if isNeighbour {
		return p.tenancy, true, nil
	}
	spec, _ := other.Managed()
	connection, err := p.Marketplaces.Connect(ctx, other.GetNamespace(), spec.MarketplaceRef)
	if err != nil && failure.As(err) == nil {
		return tenant.Tenancy{}, false, err
	}
	if connection == nil {
		return tenant.Tenancy{}, true, nil
	}
	return connection.Tenancy, !marketplace.IsNotAdmitted(err), nil
}

// worth is what the claim of another resource is worth in the marketplace of this pass.
func (p *pass[T]) worth(other T) claim.State {
	return ClaimOf(other).At(other.GetUID(), p.here, p.Kind.Path(other))
}

// MarketplaceOf returns the Marketplace that a resource refers to.
func MarketplaceOf(object Object) types.NamespacedName {
	spec, _ := object.Managed()
	return marketplace.Key(object.GetNamespace(), spec.MarketplaceRef)
}

func (p *pass[T]) contender(of T) claim.Contender {
	return claim.Contender{
		Claim: p.worth(of), Leaves: !of.GetDeletionTimestamp().IsZero(),
		Created: of.GetCreationTimestamp().Time, Name: client.ObjectKeyFromObject(of).String(),
	}
}

// best returns the one of several that has the best right.
func (p *pass[T]) best(of []T) (best T, found bool) {
	for _, one := range of {
		if !found || p.contender(one).GoesBefore(p.contender(best)) {
			best, found = one, true
		}
	}
	return best, found
}

// yield gives way to a resource that declares the same object and has the better
// right to it. A resource that only watches neither yields nor is in the way.
func (p *pass[T]) yield(ctx context.Context) (*failure.Failure, error) {
	if !enforces(p.object) {
		return nil, nil
	}
	rivals, err := p.rivals(ctx)
	if err != nil {
		return nil, err
	}
	owner, _ := p.best(append(rivals, p.object))
	if owner.GetUID() == p.object.GetUID() {
		return nil, nil
	}
	// Who yields must not delete the object later.
	p.state = p.state.After(claim.Yields)
	return p.inConflictWith(owner), nil
}

// inConflictWith is stalled only if nothing will end the conflict: while the other one is
// being deleted, and while this one is young, it may be a move.
func (p *pass[T]) inConflictWith(owner T) *failure.Failure {
	const leaves = "%s declares %s, too, and is being deleted: this one takes over when it is gone"
	const stays = "%s declares %s, too, and was there before: delete one of the two; when the other one goes, this one takes over"
	text := stays
	if !owner.GetDeletionTimestamp().IsZero() {
		text = leaves
	}
	conflict := failure.New(v1alpha1.ReasonConflict, text, p.name(owner), p.path())
	if !p.mayName(owner) {
		conflict = conflict.Telling(fmt.Sprintf(text, client.ObjectKeyFromObject(owner), p.path()))
	}
	if !owner.GetDeletionTimestamp().IsZero() {
		return conflict.Again(failure.UpToAMinute)
	}
	if p.Clock.Since(p.object.GetCreationTimestamp().Time) < newcomer {
		return conflict.Again(failure.UpToAMinute)
	}
	return conflict.Stall()
}
