// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/crowd"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/guard"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// +kubebuilder:rbac:groups=ordercloud.io,resources=marketplaces,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=ordercloud.io,resources=marketplaces/status,verbs=patch

// countDelay gathers the changes of objects that refer to a Marketplace: while
// thousands of them become Ready, its counts are written once in that time.
const countDelay = time.Second

// marketplaceWorkers is how many Marketplaces are checked at the same time at most. They
// wait for OrderCloud, each for a host that may hang, and do not work.
const marketplaceWorkers = 1024

// marketplaceReconciler keeps the status of Marketplaces. It changes nothing in
// OrderCloud.
type marketplaceReconciler struct {
	client   client.Client
	recorder events.EventRecorder
	registry *marketplace.Registry
	guard    *guard.Guard
	clock    clock.PassiveClock
	// crowd shares the workers out among the hosts; nil lets all passes in.
	crowd *crowd.Crowd
	// started is when the operator was.
	started time.Time

	// wakes has Marketplaces to be looked at: their breaker has opened or closed, or
	// their impersonation configs were listed.
	wakes chan event.GenericEvent
	// checked has Marketplaces whose check succeeded.
	checked chan event.GenericEvent
	// seen is what was seen of the impersonation configs of each Marketplace.
	seen grantsSeen

	lock   sync.Mutex
	checks map[types.NamespacedName]check
}

func setupMarketplaces(manager ctrl.Manager, registry *marketplace.Registry, options Options) error {
	options = options.withWorkers(marketplaceWorkers)
	reconciler := &marketplaceReconciler{
		client:   manager.GetClient(),
		recorder: manager.GetEventRecorder(recorderName),
		registry: registry,
		guard:    options.guard,
		clock:    clock.RealClock{},
		crowd:    options.crowd(),
		started:  time.Now(),
		checks:   map[types.NamespacedName]check{},

		wakes:   make(chan event.GenericEvent, 1000),
		checked: make(chan event.GenericEvent, 1000),
	}
	registry.OnBreakerChanged(reconciler.expire)
	counted := predicate.Or(predicate.GenerationChangedPredicate{},
		conditionChanged(v1alpha1.ReadyCondition, v1alpha1.SyncedCondition, v1alpha1.DriftedCondition))
	list := func() client.ObjectList { return &v1alpha1.MarketplaceList{} }
	made := ctrl.NewControllerManagedBy(manager).
		For(&v1alpha1.Marketplace{}, builder.WithPredicates(predicate.Or(declarationChanged(), guardTurned()))).
		WatchesRawSource(follows(manager, &v1alpha1.BuyerUser{}, countSoon(reconciler.whoCounts), counted)).
		WatchesRawSource(follows(manager, &v1alpha1.ImpersonationConfig{}, countSoon(reconciler.whoCounts), counted)).
		WatchesRawSource(follows(manager, &v1alpha1.ImpersonationToken{}, countSoon(reconciler.whoCounts), counted)).
		WatchesRawSource(source.Channel(reconciler.wakes, &handler.EnqueueRequestForObject{})).
		WatchesRawSource(reconciler.crowd.Source()).
		WithOptions(options.controller())
	err := options.watchSecrets(made, followNamed(manager.GetClient(), list, byCredentialsSecret)).Complete(passes("Marketplace", reconciler.crowd, reconciler))
	return errors.Join(err, setupGrants(manager, reconciler, options))
}

// countSoon wakes the Marketplaces that an object counts for after countDelay; events
// in between are one.
func countSoon(whoCounts func(client.Object) []types.NamespacedName) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	add := func(object client.Object, waiting queue) {
		for _, key := range whoCounts(object) {
			waiting.AddAfter(reconcile.Request{NamespacedName: key}, countDelay)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, change event.CreateEvent, waiting queue) { add(change.Object, waiting) },
		UpdateFunc: func(_ context.Context, change event.UpdateEvent, waiting queue) { add(change.ObjectNew, waiting) },
		DeleteFunc: func(_ context.Context, change event.DeleteEvent, waiting queue) { add(change.Object, waiting) },
	}
}

// whoCounts lists the Marketplace that an object refers to and, of one that declares
// an impersonation config, those that report this very one as not declared.
func (r *marketplaceReconciler) whoCounts(object client.Object) []types.NamespacedName {
	switch typed := object.(type) {
	case *v1alpha1.ImpersonationToken:
		return []types.NamespacedName{marketplace.Key(typed.Namespace, typed.Spec.MarketplaceRef)}
	case *v1alpha1.ImpersonationConfig:
		return append(r.seen.whoseUnmanaged(typed.ConfigID()), lifecycle.MarketplaceOf(typed))
	case lifecycle.Object:
		return []types.NamespacedName{lifecycle.MarketplaceOf(typed)}
	default:
		return nil
	}
}

