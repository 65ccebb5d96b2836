// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
)

// declarationChanged lets through what a person or a pipeline does to an object,
// and leaves out the operator's own writes: status and finalizers.
func declarationChanged() predicate.Predicate {
	return predicate.Or[client.Object](predicate.GenerationChangedPredicate{}, predicate.Funcs{
		UpdateFunc: func(change event.UpdateEvent) bool {
			return change.ObjectOld.GetAnnotations()[v1alpha1.ReconcileAtAnnotation] !=
				change.ObjectNew.GetAnnotations()[v1alpha1.ReconcileAtAnnotation]
		},
	})
}

// declarationOrReadyChanged also lets through that the object became Ready or
// stopped to be.
func declarationOrReadyChanged() predicate.Predicate {
	return predicate.Or(declarationChanged(), conditionChanged(v1alpha1.ReadyCondition))
}

// conditionChanged lets an update through in which one of the conditions has
// another status than before.
func conditionChanged(kinds ...string) predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(change event.UpdateEvent) bool {
			for _, kind := range kinds {
				if conditionStatus(change.ObjectOld, kind) != conditionStatus(change.ObjectNew, kind) {
					return true
				}
			}
			return false
		},
	}
}

func conditionStatus(object client.Object, kind string) string {
	condition := meta.FindStatusCondition(conditionsOf(object), kind)
	if condition == nil {
		return ""
	}
	return string(condition.Status)
}

// followMarketplaces wakes every object of a kind that refers to the Marketplace
// of an event.
func followMarketplaces(reader client.Reader, list func() client.ObjectList) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, object client.Object) []reconcile.Request {
		return requests(ctx, reader, list(), client.MatchingFields{byMarketplace: client.ObjectKeyFromObject(object).String()})
	})
}

// followCredentials wakes every object of a kind whose Marketplace uses the
// Secret of an event.
func followCredentials(reader client.Reader, list func() client.ObjectList) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, secret client.Object) []reconcile.Request {
		var woken []reconcile.Request
		for _, key := range requests(ctx, reader, &v1alpha1.MarketplaceList{},
			client.InNamespace(secret.GetNamespace()), client.MatchingFields{byCredentialsSecret: secret.GetName()}) {
			woken = append(woken, requests(ctx, reader, list(), client.MatchingFields{byMarketplace: key.String()})...)
		}
		return woken
	})
}

// followNamed wakes the objects of the event's own namespace that an index lists
// under the name of the event's object.
func followNamed(reader client.Reader, list func() client.ObjectList, index string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, object client.Object) []reconcile.Request {
		return requests(ctx, reader, list(), client.InNamespace(object.GetNamespace()), client.MatchingFields{index: object.GetName()})
	})
}

// requests lists the objects that match. A cache that cannot answer is told to
// the log: the objects are still compared at their interval.
func requests(ctx context.Context, reader client.Reader, list client.ObjectList, options ...client.ListOption) []reconcile.Request {
	options = append(options, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
	if err := reader.List(ctx, list, options...); err != nil {
		log.FromContext(ctx).Error(err, "Listing the objects to wake failed")
		return nil
	}
	var found []reconcile.Request
	_ = meta.EachListItem(list, func(item runtime.Object) error {
		if object, ok := item.(client.Object); ok {
			found = append(found, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
		}
		return nil
	})
	return found
}

func conditionsOf(object client.Object) []metav1.Condition {
	switch typed := object.(type) {
	case *v1alpha1.Marketplace:
		return typed.Status.Conditions
	case lifecycle.Object:
		_, status := typed.Managed()
		return status.Conditions
	default:
		return nil
	}
}
