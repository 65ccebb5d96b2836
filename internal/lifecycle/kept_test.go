// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// The next pass finds nothing to correct, so what this one does not record nobody
// ever learns.
func TestACorrectionIsRecordedThoughSomebodyEditsMeanwhile(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
	w.onWrite("patch status", func() { w.label(user, "yes") })
	w.mustPass(user)
	w.expect(user, "Ready", "True Corrected")
	if drift := user.Status.LastDrift; drift == nil || drift.CorrectedTime == nil || !slices.Equal(drift.Fields, []string{"Email"}) {
		t.Errorf("the drift is not recorded: %+v", drift)
	}
}

func TestAWrongNotFoundDoesNotCostTheClaim(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	user.Spec.AdoptionPolicy = v1alpha1.AdoptNever
	w.declare(user)
	w.mustPass(user)
	w.box.Inject(sandbox.Fault{Method: http.MethodGet, Path: "/v1/buyers/**", Status: http.StatusNotFound, Code: "NotFound", Count: 1})
	w.mustPass(user)
	readyUser(w, user)
	if !slices.Contains(user.Finalizers, v1alpha1.ClaimFinalizer) {
		t.Error("the claim is lost")
	}
}
