// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

func TestTheLabelsOfATenantAreThoseOfItsNamespace(t *testing.T) {
	for name, asks := range map[string]bool{"from the cache": false, "from the API server": true} {
		t.Run(name, func(t *testing.T) {
			tenant := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "tenant", Labels: map[string]string{"team": "b"}}}
			w := begin(t, declared(), credentials(), tenant)
			if asks {
				w.asking()
			}
			for range 3 {
				found, err := w.registry.LabelsOf(t.Context(), declared(), "tenant")
				if err != nil || found.Get("team") != "b" {
					t.Errorf("got %v (%v)", found, err)
				}
			}
			if asks {
				w.expectReads("labels", 1)
			}
			if _, err := w.registry.LabelsOf(t.Context(), declared(), "vanished"); !apierrors.IsNotFound(err) {
				t.Errorf("a namespace that is gone: %v", err)
			}
		})
	}
}

func TestATenantWhoseLabelsMayNotBeReadMayDoNothingAndItIsSaid(t *testing.T) {
	w := begin(t, declared(), credentials())
	w.asking()
	w.failing = refused("namespaces")
	for range 2 {
		_, err := w.registry.LabelsOf(t.Context(), declared(), "tenant")
		problem := failure.As(err)
		if problem == nil || problem.Reason != v1alpha1.ReasonNotPermitted || !problem.Stalled ||
			!strings.Contains(problem.Message, `namespace "tenant": grant its role get on namespaces there`) {
			t.Errorf("got %+v", problem)
		}
	}
	w.expectReads("refused", 1)
}
