// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// admit decides whether objects of a namespace may refer to a Marketplace.
func (r *Registry) admit(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) error {
	if namespace == declared.Namespace {
		return nil
	}
	allowed := declared.Spec.AllowedNamespaces
	switch allowed.From {
	case v1alpha1.NamespacesAll:
		return nil
	case v1alpha1.NamespacesSame:
	case v1alpha1.NamespacesSelector:
		matches, err := r.namespaceMatches(ctx, namespace, allowed.Selector)
		if err != nil || matches {
			return err
		}
	}
	return failure.New(v1alpha1.ReasonNamespaceNotAllowed,
		"Marketplace %s/%s does not let namespace %q refer to it: its spec.allowedNamespaces decides",
		declared.Namespace, declared.Name, namespace).Stall()
}

func (r *Registry) namespaceMatches(ctx context.Context, name string, selector *metav1.LabelSelector) (bool, error) {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, failure.New(v1alpha1.ReasonNamespaceNotAllowed,
			"the Marketplace's spec.allowedNamespaces.selector is not a valid label selector").Stall().By(err)
	}
	metadata := metav1.PartialObjectMetadata{}
	metadata.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := r.reader.Get(ctx, types.NamespacedName{Name: name}, &metadata); err != nil {
		return false, fmt.Errorf("getting the labels of namespace %s: %w", name, err)
	}
	return parsed.Matches(labels.Set(metadata.Labels)), nil
}
