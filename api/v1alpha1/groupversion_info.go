// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the Kubernetes API of the operator: the kinds that
// declare what a Sitecore OrderCloud marketplace has to hold.
//
// +kubebuilder:object:generate=true
// +groupName=ordercloud.io
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of every kind of this package.
var GroupVersion = schema.GroupVersion{Group: "ordercloud.io", Version: "v1alpha1"}

// AddToScheme registers every kind of this package with a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&Marketplace{}, &MarketplaceList{},
		&BuyerUser{}, &BuyerUserList{},
		&ImpersonationConfig{}, &ImpersonationConfigList{},
		&ImpersonationToken{}, &ImpersonationTokenList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
