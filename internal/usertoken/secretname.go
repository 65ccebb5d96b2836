// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// mayBeNamed says that a Secret's name is one of the prefixes, or begins with one of them
// and a hyphen. An empty prefix allows nothing.
func mayBeNamed(secretName string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool {
		return prefix != "" && (secretName == prefix || strings.HasPrefix(secretName, prefix+"-"))
	})
}

// checkSecretName refuses a name that others in the namespace may count on, such as
// db-credentials: whatever looks for that Secret would use what is in it. The namespace's
// label is read only if the name of the ImpersonationToken does not decide.
func (p *pass) checkSecretName(ctx context.Context) error {
	name, namespace := p.object.SecretName(), p.object.Namespace
	if mayBeNamed(name, p.object.Name) {
		return nil
	}
	labels, err := p.Marketplaces.NamespaceLabels(ctx, namespace)
	if apierrors.IsForbidden(err) {
		return p.refuseName("the API server does not let the operator read the labels of the namespace: grant its role get on namespaces there").By(err)
	}
	if err != nil {
		return fmt.Errorf("finding out how Secrets in namespace %s may be named: %w", namespace, err)
	}
	prefix := labels[v1alpha1.TokenSecretPrefixLabel]
	switch {
	case mayBeNamed(name, prefix):
		return nil
	case prefix == "":
		return p.refuseName("the namespace has no such label")
	default:
		return p.refuseName("the label is " + prefix)
	}
}

func (p *pass) refuseName(label string) *failure.Failure {
	return failure.New(v1alpha1.ReasonRejected,
		"Secret %s is not created, because its name is not %s, does not begin with %s-, and is not allowed by the label %s of the namespace: "+
			"leave out spec.secretName, choose such a name, or have the namespace labelled (%s)",
		p.secretKey(), p.object.Name, p.object.Name, v1alpha1.TokenSecretPrefixLabel, label).Stall()
}
