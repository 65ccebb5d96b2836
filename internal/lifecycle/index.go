// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
)

// MarketplaceIndex is the index of the cache, required of every kind that refers to a
// Marketplace, in which objects are found by the NAMESPACE/NAME of that Marketplace.
const MarketplaceIndex = "marketplace"

// PathIndex is the index of the cache, required of each kind, in which resources are found
// by the path of the OrderCloud object that they declare: by the path alone, by the
// Marketplace that they refer to and the path, and by the marketplace that they claim it in
// and the path. The same manifests may be in many namespaces, each for another marketplace.
const PathIndex = "path"

// IndexPath returns the function of PathIndex for a kind.
func IndexPath[T Object](kind Kind[T]) client.IndexerFunc {
	return func(object client.Object) []string {
		declared, ok := object.(T)
		if !ok {
			return nil
		}
		path := kind.Path(declared)
		values := []string{pathValue(path), marketplaceValue(MarketplaceOf(declared), path)}
		if claimed := ClaimOf(declared); claimed.State == claim.Held && claimed.Marketplace.IsProven() {
			values = append(values, claimedValue(claimed.Marketplace, claimed.Path))
		}
		return values
	}
}

// ExclusiveIndex is the index of the cache, required of each kind, in which resources are
// found by the Marketplace that they refer to and by what only one object may have there.
const ExclusiveIndex = "exclusive"

// IndexExclusive returns the function of ExclusiveIndex for a kind.
func IndexExclusive[T Object](kind Kind[T]) client.IndexerFunc {
	return func(object client.Object) []string {
		declared, ok := object.(T)
		if !ok || kind.Exclusive(declared) == "" {
			return nil
		}
		return []string{exclusiveValue(MarketplaceOf(declared), kind.Exclusive(declared))}
	}
}

// ByExclusive selects the resources that refer to a Marketplace and declare what only one
// object may have there.
func ByExclusive(key types.NamespacedName, value string) client.MatchingFields {
	return client.MatchingFields{ExclusiveIndex: exclusiveValue(key, value)}
}

func exclusiveValue(key types.NamespacedName, value string) string { return key.String() + " " + value }

// ByPath selects the resources of any Marketplace that declare a path.
func ByPath(path string) client.MatchingFields {
	return client.MatchingFields{PathIndex: pathValue(path)}
}

// ByMarketplaceAndPath selects the resources that refer to a Marketplace and declare a path.
func ByMarketplaceAndPath(key types.NamespacedName, path string) client.MatchingFields {
	return client.MatchingFields{PathIndex: marketplaceValue(key, path)}
}

func pathValue(path string) string { return claim.FoldPath(path) }

func marketplaceValue(key types.NamespacedName, path string) string {
	return key.String() + " " + claim.FoldPath(path)
}

func claimedValue(in claim.Marketplace, path string) string {
	return strings.Join([]string{in.URL, in.SellerID, claim.FoldPath(path)}, " ")
}
