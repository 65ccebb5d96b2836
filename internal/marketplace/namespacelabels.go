// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"

	"k8s.io/apimachinery/pkg/labels"
)

// NamespaceLabels returns the labels of a namespace as they are cached, or remembered where
// they are not watched. The API server may forbid to read them.
func (r *Registry) NamespaceLabels(ctx context.Context, namespace string) (labels.Set, error) {
	return r.labelsOf(ctx, namespace, DefaultInterval)
}
