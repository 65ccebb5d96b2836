// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestTheOwnersReadWhatReleasesDeletionsThatAreHeld(t *testing.T) {
	const (
		confirm = `confirm each with the annotation ordercloud.io/confirm-delete: "true"`
		raise   = ", or raise spec.deletionGuard.maxDeletions"
	)
	for name, test := range map[string]struct {
		tenants []v1alpha1.Tenant
		by      v1alpha1.Confirmers
		want    string
	}{
		"a Marketplace of one team":    {nil, v1alpha1.ConfirmableByAnyone, confirm + raise},
		"stored before there was such": {nil, "", confirm + raise},
		"a shared one":                 {[]v1alpha1.Tenant{{}}, v1alpha1.ConfirmableByAnyone, confirm + raise + " or that of the entry of spec.tenants"},
		"only the owner may confirm": {
			[]v1alpha1.Tenant{{}}, v1alpha1.ConfirmableByOwner, confirm + ", which counts in namespace shop only" + raise + " or that of the entry of spec.tenants",
		},
	} {
		t.Run(name, func(t *testing.T) {
			declared := &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "default"}}
			declared.Spec.Tenants, declared.Spec.DeletionGuard.ConfirmableBy = test.tenants, test.by
			if got := howToRelease(declared); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
