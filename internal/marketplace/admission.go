// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"fmt"
	"slices"
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
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// admit decides whether objects of a namespace may refer to a Marketplace, and what they
// may declare there.
func (r *Registry) admit(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) (tenant.Tenancy, error) {
	r.entry(client.ObjectKeyFromObject(declared)).keep(declared)
	return r.decide(ctx, declared, namespace)
}

func (r *Registry) decide(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) (tenant.Tenancy, error) {
	if err := r.checkCrossing(declared, namespace); err != nil {
		return tenant.Tenancy{}, err
	}
	return admit(declared, namespace, func() (labels.Set, error) { return r.labelsOf(ctx, namespace, Interval(declared)) })
}

// admit asks for the labels of the namespace only if they decide.
func admit(declared *v1alpha1.Marketplace, namespace string, ask func() (labels.Set, error)) (tenant.Tenancy, error) {
	if err := letIn(declared, namespace, ask); err != nil {
		return tenant.Tenancy{}, err
	}
	if !tenant.Binds(declared, namespace) {
		return tenant.Unbound(), nil
	}
	found, err := ask()
	if apierrors.IsForbidden(err) {
		return tenant.Tenancy{}, failure.New(v1alpha1.ReasonNotPermitted,
			"Marketplace %s/%s decides by their labels what namespaces may declare, and the API server does not let the operator read those of namespace %q: "+
				"grant its role get on namespaces there",
			declared.Namespace, declared.Name, namespace).Stall().By(err)
	}
	if err != nil {
		return tenant.Tenancy{}, err
	}
	return tenant.Of(declared, namespace, found), nil
}

// letIn decides whether a namespace may refer to a Marketplace.
func letIn(declared *v1alpha1.Marketplace, namespace string, ask func() (labels.Set, error)) error {
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
	_, err := r.admit(ctx, declared, namespace)
	return err
}

// Admission returns what a namespace may declare through a Marketplace. IsNotAdmitted tells
// by the error that it may not refer to it.
func (r *Registry) Admission(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) (tenant.Tenancy, error) {
	return r.admit(ctx, declared, namespace)
}

// IsNotAdmitted says that an error means that a namespace may not refer to a Marketplace,
// or declare anything through it.
func IsNotAdmitted(err error) bool {
	problem := failure.As(err)
	return problem != nil && (problem.Reason == v1alpha1.ReasonNamespaceNotAllowed || problem.Reason == v1alpha1.ReasonNotPermitted)
}

// Tenancy returns what a namespace may declare through a Marketplace, without asking
// OrderCloud, or a *failure.Failure for a namespace that may not refer to it. Of a
// Marketplace that is gone, what was known last stands for as long as its credentials are
// kept: with it goes no border. Without them nothing can be done that had to be forbidden.
func (r *Registry) Tenancy(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (tenant.Tenancy, error) {
	key := Key(namespace, reference)
	var declared v1alpha1.Marketplace
	if !r.watches(key.Namespace) {
		return tenant.Unbound(), nil
	}
	err := r.reader.Get(ctx, key, &declared)
	if apierrors.IsNotFound(err) {
		return r.tenancyBefore(ctx, key, namespace)
	}
	if err != nil {
		return tenant.Tenancy{}, explainMarketplace(key, err)
	}
	return r.admit(ctx, &declared, namespace)
}

func (r *Registry) tenancyBefore(ctx context.Context, key types.NamespacedName, namespace string) (tenant.Tenancy, error) {
	last := r.lastDeclared(key)
	if last == nil {
		return tenant.Unbound(), nil
	}
	return r.decide(ctx, last, namespace)
}

// DecidesAnew says that a namespace with these labels may refer to the Marketplace, or
// declare something through it, and with those before might not, or the other way round.
func DecidesAnew(declared *v1alpha1.Marketplace, namespace string, before, after labels.Set) bool {
	if namespace == declared.Namespace {
		return false
	}
	isTenantAnew := slices.ContainsFunc(declared.Spec.Tenants, func(entry v1alpha1.Tenant) bool {
		return tenant.Matches(&entry, before) != tenant.Matches(&entry, after)
	})
	if isTenantAnew || declared.Spec.AllowedNamespaces.From != v1alpha1.NamespacesSelector {
		return isTenantAnew
	}
	selector, err := metav1.LabelSelectorAsSelector(declared.Spec.AllowedNamespaces.Selector)
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
