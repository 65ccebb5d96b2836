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

// +kubebuilder:rbac:groups=ordercloud.io,resources=buyerusers,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=ordercloud.io,resources=buyerusers/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

func setupBuyerUsers(manager ctrl.Manager, registry *marketplace.Registry, options Options) error {
	cached, workers := manager.GetClient(), options.crowd()
	list := func() client.ObjectList { return &v1alpha1.BuyerUserList{} }
	kind := external.BuyerUsers{Reader: options.secretVersions(manager), Secrets: manager.GetAPIReader()}
	made := controllerOf(manager, &v1alpha1.BuyerUser{}, list, options, workers).
		WatchesRawSource(follows(manager, &v1alpha1.ImpersonationConfig{}, followParties(cached), isGone())).
		Watches(&v1alpha1.BuyerUser{}, followRivals(cached, registry, kind), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.BuyerUser{}, followHolders(cached, registry, kind), builder.WithPredicates(isGone()))
	return options.watchSecrets(made, followNamed(cached, list, byPasswordSecret)).
		Complete(passes("BuyerUser", workers, newReconciler(manager, registry, kind, options, workers)))
}
