// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

// settleFor is how long the first check of another Marketplace is waited for, after
// the operator was started or that Marketplace was created: before, nobody knows
// whether its objects declare impersonation configs of this one.
const settleFor = time.Minute

// declarations tell which impersonation configs of one marketplace in OrderCloud some
// object declares. They are good for one pass.
type declarations struct {
	reader      client.Reader
	permissions *permissions
	// marketplaces are proven to be that marketplace.
	marketplaces map[types.NamespacedName]*v1alpha1.Marketplace
	// unsettled says that there may be more such Marketplaces.
	unsettled bool
}

// declarationsFor finds out which Marketplaces are proven to be the same marketplace as
// one. A Marketplace whose credentials OrderCloud does not accept declares nothing: who
// knows no more than a client ID could hide a grant otherwise.
func (r *marketplaceReconciler) declarationsFor(ctx context.Context, declared *v1alpha1.Marketplace) (*declarations, error) {
	key := client.ObjectKeyFromObject(declared)
	found := &declarations{
		reader: r.client, permissions: newPermissions(r.registry),
		marketplaces: map[types.NamespacedName]*v1alpha1.Marketplace{key: declared},
	}
	var others v1alpha1.MarketplaceList
	if err := r.client.List(ctx, &others, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
		return nil, fmt.Errorf("listing who else reaches the marketplace of Marketplace %s: %w", key, err)
	}
	for index := range others.Items {
		other := &others.Items[index]
		otherKey := client.ObjectKeyFromObject(other)
		if otherKey == key || marketplace.BaseURL(&other.Spec) != marketplace.BaseURL(&declared.Spec) {
			continue
		}
		_, standing := r.registry.Standing(otherKey)
		switch {
		case r.registry.AreSame(key, otherKey):
			found.marketplaces[otherKey] = other
		case standing == marketplace.StandingUnknown && r.clock.Since(later(r.started, other.CreationTimestamp.Time)) < settleFor:
			found.unsettled = true
		}
	}
	return found, nil
}

func later(one, other time.Time) time.Time {
	if one.After(other) {
		return one
	}
	return other
}

// all returns the IDs of all that are declared.
func (d *declarations) all(ctx context.Context) (map[string]bool, error) {
	ids := map[string]bool{}
	for key := range d.marketplaces {
		configs, err := d.list(ctx, client.MatchingFields{byMarketplace: key.String()})
		if err != nil {
			return nil, err
		}
		for index := range configs {
			declares, err := d.declares(ctx, &configs[index])
			if err != nil {
				return nil, err
			}
			if declares {
				ids[configs[index].ConfigID()] = true
			}
		}
	}
	return ids, nil
}

// has says whether one impersonation config is declared.
func (d *declarations) has(ctx context.Context, id string) (bool, error) {
	configs, err := d.list(ctx, lifecycle.ByPath(external.ImpersonationConfigs{}.Path(declaringConfig(id))))
	for index := range configs {
		if configs[index].ConfigID() != id {
			continue // whether OrderCloud takes IDs that differ in letter case for one is [N]
		}
		declares, err := d.declares(ctx, &configs[index])
		if err != nil || declares {
			return declares, err
		}
	}
	return false, err
}

// declaringConfig is an ImpersonationConfig that declares the config with an ID.
func declaringConfig(id string) *v1alpha1.ImpersonationConfig {
	config := &v1alpha1.ImpersonationConfig{}
	config.Spec.ID = v1alpha1.ID(id)
	return config
}

func (d *declarations) list(ctx context.Context, selected client.MatchingFields) ([]v1alpha1.ImpersonationConfig, error) {
	var configs v1alpha1.ImpersonationConfigList
	if err := d.reader.List(ctx, &configs, selected, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
		return nil, fmt.Errorf("listing the ImpersonationConfigs by %v: %w", selected, err)
	}
	return configs.Items, nil
}

// declares says that an object declares a config of the marketplace. One that is being
// deleted still does, and one that may not does not: any namespace could hide a grant
// otherwise.
func (d *declarations) declares(ctx context.Context, config *v1alpha1.ImpersonationConfig) (bool, error) {
	referred, ok := d.marketplaces[lifecycle.MarketplaceOf(config)]
	if !ok {
		return false, nil
	}
	return d.permissions.permitGrant(ctx, referred, config)
}
