// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers wires every kind to its watches, indexes and reconciler.
package controllers

import (
	"context"
	"fmt"
	"math"
	"time"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/crowd"
	"github.com/ordercloud-operator/ordercloud-operator/internal/fence"
	"github.com/ordercloud-operator/ordercloud-operator/internal/guard"
	"github.com/ordercloud-operator/ordercloud-operator/internal/inventory"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/readable"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tracing"
)

// Options are what an operator's administrator decides.
type Options struct {
	// AllowedEndpoints are the only hosts that are ever contacted.
	AllowedEndpoints marketplace.Endpoints
	// MaxConcurrentReconciles is how many objects of one kind are worked on at
	// the same time. Passes wait rather than work, and those that wait for the
	// same share their looks: the more of them, the fewer calls.
	MaxConcurrentReconciles int
	// UserAgent names the operator and its version to OrderCloud.
	UserAgent string
	// WatchNamespaces are the only namespaces in the manager's cache; none means
	// all of them.
	WatchNamespaces []string
	// NoCrossNamespaceRefs forbids references to Marketplaces of other namespaces,
	// whatever these allow.
	NoCrossNamespaceRefs bool
	// UnwatchedSecrets says that Secrets are got one by one, when they are needed,
	// and neither listed nor watched.
	UnwatchedSecrets bool
	// OrphanAfter is how long a deletion waits for a marketplace that cannot be
	// reached before its resource is let go; 0 waits for ever.
	OrphanAfter time.Duration
	// WriteFence is what writes to OrderCloud pass while leaders are elected; nil
	// without.
	WriteFence *fence.Fence

	// guard lets the deletions of all kinds through, or holds them.
	guard *guard.Guard
}

// recorderName is what events say they come from.
const recorderName = "ordercloud-operator"

// Setup adds every controller, with its indexes, to a manager. The manager's
// client has to read its own writes (client.CacheOptions.EnableReadYourWritesConsistency).
func Setup(ctx context.Context, manager ctrl.Manager, options Options) error {
	if err := addIndexes(ctx, manager.GetFieldIndexer()); err != nil {
		return err
	}
	registry := newRegistry(manager, options)
	options.guard = &guard.Guard{
		Client: manager.GetClient(), Live: manager.GetAPIReader(), Clock: clock.RealClock{},
		Kinds: guardedKinds(), Admission: registry, Namespaces: options.WatchNamespaces,
	}
	for name, add := range map[string]func(ctrl.Manager, *marketplace.Registry, Options) error{
		"Marketplace":         setupMarketplaces,
		"BuyerUser":           setupBuyerUsers,
		"ImpersonationConfig": setupImpersonationConfigs,
		"ImpersonationToken":  setupImpersonationTokens,
	} {
		if err := add(manager, registry, options); err != nil {
			return fmt.Errorf("setting up the %s controller: %w", name, err)
		}
	}
	return countObjects(ctx, manager)
}

// guardedKinds are those that delete something in OrderCloud. A token has nothing there.
func guardedKinds() []func() client.ObjectList {
	return []func() client.ObjectList{
		func() client.ObjectList { return &v1alpha1.BuyerUserList{} },
		func() client.ObjectList { return &v1alpha1.ImpersonationConfigList{} },
	}
}

// +kubebuilder:rbac:groups=ordercloud.io,resources=impersonationtokens,verbs=get;list;watch

// countObjects adds the metrics of objects.
func countObjects(ctx context.Context, manager ctrl.Manager) error {
	collector, err := inventory.New(ctx, manager.GetCache())
	if err == nil {
		err = manager.Add(collector)
	}
	if err != nil {
		return fmt.Errorf("setting up the metrics of objects: %w", err)
	}
	return nil
}

// passTimeout bounds one pass, so that nothing can hold a worker for ever. It is
// far longer than a pass takes: in a marketplace that admits few requests per
// second, looks and writes wait for their turn.
const passTimeout = 10 * time.Minute

// withWorkers bounds the workers of one controller.
func (o Options) withWorkers(most int) Options {
	o.MaxConcurrentReconciles = min(o.MaxConcurrentReconciles, most)
	return o
}

// noTimeout lets a controller wait until its kind can be read: one that gave up would end
// the operator, and with it the controllers of all other kinds.
const noTimeout = time.Duration(math.MaxInt64)

func (o Options) controller() controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: max(o.MaxConcurrentReconciles, 1),
		CacheSyncTimeout:        noTimeout,
		RateLimiter:             &schedule.Queue{},
		ReconciliationTimeout:   passTimeout,
		// A replica that waits to become the leader knows all objects by then.
		EnableWarmup: new(true),
	}
}

// controllerOf begins the controller of a kind that mirrors OrderCloud objects: its
// objects wake when they are declared anew, with their Marketplace and its Secret,
// and when the labels of their namespace decide anew. What else a kind follows, it adds.
func controllerOf(manager ctrl.Manager, object client.Object, list func() client.ObjectList, options Options, workers *crowd.Crowd) *builder.Builder {
	cached := manager.GetClient()
	made := ctrl.NewControllerManagedBy(manager).
		For(object, builder.WithPredicates(declarationChanged())).
		WatchesRawSource(follows(manager, &v1alpha1.Marketplace{}, followMarketplaces(cached, list), declarationOrReadyChanged())).
		WatchesRawSource(follows(manager, &v1alpha1.Marketplace{}, followRecovery(cached, list), becameSynced())).
		WatchesRawSource(workers.Source()).
		WithOptions(options.controller())
	return options.watchLabels(options.watchSecrets(made, followCredentials(cached, list)), followLabels(cached, list))
}

// crowd shares the workers of one controller out.
func (o Options) crowd() *crowd.Crowd { return crowd.New(o.controller().MaxConcurrentReconciles) }

// passes wraps the reconciler of a kind with what is common to all passes.
func passes(kind string, workers *crowd.Crowd, reconciler reconcile.Reconciler) reconcile.Reconciler {
	return tracing.Passes(kind, readable.Passes(workers.Passes(reconciler)))
}

// newReconciler makes the engine's reconciler of one kind.
func newReconciler[T lifecycle.Object](manager ctrl.Manager, registry *marketplace.Registry, kind lifecycle.Kind[T], options Options, workers *crowd.Crowd) *lifecycle.Reconciler[T] {
	return &lifecycle.Reconciler[T]{
		Client:       manager.GetClient(),
		Live:         manager.GetAPIReader(),
		Recorder:     manager.GetEventRecorder(recorderName),
		Marketplaces: registry,
		Kind:         kind,
		Clock:        clock.RealClock{},
		Guard:        options.guard,
		OrphanAfter:  options.OrphanAfter,
		Crowd:        workers,
	}
}
