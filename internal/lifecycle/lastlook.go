// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// errRedeclared says that the resource, or its claim, changed while the pass was under way.
var errRedeclared = errors.New("the resource was changed meanwhile")

// stillStands asks the API server, right before a write is sent, whether what the pass
// decided upon still stands: a write may have waited long for its turn, and a cache lags.
// Whoever has suspended the resource, has set Observe or Retain, or has withdrawn a
// permission does not expect another write.
func (p *pass[T]) stillStands(ctx context.Context) error {
	if err := p.stillClaims(ctx); err != nil {
		return err
	}
	tenancy, err := p.Marketplaces.CheckNow(ctx, p.object.GetNamespace(), p.spec.MarketplaceRef, p.here)
	if !p.object.GetDeletionTimestamp().IsZero() && apierrors.IsNotFound(err) {
		return nil // a namespace that is deleted loses its Marketplace in any order
	}
	if err != nil {
		return err
	}
	return tenancy.Permit(p.declaration)
}

// stillClaims asks the API server whether the resource and its claim are what the pass
// knows of them.
func (p *pass[T]) stillClaims(ctx context.Context) error {
	live := p.Kind.New()
	err := p.Live.Get(ctx, client.ObjectKeyFromObject(p.object), live)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading the declaration of %s again: %w", p.path(), err)
	}
	if err != nil || p.isChanged(live) {
		return errRedeclared
	}
	return nil
}

// isChanged compares what the API server holds with what the pass knows of it. Policies
// and suspension are in the spec, and every change of that is another generation.
func (p *pass[T]) isChanged(live T) bool {
	_, recorded := live.Managed()
	_, known := p.before.Managed()
	return IsRedeclared(p.object, live) || !bearsFinalizer(live) || !equality.Semantic.DeepEqual(recorded.Claim, known.Claim)
}

// IsRedeclared says that the API server holds another declaration than the one that is
// known: of a namesake, with another spec, or deleted since.
func IsRedeclared(known, live client.Object) bool {
	return live.GetUID() != known.GetUID() || live.GetGeneration() != known.GetGeneration() ||
		live.GetDeletionTimestamp().IsZero() != known.GetDeletionTimestamp().IsZero()
}
