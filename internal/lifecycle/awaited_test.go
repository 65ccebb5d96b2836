// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestAGrantWaitsForTheUserThatItNamesByIDAndThatIsDeclaredToo(t *testing.T) {
	w := begin(t)
	user, config := declaredUser(), declaredConfig()
	config.Spec.BuyerID, config.Spec.UserID = "acme", "jdoe"
	w.declare(user, config)
	w.mustPass(config)
	w.expect(config, v1alpha1.ReadyCondition, "False ReferenceNotReady")
	w.expect(config, v1alpha1.ReconcilingCondition, "True ReferenceNotReady")
	if got := w.whyNotReady(config); got != "waiting for BuyerUser shop/jdoe to be Ready" {
		t.Errorf("says %q", got)
	}
	if posts := w.writesTo(http.MethodPost); posts != 1 { // the operator's token
		t.Errorf("OrderCloud had to refuse it: %d POSTs", posts)
	}
	w.settle(user)
	w.settle(config)
	w.expect(config, v1alpha1.ReadyCondition, "True Created")
}

func TestAGrantDoesNotWaitForAUserWhomOnlyAPersonHelps(t *testing.T) {
	w := begin(t)
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
	user, config := declaredUser(), declaredConfig()
	config.Spec.BuyerID, config.Spec.UserID = "acme", "jdoe"
	w.declare(user, config)
	w.mustPass(user)
	w.expect(user, v1alpha1.StalledCondition, "True NotOwned")
	w.settle(config)
	w.expect(config, v1alpha1.ReadyCondition, "True Created")
}
