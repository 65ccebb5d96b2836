// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// ConnectToDelete is Connect, but it also returns a connection when the Marketplace
// or its Secret is gone and the credentials were read before: who deletes a
// namespace deletes them in any order, together with the objects that need them.
func (r *Registry) ConnectToDelete(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (*Connection, error) {
	connection, err := r.Connect(ctx, namespace, reference)
	problem := failure.As(err)
	if problem == nil || !apierrors.IsNotFound(problem) {
		return connection, err
	}
	known, ok := r.known(Key(namespace, reference))
	if !ok {
		return connection, err
	}
	if connection == nil {
		connection = &Connection{Interval: DefaultInterval}
	}
	connection.Client, connection.Looks = known.client, known.looks
	return connection, nil
}

// AreSame says that two Marketplaces are one, or are known to use the same
// credentials at the same address.
func (r *Registry) AreSame(one, other types.NamespacedName) bool {
	if one == other {
		return true
	}
	first, known := r.known(one)
	second, knownToo := r.known(other)
	return known && knownToo && first.client.BaseURL() == second.client.BaseURL() && strings.EqualFold(first.clientID, second.clientID)
}

// known is what was last found out about a Marketplace, if anything was.
func (r *Registry) known(key types.NamespacedName) (reach, bool) {
	r.lock.Lock()
	kept := r.entries[key]
	r.lock.Unlock()
	if kept == nil {
		return reach{}, false
	}
	kept.lock.Lock()
	defer kept.lock.Unlock()
	return kept.reach(), kept.client != nil
}