// Reconcile makes one pass over one Marketplace.
func (r *marketplaceReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var declared v1alpha1.Marketplace
	err := r.client.Get(ctx, request.NamespacedName, &declared)
	if apierrors.IsNotFound(err) {
		return r.forgetUnlessNeeded(ctx, request.NamespacedName)
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	leave, entered := r.crowd.Enter(request, visitTo(&declared, r.lastCheck(request.NamespacedName).isAbout(&declared)))
	if !entered {
		return ctrl.Result{}, nil
	}
	defer leave()
	before := declared.DeepCopy()
	counted, err := r.count(ctx, &declared)
	if err != nil {
		return ctrl.Result{}, err
	}
	if gone, err := r.keepWhileInUse(ctx, &declared, counted.isNeeded()); err != nil || gone {
		return conflictIsNoError(err)
	}
	last := r.lastCheck(client.ObjectKeyFromObject(&declared))
	seen, err := r.look(ctx, &declared, counted.needs)
	if err != nil {
		return ctrl.Result{}, err
	}
	logCheck(ctx, last.problem, seen.problem)
	recordCheck(&declared, seen, counted, r.clock.Now())
	known := r.recordGrants(ctx, before, &declared, seen)
	before.ObjectMeta = declared.ObjectMeta
	if err := r.patchStatus(ctx, before, &declared); err != nil {
		return conflictIsNoError(err)
	}
	r.tell(before, &declared)
	r.tellGrants(ctx, before, &declared, known)
	return ctrl.Result{RequeueAfter: max(seen.dueFor(counted.needs).Sub(r.clock.Now()), time.Millisecond)}, nil
}

// logCheck says once what keeps a marketplace from answering, in place of each of its objects,
// and when that is over. A process that has just started says it, too.
func logCheck(ctx context.Context, last, now *failure.Failure) {
	switch {
	case now != nil && (last == nil || last.Message != now.Message):
		log.FromContext(ctx).Info("The marketplace cannot be used", "reason", now.Reason, "message", now.Message,
			"cause", now.Error(), "requestID", ordercloud.RequestID(now))
	case now == nil && last != nil:
		log.FromContext(ctx).Info("The marketplace can be used again")
	}
}

// visitTo says whose worker a pass over a Marketplace takes: that of its host, which may
// keep all of its Marketplaces waiting.
func visitTo(declared *v1alpha1.Marketplace, isSweep bool) crowd.Visit {
	return crowd.Visit{To: declared.Spec.URL, From: declared.Namespace, IsSweep: isSweep && declared.DeletionTimestamp.IsZero()}
}

// conflictIsNoError comes back soon when somebody else was faster.
func conflictIsNoError(err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: countDelay}, nil
	}
	return ctrl.Result{}, err
}

func (r *marketplaceReconciler) forget(key types.NamespacedName) {
	r.registry.Forget(key)
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.checks, key)
	r.seen.forget(key)
}

func (r *marketplaceReconciler) patchStatus(ctx context.Context, before, declared *v1alpha1.Marketplace) error {
	if equality.Semantic.DeepEqual(before.Status, declared.Status) {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := client.IgnoreNotFound(r.client.Status().Patch(ctx, declared, patch)); err != nil {
		return fmt.Errorf("recording the status of Marketplace %s: %w", client.ObjectKeyFromObject(declared), err)
	}
	return nil
}

// tell emits one Warning when Synced turns False, one when deletions begin to be held,
// and one when the deletion of the Marketplace begins to wait.
func (r *marketplaceReconciler) tell(before, declared *v1alpha1.Marketplace) {
	if held := declared.Status.DeletionsHeld; held > 0 && before.Status.DeletionsHeld == 0 {
		r.recorder.Eventf(declared, nil, corev1.EventTypeWarning, v1alpha1.ReasonDeletionHeld, "Reconcile",
			"deletions are held, because there were more than deletionGuard admits: see status.deletionsHeld; if they are meant, %s", howToRelease(declared))
	}
	synced := meta.FindStatusCondition(declared.Status.Conditions, v1alpha1.SyncedCondition)
	if synced.Reason == v1alpha1.ReasonInUse && !hasReason(before.Status.Conditions, v1alpha1.SyncedCondition, v1alpha1.ReasonInUse) {
		r.recorder.Eventf(declared, nil, corev1.EventTypeWarning, v1alpha1.ReasonInUse, "Delete", "%s", synced.Message)
	}
	if synced.Status == metav1.ConditionFalse && !meta.IsStatusConditionFalse(before.Status.Conditions, v1alpha1.SyncedCondition) {
		r.recorder.Eventf(declared, nil, corev1.EventTypeWarning, synced.Reason, "Reconcile", "%s", synced.Message)
	}
}

func hasReason(conditions []metav1.Condition, kind, reason string) bool {
	condition := meta.FindStatusCondition(conditions, kind)
	return condition != nil && condition.Reason == reason
}
