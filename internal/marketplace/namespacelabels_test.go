// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestTheLabelsOfANamespaceAreKnownWhetherItIsWatchedOrNot(t *testing.T) {
	for name, isWatched := range map[string]bool{"watched": true, "asked for": false} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "labelled", Labels: map[string]string{"team": "shop"}}})
			if !isWatched {
				w.asking()
			}
			found, err := w.registry.NamespaceLabels(t.Context(), "labelled")
			if err != nil || found["team"] != "shop" {
				t.Errorf("got %v, %v", found, err)
			}
			if _, err := w.registry.NamespaceLabels(t.Context(), "vanished"); !apierrors.IsNotFound(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLabelsThatMayNotBeReadAreToldAsForbidden(t *testing.T) {
	w := begin(t)
	w.asking()
	w.failing = refused("namespaces")
	for range 2 { // the second answer is remembered
		if _, err := w.registry.NamespaceLabels(t.Context(), "labelled"); !apierrors.IsForbidden(err) {
			t.Errorf("got %v", err)
		}
	}
	w.expectReads("once for both", 1)
}
