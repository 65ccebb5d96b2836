// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metadata"
)

// admit decides whether objects of a namespace may refer to a Marketplace.
func (r *Registry) admit(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) error {
	return admit(declared, namespace, func() (labels.Set, error) { return r.labelsOf(ctx, namespace, Interval(declared)) })
}

// admit asks for the labels of the namespace only if they decide.
func admit(declared *v1alpha1.Marketplace, namespace string, ask func() (labels.Set, error)) error {
	if namespace == declared.Namespace {
		return nil
	}
	allowed := declared.Spec.AllowedNamespaces
	switch allowed.From {
	case v1alpha1.NamespacesAll:
		return nil
	case v1alpha1.NamespacesSame:
	case v1alpha1.NamespacesSelector:
		matches, err := namespaceMatches(declared, namespace, ask)
		if err != nil || matches {
			return err
		}
	}
	return failure.New(v1alpha1.ReasonNamespaceNotAllowed,
		"Marketplace %s/%s does not let namespace %q refer to it: its spec.allowedNamespaces decides",
		declared.Namespace, declared.Name, namespace).Stall()
}

// CheckNamespace returns a *failure.Failure with the reason NamespaceNotAllowed for a
// namespace whose objects may not refer to a Marketplace.
func (r *Registry) CheckNamespace(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) error {
	return r.admit(ctx, declared, namespace)
}

// Admits says whether objects of a namespace may refer to a Marketplace. An error says
// that it cannot be told now.
func (r *Registry) Admits(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) (bool, error) {
	err := r.admit(ctx, declared, namespace)
	if problem := failure.As(err); problem != nil && problem.Reason == v1alpha1.ReasonNamespaceNotAllowed {
		return false, nil
	}
	return err == nil, err
}

// DecidesAnew says that a namespace with these labels may refer to the Marketplace,
// and with those before might not, or the other way round.
func DecidesAnew(declared *v1alpha1.Marketplace, namespace string, before, after labels.Set) bool {
	allowed := declared.Spec.AllowedNamespaces
	if allowed.From != v1alpha1.NamespacesSelector || namespace == declared.Namespace {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(allowed.Selector)
	return err == nil && selector.Matches(before) != selector.Matches(after)
}

// AskForNamespaces says, before the first use, that namespaces are in no cache: the
// API server is asked for the labels of each, and again when the answer is old. That
// takes get on namespaces, which a Role in the namespace can grant.
func (r *Registry) AskForNamespaces(now clock.PassiveClock) {
	r.labels = newRemembered[labels.Set](now)
}

func namespaceMatches(declared *v1alpha1.Marketplace, name string, ask func() (labels.Set, error)) (bool, error) {
	selector, err := metav1.LabelSelectorAsSelector(declared.Spec.AllowedNamespaces.Selector)
	if err != nil {
		return false, failure.New(v1alpha1.ReasonNamespaceNotAllowed,
			"the Marketplace's spec.allowedNamespaces.selector is not a valid label selector").Stall().By(err)
	}
	if selector.Empty() {
		return true, nil // whatever its labels are
	}
	found, err := ask()
	if apierrors.IsForbidden(err) {
		return false, failure.New(v1alpha1.ReasonNamespaceNotAllowed,
			"Marketplace %s/%s lets namespaces in by their labels, and the API server does not let the operator read those of namespace %q: "+
				"grant its role get on namespaces there, or set spec.allowedNamespaces.from of the Marketplace to All",
			declared.Namespace, declared.Name, name).Stall().By(err)
	}
	return err == nil && selector.Matches(found), err
}

// labelsOf returns the labels of a namespace as they are cached or remembered.
func (r *Registry) labelsOf(ctx context.Context, name string, interval time.Duration) (labels.Set, error) {
	if r.labels == nil {
		return labelsOf(ctx, r.reader, name)
	}
	return r.labels.get(types.NamespacedName{Name: name}, "", interval, func() (labels.Set, error) {
		found, err := labelsOf(ctx, r.secrets, name)
		if apierrors.IsForbidden(err) {
			// As a failure it is remembered; what it says depends on the Marketplace.
			err = failure.New(v1alpha1.ReasonNamespaceNotAllowed, "the labels of namespace %q may not be read", name).By(err)
		}
		return found, err
	})
}

func labelsOf(ctx context.Context, reader client.Reader, name string) (labels.Set, error) {
	namespace := metadata.Of("Namespace")
	if err := reader.Get(ctx, types.NamespacedName{Name: name}, namespace); err != nil {
		return nil, fmt.Errorf("getting the labels of namespace %s: %w", name, err)
	}
	return namespace.Labels, nil
}
