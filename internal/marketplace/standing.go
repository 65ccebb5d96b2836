// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"cmp"
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// Standing says what is known at present about whose a Marketplace's credentials are.
type Standing int

const (
	// StandingUnknown says that nobody has asked yet in this process, or an outage has kept
	// OrderCloud from answering.
	StandingUnknown Standing = iota
	// StandingProven says that OrderCloud accepts the credentials, and they belong to the
	// seller that the Marketplace stays with.
	StandingProven
	// StandingRefused says that the Marketplace may not be used as it is now. Its credentials
	// are missing or refused, or belong to another seller, or its host is not allowed.
	StandingRefused
)

// standingAfter is the standing when a Marketplace was asked about with that outcome.
// An error that says nothing about it leaves what was known before.
func standingAfter(before Standing, isProven bool, err error) Standing {
	problem := failure.As(err)
	switch {
	case isProven:
		return StandingProven
	case problem == nil:
		return before
	case problem.IsOutage():
		return StandingUnknown
	default:
		return StandingRefused
	}
}

// conclude records what a pass has found out about a Marketplace, and returns its
// proof or why there is none. What a pass found out with credentials that are no longer
// in use is not recorded, except which seller was seen.
func (e *entry) conclude(declared *v1alpha1.Marketplace, asked *ordercloud.Client, found finding, err error) (Proof, error) {
	e.lock.Lock()
	defer e.lock.Unlock()
	proof := Proof{
		Marketplace: claim.Marketplace{SellerID: found.sellerID, URL: BaseURL(&declared.Spec)},
		User:        found.user, Roles: found.roles, At: found.at, Client: asked, Due: found.attempts.Due,
	}
	if proof.Marketplace.IsProven() {
		if problem := sellerChanged(expectedSeller(declared, e.pinned), found.sellerID, proof.Marketplace.URL); problem != nil {
			proof.Marketplace.SellerID, err = "", problem
		} else {
			e.pinned = pin{uid: declared.UID, sellerID: found.sellerID}
		}
	}
	if asked != nil && asked != e.client {
		return proof, err
	}
	e.standing = standingAfter(e.standing, proof.Marketplace.IsProven(), err)
	switch {
	case proof.Marketplace.IsProven():
		e.proven = proof.Marketplace
	case failure.As(err) != nil && !apierrors.IsNotFound(err):
		// Credentials whose Secret is gone still serve deletions.
		e.proven = claim.Marketplace{}
	}
	return proof, err
}

// Standing returns what is known at present about a Marketplace, without asking
// anybody, and which marketplace it is if that is proven.
func (r *Registry) Standing(key types.NamespacedName) (claim.Marketplace, Standing) {
	known := r.known(key)
	if known.standing != StandingProven {
		return claim.Marketplace{}, known.standing
	}
	return known.proven, StandingProven
}

// AreSame says that two Marketplaces are one, or that OrderCloud itself named the same
// seller for both, at the same base URL. One whose credentials are not accepted at
// present is the same as no other.
func (r *Registry) AreSame(one, other types.NamespacedName) bool {
	if one == other {
		return true
	}
	first, _ := r.Standing(one)
	second, _ := r.Standing(other)
	return first.IsSame(second)
}

// Peers lists, sorted, every Marketplace that is proven at present to be that
// marketplace.
func (r *Registry) Peers(of claim.Marketplace) []types.NamespacedName {
	var peers []types.NamespacedName
	for _, key := range r.keys() {
		if known, _ := r.Standing(key); known.IsSame(of) {
			peers = append(peers, key)
		}
	}
	slices.SortFunc(peers, func(a, b types.NamespacedName) int { return cmp.Compare(a.String(), b.String()) })
	return peers
}

func (r *Registry) keys() []types.NamespacedName {
	r.lock.Lock()
	defer r.lock.Unlock()
	keys := make([]types.NamespacedName, 0, len(r.entries))
	for key := range r.entries {
		keys = append(keys, key)
	}
	return keys
}

// Where returns the marketplace that a reference names at present, as far as that is known
// without asking OrderCloud: without a seller while none is proven for the declared URL,
// and the zero value when the Marketplace is not there.
func (r *Registry) Where(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (claim.Marketplace, error) {
	key := Key(namespace, reference)
	if !r.watches(key.Namespace) {
		return claim.Marketplace{}, nil
	}
	var declared v1alpha1.Marketplace
	err := r.reader.Get(ctx, key, &declared)
	if apierrors.IsNotFound(err) {
		return claim.Marketplace{}, nil
	}
	if err != nil {
		return claim.Marketplace{}, explainMarketplace(key, err)
	}
	here := claim.Marketplace{URL: BaseURL(&declared.Spec)}
	if proven, standing := r.Standing(key); standing == StandingProven && proven.URL == here.URL {
		return proven, nil
	}
	return here, nil
}
