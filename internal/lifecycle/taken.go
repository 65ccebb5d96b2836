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

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
)

// whileHolderGoes says of what another object has that it may become free by itself: Git
// tools apply the new name of a grant before they prune the old one, or after. Nothing is
// stalled while a resource that declares the same is being deleted, and in the first minute
// in which this declaration is refused. What is known to be stalled stays so, though the
// operator restarts.
func (p *pass[T]) whileHolderGoes(ctx context.Context, problem *failure.Failure) (*failure.Failure, error) {
	if problem == nil || problem.Retry != failure.WhenFree {
		return problem, nil
	}
	waiting := *problem
	waiting.Stalled = false
	leaves, err := p.holderLeaves(ctx)
	if err != nil {
		return nil, err
	}
	if leaves {
		// The deletion wakes this resource when it is done.
		return waiting.Again(failure.Backoff), nil
	}
	now := p.Clock.Now()
	if p.isStalledBy(problem.Reason) || now.Sub(p.attempts.Since(p.request(), p.outcome(problem), now)) >= schedule.Patience {
		return problem, nil
	}
	return &waiting, nil
}

// isStalledBy says that the status tells of this generation that it is stalled for a reason.
func (p *pass[T]) isStalledBy(reason string) bool {
	_, before := p.before.Managed()
	stalled := meta.FindStatusCondition(before.Conditions, v1alpha1.StalledCondition)
	return stalled != nil && stalled.Reason == reason && stalled.ObservedGeneration == p.object.GetGeneration()
}

// holderLeaves says that a resource which declares what only one object may have is being
// deleted.
func (p *pass[T]) holderLeaves(ctx context.Context) (bool, error) {
	value := p.Kind.Exclusive(p.object)
	if value == "" {
		return false, nil
	}
	leaves := false
	for key := range p.sameMarketplace() {
		list := p.Kind.NewList()
		err := p.Client.List(ctx, list, ByExclusive(key, value), client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
		if err != nil {
			return false, fmt.Errorf("listing who else declares what %s declares: %w", p.path(), err)
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			other, ok := item.(T)
			leaves = leaves || ok && other.GetUID() != p.object.GetUID() && !other.GetDeletionTimestamp().IsZero()
			return nil
		})
	}
	return leaves, nil
}

// sameMarketplace are the Marketplaces that reach the marketplace of this pass.
func (p *pass[T]) sameMarketplace() map[types.NamespacedName]bool {
	keys := map[types.NamespacedName]bool{MarketplaceOf(p.object): true}
	for _, peer := range p.Marketplaces.Peers(p.here) {
		keys[peer] = true
	}
	return keys
}
