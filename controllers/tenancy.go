// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
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

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

// newRegistry makes the registry of all controllers. What the operator does not
// watch, the registry asks the API server for.
func newRegistry(manager ctrl.Manager, options Options) *marketplace.Registry {
	registry := marketplace.NewRegistry(manager.GetClient(), manager.GetAPIReader(), options.AllowedEndpoints, options.UserAgent)
	registry.Restrict(options.WatchNamespaces)
	registry.FenceWrites(options.WriteFence)
	if options.NoCrossNamespaceRefs {
		registry.ForbidCrossNamespace()
	}
	if options.UnwatchedSecrets {
		registry.AskForSecrets(clock.RealClock{})
	}
	if !options.watchesLabels() {
		registry.AskForNamespaces(clock.RealClock{})
	}
	return registry
}

// secretVersions reads the metadata of Secrets: from the cache if they are watched.
// A read through the cache would make it list and watch all of them.
func (o Options) secretVersions(manager ctrl.Manager) client.Reader {
	if o.UnwatchedSecrets {
		return manager.GetAPIReader()
	}
	return manager.GetClient()
}

// watchSecrets lets a controller follow Secrets if they are watched.
func (o Options) watchSecrets(made *builder.Builder, follow handler.EventHandler) *builder.Builder {
	if o.UnwatchedSecrets {
		return made
	}
	return made.Watches(&corev1.Secret{}, follow, builder.OnlyMetadata)
}

// watchesLabels says that the labels of namespaces are watched. Namespaces are in no
// namespace: who may see some of them only cannot watch any.
func (o Options) watchesLabels() bool { return len(o.WatchNamespaces) == 0 }

// watchLabels lets a controller follow the labels of namespaces if they are watched.
func (o Options) watchLabels(made *builder.Builder, follow handler.EventHandler) *builder.Builder {
	if !o.watchesLabels() {
		return made
	}
	return made.Watches(&corev1.Namespace{}, follow, builder.OnlyMetadata, builder.WithPredicates(predicate.LabelChangedPredicate{}))
}

// followLabels wakes the objects of a namespace whose Marketplace decides anew, by
// the labels, whether they may refer to it. There are few Marketplaces and, behind
// the one that a label is for, maybe thousands of objects.
func followLabels(reader client.Reader, list func() client.ObjectList) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	return handler.Funcs{
		UpdateFunc: func(ctx context.Context, change event.UpdateEvent, waiting queue) {
			wakeAll(func(ctx context.Context, namespace client.Object) []reconcile.Request {
				var woken []reconcile.Request
				for _, key := range decidingAnew(ctx, reader, change) {
					woken = append(woken, requests(ctx, reader, list(),
						client.InNamespace(namespace.GetName()), client.MatchingFields{byMarketplace: key})...)
				}
				return woken
			}).Update(ctx, change, waiting)
		},
	}
}

// decidingAnew lists the NAMESPACE/NAME of the Marketplaces that let a namespace in
// since its labels changed, or no longer do.
func decidingAnew(ctx context.Context, reader client.Reader, change event.UpdateEvent) []string {
	var declared v1alpha1.MarketplaceList
	if err := reader.List(ctx, &declared, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
		log.FromContext(ctx).Error(err, "Listing the Marketplaces that a namespace may refer to failed")
		return nil
	}
	var keys []string
	for index := range declared.Items {
		item := &declared.Items[index]
		if marketplace.DecidesAnew(item, change.ObjectNew.GetName(), change.ObjectOld.GetLabels(), change.ObjectNew.GetLabels()) {
			keys = append(keys, client.ObjectKeyFromObject(item).String())
		}
	}
	return keys
}
