// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// ConnectToDelete is Connect, but it also returns a connection when the Marketplace
// or its Secret is gone and the credentials were proven before: who deletes a
// namespace deletes them in any order, together with the objects that need them.
func (r *Registry) ConnectToDelete(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (*Connection, error) {
	connection, err := r.Connect(ctx, namespace, reference)
	problem := failure.As(err)
	if problem == nil || !apierrors.IsNotFound(problem) {
		return connection, err
	}
	known := r.known(Key(namespace, reference))
	if !known.proven.IsProven() {
		return connection, err
	}
	if connection == nil {
		tenancy, err := r.Tenancy(ctx, namespace, reference)
		if err != nil {
			return nil, err
		}
		connection = &Connection{Interval: DefaultInterval, Tenancy: tenancy}
	}
	connection.Client, connection.Looks, connection.Marketplace = known.client, known.looks, known.proven
	return connection, nil
}

// Delay returns how long the request that waits longest for its turn has waited
// in the limiter of a Marketplace, and 0 when there is no such Marketplace.
func (r *Registry) Delay(key types.NamespacedName) time.Duration {
	known := r.known(key)
	if known.turns == nil {
		return 0
	}
	_, oldest := known.turns.Backlog()
	return oldest
}

// known is what was last found out about a Marketplace; nothing if nothing was.
func (r *Registry) known(key types.NamespacedName) reach {
	r.lock.Lock()
	kept := r.entries[key]
	r.lock.Unlock()
	if kept == nil {
		return reach{}
	}
	kept.lock.Lock()
	defer kept.lock.Unlock()
	return kept.reach()
}

// lastDeclared is a Marketplace as it was last seen; nil if it never was, or is forgotten.
func (r *Registry) lastDeclared(key types.NamespacedName) *v1alpha1.Marketplace {
	r.lock.Lock()
	defer r.lock.Unlock()
	if kept := r.entries[key]; kept != nil {
		return kept.declared.Load()
	}
	return nil
}
