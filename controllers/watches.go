// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/readable"
)

// follows is a source of another kind than the controller's own. The controller does not
// wait until all of that kind is known: it may be one that cannot be read, and what a
// pass needs of it, the pass itself waits for.
func follows(manager ctrl.Manager, object client.Object, woken handler.EventHandler, changes ...predicate.Predicate) source.Source {
	return unawaited{source.Kind(manager.GetCache(), object, woken, changes...)}
}

// unawaited hides that a source could be waited for.
type unawaited struct{ source.Source }

// String names the source in the log.
func (u unawaited) String() string { return fmt.Sprint(u.Source) }

// declarationChanged lets through what a person or a pipeline does to an object, such as
// taking the finalizer of a claim off or restoring the status of a former object, and leaves
// out the operator's own writes.
func declarationChanged() predicate.Predicate {
	return predicate.Or[client.Object](predicate.GenerationChangedPredicate{}, predicate.Funcs{
		UpdateFunc: func(change event.UpdateEvent) bool {
			before, after := change.ObjectOld.GetAnnotations(), change.ObjectNew.GetAnnotations()
			return before[v1alpha1.ReconcileAtAnnotation] != after[v1alpha1.ReconcileAtAnnotation] ||
				before[v1alpha1.ConfirmDeleteAnnotation] != after[v1alpha1.ConfirmDeleteAnnotation] ||
				lacksFinalizer(change.ObjectNew) && !lacksFinalizer(change.ObjectOld) ||
				bearsForeignStatus(change.ObjectNew) && !bearsForeignStatus(change.ObjectOld)
		},
	})
}

// lacksFinalizer says that an object owns something in OrderCloud and would not stay, once
// it is deleted, until deletionPolicy was carried out. The operator itself gives the claim
// up before the finalizer.
func lacksFinalizer(object client.Object) bool {
	claiming, ok := object.(lifecycle.Object)
	return ok && object.GetDeletionTimestamp().IsZero() && lifecycle.HoldsClaim(claiming) &&
		!controllerutil.ContainsFinalizer(object, v1alpha1.ClaimFinalizer)
}

// bearsForeignStatus says that the status of an object records the claim of another one. The
// operator writes no such status: a tool did that restores a backup, or a person who copies,
// and what it tells was never seen about this object.
func bearsForeignStatus(object client.Object) bool {
	claiming, ok := object.(lifecycle.Object)
	if !ok {
		return false
	}
	recorded := lifecycle.ClaimOf(claiming)
	return recorded.State != claim.None && recorded.UID != object.GetUID()
}

// guardTurned lets through that a Marketplace's deletion guard began to hold deletions,
// holds more of them, or ceased to, in whichever account.
func guardTurned() predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(change event.UpdateEvent) bool {
			return !maps.EqualFunc(holdsOf(change.ObjectOld), holdsOf(change.ObjectNew), func(before, after metav1.Time) bool { return before.Equal(&after) })
		},
	}
}

// holdsOf tells until when the accounts of a Marketplace hold that hold anything.
func holdsOf(object client.Object) map[string]metav1.Time {
	declared, ok := object.(*v1alpha1.Marketplace)
	if !ok || declared.Status.Deletions == nil {
		return nil
	}
	holds := map[string]metav1.Time{}
	note := func(namespaces string, account v1alpha1.DeletionAccount) {
		if account.HeldAbove != nil {
			holds[namespaces] = account.HeldUntil
		}
	}
	note("", declared.Status.Deletions.DeletionAccount)
	for _, tenant := range declared.Status.Deletions.Tenants {
		note(tenant.Namespaces, tenant.DeletionAccount)
	}
	return holds
}

