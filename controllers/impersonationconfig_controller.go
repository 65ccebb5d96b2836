// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

// +kubebuilder:rbac:groups=ordercloud.io,resources=impersonationconfigs,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=ordercloud.io,resources=impersonationconfigs/status,verbs=patch

func setupImpersonationConfigs(manager ctrl.Manager, registry *marketplace.Registry, options Options) error {
	cached, workers := manager.GetClient(), options.crowd()
	list := func() client.ObjectList { return &v1alpha1.ImpersonationConfigList{} }
	kind := external.ImpersonationConfigs{Reader: cached}
	return controllerOf(manager, &v1alpha1.ImpersonationConfig{}, list, options, workers).
		Watches(&v1alpha1.ImpersonationConfig{}, followRivals(cached, registry, kind), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.ImpersonationConfig{}, followHolders(cached, registry, kind), builder.WithPredicates(isGone())).
		WatchesRawSource(follows(manager, &v1alpha1.BuyerUser{}, followNamed(cached, list, byBuyerUser), declarationOrReadyChanged())).
		WatchesRawSource(follows(manager, &v1alpha1.BuyerUser{}, followUserIDs(cached, list),
			conditionChanged(v1alpha1.ReadyCondition, v1alpha1.StalledCondition))).
		Complete(passes("ImpersonationConfig", workers, newReconciler(manager, registry, kind, options, workers)))
}
