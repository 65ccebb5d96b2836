// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

// useOf says whether OrderCloud is read and written for an object. A suspended one
// waits for nothing. Of one that is being deleted only the deletion is left, and that
// only if something in OrderCloud is its own and is not to be kept.
func useOf(object lifecycle.Object) (reads, writes bool) {
	spec, _ := object.Managed()
	policy := lifecycle.PolicyOf(spec)
	enforces := policy.Management == v1alpha1.ManagementEnforce
	switch {
	case !object.GetDeletionTimestamp().IsZero():
		return false, enforces && lifecycle.HoldsClaim(object) && policy.Deletion != v1alpha1.DeletionRetain
	case spec.Suspend:
		return false, false
	default:
		return true, enforces
	}
}

// needOf adds what an object asks of its Marketplace's token.
func needOf(needs *marketplace.Needs, object client.Object) {
	switch typed := object.(type) {
	case *v1alpha1.BuyerUser:
		needOfUser(needs, typed)
	case *v1alpha1.ImpersonationConfig:
		needOfConfig(needs, typed)
	case *v1alpha1.ImpersonationToken:
		needOfToken(needs, typed)
	}
}

func needOfUser(needs *marketplace.Needs, user *v1alpha1.BuyerUser) {
	reads, writes := useOf(user)
	needs.WriteUsers = needs.WriteUsers || writes
	needs.ReadUsers = needs.ReadUsers || reads && !writes
}

func needOfConfig(needs *marketplace.Needs, config *v1alpha1.ImpersonationConfig) {
	reads, writes := useOf(config)
	needs.Configs = needs.Configs || reads || writes
	// To delete one takes none of what it refers to.
	needs.ClientNames = needs.ClientNames || reads && config.Spec.ClientName != ""
}

// needOfToken: nothing is asked of OrderCloud for a token that is suspended or deleted.
func needOfToken(needs *marketplace.Needs, token *v1alpha1.ImpersonationToken) {
	if token.Spec.Suspend || !token.DeletionTimestamp.IsZero() {
		return
	}
	needs.Tokens = true
	needs.ClientNames = needs.ClientNames || token.Spec.ClientName != ""
}
