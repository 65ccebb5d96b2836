// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

// keepWhileInUse lets a Marketplace go only when no object needs it any more to
// delete what it holds in OrderCloud. It says whether the Marketplace is gone.
func (r *marketplaceReconciler) keepWhileInUse(ctx context.Context, declared *v1alpha1.Marketplace, needs marketplace.Needs) (gone bool, err error) {
	isKept, isNeeded := controllerutil.ContainsFinalizer(declared, v1alpha1.InUseFinalizer), needs.Claims > 0
	isDeleted := !declared.DeletionTimestamp.IsZero()
	switch {
	case isDeleted && !isKept:
		return true, nil // the API server takes no new finalizers
	case isKept == isNeeded, isKept && !isDeleted:
		return false, nil
	}
	changed := declared.DeepCopy()
	if isKept {
		controllerutil.RemoveFinalizer(changed, v1alpha1.InUseFinalizer)
	} else {
		controllerutil.AddFinalizer(changed, v1alpha1.InUseFinalizer)
	}
	status := declared.Status
	patch := client.MergeFromWithOptions(declared, client.MergeFromWithOptimisticLock{})
	if err := client.IgnoreNotFound(r.client.Patch(ctx, changed, patch)); err != nil {
		return false, fmt.Errorf("keeping Marketplace %s while it is in use: %w", client.ObjectKeyFromObject(declared), err)
	}
	declared.ObjectMeta, declared.Status = changed.ObjectMeta, status
	return isDeleted, nil
}

// forgetUnlessNeeded drops the credentials of a Marketplace that is gone, once no
// object waits for its deletion.
func (r *marketplaceReconciler) forgetUnlessNeeded(ctx context.Context, key types.NamespacedName) (ctrl.Result, error) {
	needs, err := r.count(ctx, &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}})
	if err != nil {
		return ctrl.Result{}, err
	}
	if needs.Claims > 0 {
		return ctrl.Result{RequeueAfter: lastRecheck}, nil
	}
	r.forget(key)
	return ctrl.Result{}, nil
}
