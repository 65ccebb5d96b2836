// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/usertoken"
)

// The right to write Secrets is not here: config/rbac/token_writer_role.yaml has it,
// to be bound in the namespaces that want tokens.
// +kubebuilder:rbac:groups=ordercloud.io,resources=impersonationtokens,verbs=get;list;watch
// +kubebuilder:rbac:groups=ordercloud.io,resources=impersonationtokens/status,verbs=patch

// tokenWorkers is how many tokens are worked on at the same time. They wait for
// answers, and do not work.
const tokenWorkers = 1024

func setupImpersonationTokens(manager ctrl.Manager, registry *marketplace.Registry, options Options) error {
	options = options.withWorkers(tokenWorkers)
	cached, workers := manager.GetClient(), options.crowd()
	secrets, err := client.New(manager.GetConfig(), client.Options{
		HTTPClient: manager.GetHTTPClient(), Scheme: manager.GetScheme(), Mapper: manager.GetRESTMapper(),
	})
	if err != nil {
		return fmt.Errorf("creating the client for Secrets: %w", err)
	}
	list := func() client.ObjectList { return &v1alpha1.ImpersonationTokenList{} }
	made := controllerOf(manager, &v1alpha1.ImpersonationToken{}, list, options, workers).
		WatchesRawSource(follows(manager, &v1alpha1.BuyerUser{}, followNamed(cached, list, byBuyerUser), declarationOrReadyChanged())).
		WatchesRawSource(follows(manager, &v1alpha1.BuyerUser{}, followUserIDs(cached, list),
			conditionChanged(v1alpha1.ReadyCondition, v1alpha1.StalledCondition))).
		WatchesRawSource(follows(manager, &v1alpha1.ImpersonationConfig{}, followGrants(cached), grantMayHaveCome())).
		WatchesRawSource(follows(manager, &v1alpha1.ImpersonationConfig{}, followLostGrants(cached), grantMayHaveGone()))
	made = options.watchLabels(made, followSecretPrefix(cached))
	return options.watchSecrets(made, followNamed(cached, list, byTokenSecret)).Complete(passes("ImpersonationToken", workers, &usertoken.Reconciler{
		Client:       cached,
		Secrets:      secrets,
		Recorder:     manager.GetEventRecorder(recorderName),
		Marketplaces: registry,
		Clock:        clock.RealClock{},
		Crowd:        workers,
	}))
}

// followGrants wakes the tokens that OrderCloud gave no longer, or never, when a config
// of their Marketplace may let them.
func followGrants(reader client.Reader) handler.EventHandler {
	return wakeFew(func(ctx context.Context, config client.Object) []reconcile.Request {
		var woken []reconcile.Request
		for _, key := range marketplaceOf(config) {
			woken = append(woken, requestsFor(ctx, reader, &v1alpha1.ImpersonationTokenList{}, isNotSynced,
				client.MatchingFields{byMarketplace: key})...)
		}
		return woken
	})
}

// followLostGrants wakes the tokens that may have been given under a config that is gone:
// those of the Marketplace's tenants, who get tokens under grants of their own only.
func followLostGrants(reader client.Reader) handler.EventHandler {
	return wakeAll(func(ctx context.Context, config client.Object) []reconcile.Request {
		var woken []reconcile.Request
		for _, key := range marketplaceOf(config) {
			owner, _, _ := strings.Cut(key, "/")
			woken = append(woken, requestsFor(ctx, reader, &v1alpha1.ImpersonationTokenList{},
				func(token client.Object) bool { return token.GetNamespace() != owner }, client.MatchingFields{byMarketplace: key})...)
		}
		return woken
	})
}

// grantMayHaveGone lets through that a config is not in OrderCloud any more as it was, or may
// not be.
func grantMayHaveGone() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		UpdateFunc: func(change event.UpdateEvent) bool {
			isLeaving := !change.ObjectNew.GetDeletionTimestamp().IsZero() && change.ObjectOld.GetDeletionTimestamp().IsZero()
			before := readyGeneration(change.ObjectOld)
			return isLeaving || before != 0 && readyGeneration(change.ObjectNew) != before
		},
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// followSecretPrefix wakes the tokens of a namespace whose label allows their Secrets another
// name than before. Those that have a Secret keep it.
func followSecretPrefix(reader client.Reader) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	wake := wakeFew(func(ctx context.Context, namespace client.Object) []reconcile.Request {
		return requestsFor(ctx, reader, &v1alpha1.ImpersonationTokenList{}, isNotSynced, client.InNamespace(namespace.GetName()))
	})
	return handler.Funcs{
		UpdateFunc: func(ctx context.Context, change event.UpdateEvent, waiting queue) {
			const label = v1alpha1.TokenSecretPrefixLabel
			if change.ObjectOld.GetLabels()[label] != change.ObjectNew.GetLabels()[label] {
				wake.Update(ctx, change, waiting)
			}
		},
	}
}

// grantMayHaveCome lets through that a config was created, or declared anew and written.
func grantMayHaveCome() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(change event.CreateEvent) bool { return readyGeneration(change.Object) != 0 },
		UpdateFunc:  func(change event.UpdateEvent) bool { return becameReady(change.ObjectOld, change.ObjectNew) },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// becameReady says that the generation that is known to be in OrderCloud is another one.
func becameReady(before, after client.Object) bool {
	now := readyGeneration(after)
	return now != 0 && now != readyGeneration(before)
}

// readyGeneration is the generation of an object that is known to be in OrderCloud; 0
// while none is.
func readyGeneration(object client.Object) int64 {
	ready := meta.FindStatusCondition(conditionsOf(object), v1alpha1.ReadyCondition)
	if ready == nil || ready.Status != metav1.ConditionTrue {
		return 0
	}
	return ready.ObservedGeneration
}
