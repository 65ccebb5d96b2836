// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

// Indexes of the cache: which objects refer to what. Without them every event of
// a Secret or Marketplace would be a scan of all objects.
const (
	// byMarketplace indexes objects by the NAMESPACE/NAME of their Marketplace.
	byMarketplace = lifecycle.MarketplaceIndex
	// byPasswordSecret indexes BuyerUsers by the name of their password Secret.
	byPasswordSecret = "passwordSecret"
	// byBuyerUser indexes ImpersonationConfigs and ImpersonationTokens by the names of
	// the BuyerUsers that they refer to.
	byBuyerUser = "buyerUser"
	// byUserID indexes ImpersonationConfigs and ImpersonationTokens by their Marketplace
	// and the paths of the users that they name by their IDs.
	byUserID = "userID"
	// byTokenSecret indexes ImpersonationTokens by the names of the Secrets that they
	// keep, or kept before.
	byTokenSecret = "tokenSecret"
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
		{&v1alpha1.ImpersonationToken{}, byMarketplace, marketplaceOf},
		{&v1alpha1.BuyerUser{}, lifecycle.PathIndex, lifecycle.IndexPath(external.BuyerUsers{})},
		{&v1alpha1.ImpersonationConfig{}, lifecycle.PathIndex, lifecycle.IndexPath(external.ImpersonationConfigs{})},
		{&v1alpha1.BuyerUser{}, lifecycle.ExclusiveIndex, lifecycle.IndexExclusive(external.BuyerUsers{})},
		{&v1alpha1.ImpersonationConfig{}, lifecycle.ExclusiveIndex, lifecycle.IndexExclusive(external.ImpersonationConfigs{})},
		{&v1alpha1.BuyerUser{}, byPasswordSecret, passwordSecretOf},
		{&v1alpha1.ImpersonationConfig{}, byBuyerUser, buyerUsersOf},
		{&v1alpha1.ImpersonationToken{}, byBuyerUser, buyerUsersOf},
		{&v1alpha1.ImpersonationConfig{}, byUserID, usersByID},
		{&v1alpha1.ImpersonationToken{}, byUserID, usersByID},
		{&v1alpha1.ImpersonationToken{}, byTokenSecret, tokenSecretsOf},
		{&v1alpha1.Marketplace{}, byCredentialsSecret, credentialsSecretOf},
	} {
		if err := indexer.IndexField(ctx, index.object, index.name, index.values); err != nil {
			return fmt.Errorf("indexing %T by %s: %w", index.object, index.name, err)
		}
	}
	return nil
}

func marketplaceOf(object client.Object) []string {
	switch typed := object.(type) {
	case *v1alpha1.ImpersonationToken:
		return []string{marketplace.Key(typed.Namespace, typed.Spec.MarketplaceRef).String()}
	case lifecycle.Object:
		return []string{lifecycle.MarketplaceOf(typed).String()}
	default:
		return nil
	}
}

func usersByID(object client.Object) []string {
	var values []string
	for _, key := range marketplaceOf(object) {
		for _, path := range external.PartiesByID(object) {
			values = append(values, key+" "+claim.FoldPath(path))
		}
	}
	return values
}

func passwordSecretOf(object client.Object) []string {
	user, ok := object.(*v1alpha1.BuyerUser)
	if !ok || user.Spec.PasswordSecretRef == nil {
		return nil
	}
	return []string{user.Spec.PasswordSecretRef.Name}
}

func buyerUsersOf(object client.Object) []string {
	var references []*v1alpha1.BuyerUserReference
	switch typed := object.(type) {
	case *v1alpha1.ImpersonationConfig:
		references = append(references, typed.Spec.UserRef, typed.Spec.ImpersonationUserRef)
	case *v1alpha1.ImpersonationToken:
		references = append(references, typed.Spec.UserRef)
	}
	var names []string
	for _, reference := range references {
		if reference != nil {
			names = append(names, reference.Name)
		}
	}
	return names
}

func tokenSecretsOf(object client.Object) []string {
	token, ok := object.(*v1alpha1.ImpersonationToken)
	if !ok {
		return nil
	}
	names := []string{token.SecretName()}
	if former := token.Status.SecretName; former != "" && former != names[0] {
		names = append(names, former)
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
