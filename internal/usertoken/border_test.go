// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken_test

import (
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestAnEntryForEverybodyMakesNoTenantsOfOneAnother(t *testing.T) {
	w := begin(t)
	w.share(asIs)
	w.shared.Spec.Tenants = append(w.shared.Spec.Tenants, v1alpha1.Tenant{
		Kinds: []v1alpha1.TenantKind{v1alpha1.TenantBuyerUser}, Buyers: []v1alpha1.TenantID{"public"},
	})
	w.connection.Tenancy = w.tenancyOf(namespace)
	w.declareGrant("another", asDeclared)
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "False NotPermitted")
	if w.issued() != 0 {
		t.Errorf("%d tokens were asked for", w.issued())
	}
}

func TestAGrantThatWasNeverWrittenGivesNoToken(t *testing.T) {
	w := begin(t)
	w.share(asIs)
	w.declareGrant(namespace, func(config *v1alpha1.ImpersonationConfig) {
		// It was written for another buyer, is now declared for this one, and never looked at again.
		config.Generation, config.Spec.Suspend = 2, true
	})
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "False NotPermitted")
	if w.issued() != 0 {
		t.Errorf("%d tokens were asked for", w.issued())
	}
}
