// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// CheckNow asks the API server itself, past every cache, whether an object of the
// namespace may still be written in that marketplace: the Marketplace is there, lets the
// namespace in, and has the address, the seller and the Secret that the client was made
// with. If not, the error is a *failure.Failure that says what has changed. What the
// namespace may declare is returned for the caller to hold its declaration against. It is
// for the last moment before a write: writes are rare, and may have waited long.
func (r *Registry) CheckNow(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference, at claim.Marketplace) (tenant.Tenancy, error) {
	key := Key(namespace, reference)
	var declared v1alpha1.Marketplace
	if err := r.secrets.Get(ctx, key, &declared); err != nil {
		return tenant.Tenancy{}, explainMarketplace(key, err)
	}
	if err := r.checkCrossing(&declared, namespace); err != nil {
		return tenant.Tenancy{}, err
	}
	ask := sync.OnceValues(func() (labels.Set, error) { return labelsOf(ctx, r.secrets, namespace) })
	tenancy, err := admit(&declared, namespace, ask)
	if err != nil {
		return tenancy, err
	}
	var changed string
	switch spec := &declared.Spec; {
	case BaseURL(spec) != at.URL:
		changed = "the address"
	case spec.SellerID != "" && spec.SellerID != at.SellerID:
		changed = "spec.sellerID"
	case spec.CredentialsSecretRef.Name != r.known(key).secretName:
		changed = "spec.credentialsSecretRef"
	default:
		return tenancy, nil
	}
	return tenant.Tenancy{}, failure.New(v1alpha1.ReasonMarketplaceNotReady,
		"%s of Marketplace %s has changed before the write was sent: it is planned again with what is declared now", changed, key)
}

// explainMarketplace says why a Marketplace cannot be read.
func explainMarketplace(key fmt.Stringer, err error) error {
	if apierrors.IsNotFound(err) {
		return failure.New(v1alpha1.ReasonMarketplaceNotFound,
			"Marketplace %s does not exist: create it", key).Again(failure.AtInterval).By(err)
	}
	return fmt.Errorf("getting Marketplace %s: %w", key, err)
}
