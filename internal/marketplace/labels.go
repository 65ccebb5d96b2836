// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// LabelsOf returns the labels of a namespace, by which the Marketplace's spec.tenants
// selects it, as they are cached or remembered. When the API server does not let the
// operator read them, the error is a *failure.Failure with the reason NotPermitted.
func (r *Registry) LabelsOf(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) (labels.Set, error) {
	found, err := r.labelsOf(ctx, namespace, Interval(declared))
	if apierrors.IsForbidden(err) {
		return nil, failure.New(v1alpha1.ReasonNotPermitted,
			"Marketplace %s/%s selects tenants by the labels of their namespaces, and the API server does not let the operator read those of namespace %q: "+
				"grant its role get on namespaces there",
			declared.Namespace, declared.Name, namespace).Stall().By(err)
	}
	return found, err
}
