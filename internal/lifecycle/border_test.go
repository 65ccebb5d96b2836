// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestADeclarationThatIsAlsoInvalidTellsNobodyWhoElseDeclaresIt(t *testing.T) {
	w := begin(t)
	teamC := teamB("acme")
	teamC.Namespaces.MatchLabels = map[string]string{"team": "c"}
	w.share(teamB("globex"), teamC)
	theirs, probe := userOf("c"), userOf("b")
	w.declare(theirs)
	w.mustPass(theirs)
	moment := v1alpha1.DateTime("yesterday")
	probe.UID, probe.Spec.TermsAccepted = "probe", &moment
	w.declare(probe)
	w.mustPass(probe)
	w.expectRefused(probe, "buyers of its entry 0 does not list acme")
}
