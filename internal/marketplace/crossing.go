// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// ForbidCrossNamespace says, before the first use, that objects refer to Marketplaces of
// their own namespace only, whatever a Marketplace allows.
func (r *Registry) ForbidCrossNamespace() { r.ownNamespaceOnly = true }

// checkCrossing returns a *failure.Failure for a reference into another namespace where
// the operator's administrator forbids them.
func (r *Registry) checkCrossing(declared *v1alpha1.Marketplace, namespace string) error {
	if !r.ownNamespaceOnly || namespace == declared.Namespace {
		return nil
	}
	return failure.New(v1alpha1.ReasonNamespaceNotAllowed,
		"Marketplace %s/%s is in another namespace, and the operator's flag --no-cross-namespace-refs forbids such references: "+
			"refer to a Marketplace of namespace %q, or declare the object in namespace %q",
		declared.Namespace, declared.Name, namespace, declared.Namespace).Stall()
}
