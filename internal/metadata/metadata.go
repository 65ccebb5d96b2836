// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metadata is what the operator knows of Secrets and Namespaces without
// reading them whole.
package metadata

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Of returns an empty object of a core kind, "Secret" or "Namespace", for a reader to
// fill with the metadata of one.
func Of(kind string) *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	return object
}

// Version tells one state of an object from every other, also of one that was made
// anew under the same name.
func Version(object metav1.Object) string {
	return string(object.GetUID()) + "/" + object.GetResourceVersion()
}