// isGone lets through that an object was deleted.
func isGone() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(event.UpdateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// followParties wakes the BuyerUsers that an ImpersonationConfig names: OrderCloud
// deletes none of them before it.
func followParties(reader client.Reader) handler.EventHandler {
	return wakeFew(func(ctx context.Context, object client.Object) []reconcile.Request {
		config, ok := object.(*v1alpha1.ImpersonationConfig)
		if !ok || config.Status.Resolved == nil {
			return nil
		}
		var woken []reconcile.Request
		for _, party := range []*v1alpha1.BuyerUser{
			declaring(config.Status.Resolved.BuyerID, config.Status.Resolved.UserID),
			declaring(config.Status.Resolved.ImpersonationBuyerID, config.Status.Resolved.ImpersonationUserID),
		} {
			path := external.BuyerUsers{}.Path(party)
			woken = append(woken, requests(ctx, reader, &v1alpha1.BuyerUserList{}, lifecycle.ByPath(path))...)
		}
		return woken
	})
}

// declaring is a BuyerUser that declares a user of a buyer.
func declaring(buyerID, userID string) *v1alpha1.BuyerUser {
	user := &v1alpha1.BuyerUser{}
	user.Spec.BuyerID, user.Spec.UserID = v1alpha1.ID(buyerID), v1alpha1.ID(userID)
	return user
}

// followRivals wakes those that declare the same OrderCloud object, in the same
// marketplace, as the one of the event: it may have got in their way, or out of it.
func followRivals[T lifecycle.Object](reader client.Reader, registry *marketplace.Registry, kind lifecycle.Kind[T]) handler.EventHandler {
	return wakeFew(func(ctx context.Context, object client.Object) []reconcile.Request {
		declared, ok := object.(T)
		if !ok {
			return nil
		}
		var woken []reconcile.Request
		for _, key := range sameMarketplace(registry, lifecycle.MarketplaceOf(declared)) {
			woken = append(woken, requestsFor(ctx, reader, kind.NewList(),
				func(other client.Object) bool { return other.GetUID() != object.GetUID() },
				lifecycle.ByMarketplaceAndPath(key, kind.Path(declared)))...)
		}
		return woken
	})
}

// followHolders wakes those that declare what only one object of the marketplace may have
// when a resource is gone that had it: OrderCloud has refused them so far.
func followHolders[T lifecycle.Object](reader client.Reader, registry *marketplace.Registry, kind lifecycle.Kind[T]) handler.EventHandler {
	return wakeFew(func(ctx context.Context, object client.Object) []reconcile.Request {
		declared, ok := object.(T)
		if !ok || kind.Exclusive(declared) == "" {
			return nil
		}
		var woken []reconcile.Request
		for _, key := range sameMarketplace(registry, lifecycle.MarketplaceOf(declared)) {
			woken = append(woken, requestsFor(ctx, reader, kind.NewList(), isNotSynced, lifecycle.ByExclusive(key, kind.Exclusive(declared)))...)
		}
		return woken
	})
}

// sameMarketplace lists a Marketplace and those that are proven to be the same marketplace.
func sameMarketplace(registry *marketplace.Registry, key types.NamespacedName) []types.NamespacedName {
	keys := []types.NamespacedName{key}
	proven, standing := registry.Standing(key)
	if standing != marketplace.StandingProven {
		return keys
	}
	for _, peer := range registry.Peers(proven) {
		if peer != key {
			keys = append(keys, peer)
		}
	}
	return keys
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

// wakeAll wakes whatever an event concerns, behind what a person waits for: one
// Marketplace may concern thousands. What is there when the operator starts wakes
// nothing, because every object is looked at then anyway.
func wakeAll(find func(context.Context, client.Object) []reconcile.Request) handler.EventHandler {
	return waking(new(handler.LowPriority), find)
}

// wakeFew wakes what an event concerns at once.
func wakeFew(find func(context.Context, client.Object) []reconcile.Request) handler.EventHandler {
	return waking(nil, find)
}

func waking(priority *int, find func(context.Context, client.Object) []reconcile.Request) handler.EventHandler {
	wake := func(ctx context.Context, object client.Object, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		found := find(ctx, object)
		if ranked, ok := queue.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
			ranked.AddWithOpts(priorityqueue.AddOpts{Priority: priority}, found...)
			return
		}
		for _, request := range found {
			queue.Add(request)
		}
	}
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, change event.CreateEvent, waiting queue) {
			if !change.IsInInitialList {
				wake(ctx, change.Object, waiting)
			}
		},
		UpdateFunc: func(ctx context.Context, change event.UpdateEvent, waiting queue) {
			wake(ctx, change.ObjectNew, waiting)
		},
		DeleteFunc: func(ctx context.Context, change event.DeleteEvent, waiting queue) { wake(ctx, change.Object, waiting) },
	}
}

