// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
)

// keepWhileInUse lets a Marketplace go only when no object needs it any more to
// delete what it holds in OrderCloud. It says whether the Marketplace is gone.
func (r *marketplaceReconciler) keepWhileInUse(ctx context.Context, declared *v1alpha1.Marketplace, isNeeded bool) (gone bool, err error) {
	isKept := controllerutil.ContainsFinalizer(declared, v1alpha1.InUseFinalizer)
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
// object waits for its deletion. Which namespaces it let in nobody knows any more, so
// the objects of all count.
func (r *marketplaceReconciler) forgetUnlessNeeded(ctx context.Context, key types.NamespacedName) (ctrl.Result, error) {
	isNeeded := false
	for _, kind := range kindsOfMarketplace {
		err := r.each(ctx, key, kind.list(), func(object client.Object) error {
			isNeeded = isNeeded || controllerutil.ContainsFinalizer(object, v1alpha1.ClaimFinalizer)
			return nil
		})
		if err != nil {
			return ctrl.Result{}, err
		}
	}
	if isNeeded {
		return ctrl.Result{RequeueAfter: schedule.LastRecheck}, nil
	}
	r.forget(key)
	return ctrl.Result{}, nil
}

// whyKept says, of a Marketplace that is being deleted and has to stay, which objects
// need it and what to do. It is empty for any other.
func whyKept(declared *v1alpha1.Marketplace, counted census) string {
	if declared.DeletionTimestamp.IsZero() || !counted.isNeeded() {
		return ""
	}
	var objects []string
	for index, claims := range counted.claims {
		if claims > 0 {
			objects = append(objects, quantity(claims, counted.objects[index].Kind))
		}
	}
	why := fmt.Sprintf("the Marketplace is being deleted, and stays until the objects are gone that need it to be deleted in OrderCloud: %s; "+
		"delete them, those with deletionPolicy: Retain for which OrderCloud is to keep what they declare", strings.Join(objects, " and "))
	if held := counted.held(); held > 0 {
		why += fmt.Sprintf("; the deletion guard holds %d of them: %s", held, howToRelease(declared))
	}
	return why
}

// howToRelease says to those who own a Marketplace what releases deletions that its guard
// holds.
func howToRelease(declared *v1alpha1.Marketplace) string {
	confirm := fmt.Sprintf("confirm each with the annotation %s: \"true\"", v1alpha1.ConfirmDeleteAnnotation)
	if declared.Spec.DeletionGuard.ConfirmableBy == v1alpha1.ConfirmableByOwner {
		confirm += fmt.Sprintf(", which counts in namespace %s only", declared.Namespace)
	}
	raise := ", or raise spec.deletionGuard.maxDeletions"
	if declared.Spec.Tenants != nil {
		raise += " or that of the entry of spec.tenants"
	}
	return confirm + raise
}

// quantity is a number of objects of one kind in words, such as "2 BuyerUsers".
func quantity(number int, kind string) string {
	if number == 1 {
		return "1 " + kind
	}
	return fmt.Sprintf("%d %ss", number, kind)
}
