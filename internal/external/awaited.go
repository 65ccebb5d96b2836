// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// PartiesByID lists the paths of the users that a config or a token names by their IDs.
func PartiesByID(object client.Object) []string {
	var paths []string
	add := func(buyerID, userID v1alpha1.ID) {
		if buyerID != "" && userID != "" {
			paths = append(paths, unbound.BuyerUsers(string(buyerID)).Path(string(userID)))
		}
	}
	switch typed := object.(type) {
	case *v1alpha1.ImpersonationConfig:
		add(typed.Spec.ImpersonationBuyerID, typed.Spec.ImpersonationUserID)
		add(typed.Spec.BuyerID, typed.Spec.UserID)
	case *v1alpha1.ImpersonationToken:
		add(typed.Spec.BuyerID, typed.Spec.UserID)
	}
	return paths
}

// AwaitUser returns a *failure.Failure while a BuyerUser of the same Marketplace declares the
// user of a path and is on its way. One that a person has to deal with is not waited for:
// the user may exist all the same. Of another tenant no name is told.
func AwaitUser(
	ctx context.Context, reader client.Reader, of client.Object, in v1alpha1.MarketplaceReference, tenancy tenant.Tenancy, path string,
) error {
	var users v1alpha1.BuyerUserList
	err := reader.List(ctx, &users, lifecycle.ByMarketplaceAndPath(marketplace.Key(of.GetNamespace(), in), path),
		client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
	if err != nil {
		return fmt.Errorf("listing who declares %s: %w", path, err)
	}
	for index := range users.Items {
		user := &users.Items[index]
		if !isOnItsWay(user) {
			continue
		}
		name := client.ObjectKeyFromObject(user).String()
		if !tenancy.IsUnbound() && user.Namespace != of.GetNamespace() {
			name = "of another tenant, which declares " + path + ","
		}
		return failure.New(v1alpha1.ReasonReferenceNotReady, "waiting for BuyerUser %s to be Ready", name).Again(failure.AtInterval)
	}
	return nil
}

// isOnItsWay says that a BuyerUser may become Ready by itself, and never was.
func isOnItsWay(user *v1alpha1.BuyerUser) bool {
	return user.DeletionTimestamp.IsZero() && (user.Status.Claim == nil || user.Status.Claim.State != v1alpha1.ClaimHeld) &&
		!meta.IsStatusConditionTrue(user.Status.Conditions, v1alpha1.ReadyCondition) &&
		!meta.IsStatusConditionTrue(user.Status.Conditions, v1alpha1.StalledCondition)
}