// followMarketplaces wakes every object of a kind that refers to the Marketplace
// of an event.
func followMarketplaces(reader client.Reader, list func() client.ObjectList) handler.EventHandler {
	return wakeAll(func(ctx context.Context, object client.Object) []reconcile.Request {
		return requests(ctx, reader, list(), client.MatchingFields{byMarketplace: client.ObjectKeyFromObject(object).String()})
	})
}

// followRecovery wakes the objects of a kind that could not be compared while the
// Marketplace of the event was out of reach.
func followRecovery(reader client.Reader, list func() client.ObjectList) handler.EventHandler {
	return wakeAll(func(ctx context.Context, object client.Object) []reconcile.Request {
		return requestsFor(ctx, reader, list(), isNotSynced,
			client.MatchingFields{byMarketplace: client.ObjectKeyFromObject(object).String()})
	})
}

func isNotSynced(object client.Object) bool {
	return !meta.IsStatusConditionTrue(conditionsOf(object), v1alpha1.SyncedCondition)
}

// becameSynced lets an update through with which an object became Synced.
func becameSynced() predicate.Predicate {
	return predicate.And[client.Object](conditionChanged(v1alpha1.SyncedCondition), predicate.NewPredicateFuncs(func(object client.Object) bool {
		return !isNotSynced(object)
	}))
}

// followCredentials wakes every object of a kind whose Marketplace uses the
// Secret of an event.
func followCredentials(reader client.Reader, list func() client.ObjectList) handler.EventHandler {
	return wakeAll(func(ctx context.Context, secret client.Object) []reconcile.Request {
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
	return wakeFew(func(ctx context.Context, object client.Object) []reconcile.Request {
		return requests(ctx, reader, list(), client.InNamespace(object.GetNamespace()), client.MatchingFields{index: object.GetName()})
	})
}

// followUserIDs wakes the objects of a kind that name, by its IDs, the user that the
// BuyerUser of the event declares, and that wait for it.
func followUserIDs(reader client.Reader, list func() client.ObjectList) handler.EventHandler {
	return wakeFew(func(ctx context.Context, object client.Object) []reconcile.Request {
		user, ok := object.(*v1alpha1.BuyerUser)
		if !ok {
			return nil
		}
		value := lifecycle.MarketplaceOf(user).String() + " " + claim.FoldPath(external.BuyerUsers{}.Path(user))
		return requestsFor(ctx, reader, list(), isNotSynced, client.MatchingFields{byUserID: value})
	})
}

// requests lists the objects that match. A cache that cannot answer is told to
// the log: the objects are still compared at their interval.
func requests(ctx context.Context, reader client.Reader, list client.ObjectList, options ...client.ListOption) []reconcile.Request {
	return requestsFor(ctx, reader, list, func(client.Object) bool { return true }, options...)
}

// requestsFor lists the objects that match and are wanted.
func requestsFor(ctx context.Context, reader client.Reader, list client.ObjectList, isWanted func(client.Object) bool, options ...client.ListOption) []reconcile.Request {
	options = append(options, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
	if err := reader.List(ctx, list, options...); err != nil {
		if readable.As(err) == nil { // else the log has it, and their passes wait
			log.FromContext(ctx).Error(err, "Listing the objects to wake failed")
		}
		return nil
	}
	var found []reconcile.Request
	_ = meta.EachListItem(list, func(item runtime.Object) error {
		if object, ok := item.(client.Object); ok && isWanted(object) {
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
	case *v1alpha1.ImpersonationToken:
		return typed.Status.Conditions
	case lifecycle.Object:
		_, status := typed.Managed()
		return status.Conditions
	default:
		return nil
	}
}
