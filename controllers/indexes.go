// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
)

// Indexes of the cache: which objects refer to what. Without them every event of
// a Secret or Marketplace would be a scan of all objects.
const (
	// byMarketplace indexes objects by the NAMESPACE/NAME of their Marketplace.
	byMarketplace = "marketplace"
	// byPasswordSecret indexes BuyerUsers by the name of their password Secret.
	byPasswordSecret = "passwordSecret"
	// byBuyerUser indexes ImpersonationConfigs by the names of the BuyerUsers
	// that they refer to.
	byBuyerUser = "buyerUser"
	// byCredentialsSecret indexes Marketplaces by the name of their Secret.
	byCredentialsSecret = "credentialsSecret"
)

func addIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	for _, index := range []struct {
		object client.Object
		name   string
		values client.IndexerFunc
	}{
		{&v1alpha1.BuyerUser{}, byMarketplace, marketplaceOf},
		{&v1alpha1.ImpersonationConfig{}, byMarketplace, marketplaceOf},
		{&v1alpha1.BuyerUser{}, lifecycle.PathIndex, lifecycle.IndexPath(external.BuyerUsers{})},
		{&v1alpha1.ImpersonationConfig{}, lifecycle.PathIndex, lifecycle.IndexPath(external.ImpersonationConfigs{})},
		{&v1alpha1.BuyerUser{}, byPasswordSecret, passwordSecretOf},
		{&v1alpha1.ImpersonationConfig{}, byBuyerUser, buyerUsersOf},
		{&v1alpha1.Marketplace{}, byCredentialsSecret, credentialsSecretOf},
	} {
		if err := indexer.IndexField(ctx, index.object, index.name, index.values); err != nil {
			return fmt.Errorf("indexing %T by %s: %w", index.object, index.name, err)
		}
	}
	return nil
}

func marketplaceOf(object client.Object) []string {
	managed, ok := object.(lifecycle.Object)
	if !ok {
		return nil
	}
	return []string{lifecycle.MarketplaceOf(managed).String()}
}

func passwordSecretOf(object client.Object) []string {
	user, ok := object.(*v1alpha1.BuyerUser)
	if !ok || user.Spec.PasswordSecretRef == nil {
		return nil
	}
	return []string{user.Spec.PasswordSecretRef.Name}
}

func buyerUsersOf(object client.Object) []string {
	config, ok := object.(*v1alpha1.ImpersonationConfig)
	if !ok {
		return nil
	}
	var names []string
	for _, reference := range []*v1alpha1.BuyerUserReference{config.Spec.UserRef, config.Spec.ImpersonationUserRef} {
		if reference != nil {
			names = append(names, reference.Name)
		}
	}
	return names
}

func credentialsSecretOf(object client.Object) []string {
	declared, ok := object.(*v1alpha1.Marketplace)
	if !ok {
		return nil
	}
	return []string{declared.Spec.CredentialsSecretRef.Name}
}
