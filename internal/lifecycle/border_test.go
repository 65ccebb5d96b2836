// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"strings"
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

func TestATenantLearnsNothingAboutApplicationsThatItMayNotUse(t *testing.T) {
	for name, clientName := range map[string]string{"that exists": "Admin", "that does not exist": "Nowhere"} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.makeAdminApplication()
			w.share(teamB("acme"))
			config := grantOfB()
			config.Spec.ClientName = clientName
			w.declare(config)
			w.mustPass(config)
			w.expectRefused(config, "clients of its entry 0 does not list "+clientName)
			if config.Status.Resolved != nil {
				t.Errorf("status.resolved is %+v", config.Status.Resolved)
			}
		})
	}
}

func TestANameIsNotTakenForTheApplicationThatAnotherNameStoodFor(t *testing.T) {
	w := begin(t)
	w.makeAdminApplication()
	both := teamB("acme")
	both.Clients = []string{"Storefront", "Admin"}
	w.share(both)
	config := grantOfB()
	config.Spec.ClientName = "Admin"
	w.declare(config)
	w.mustPass(config)
	w.expect(config, "Ready", "True Created")
	w.permit(teamB("acme"))
	edit(w, config, func(config *v1alpha1.ImpersonationConfig) {
		config.Spec.Suspend, config.Spec.ClientName = true, "Storefront"
	})
	w.mustPass(config)
	w.read(config)
	if declared := w.configs.Kind.Declaration(config); !declared.Unresolved && strings.Join(declared.Application.Names, "") == "Storefront" {
		t.Errorf("the grant in %s counts as one in %v", declared.Application.ID, declared.Application.Names)
	}
}

// makeAdminApplication makes an API client that is named Admin.
func (w *world) makeAdminApplication() {
	w.t.Helper()
	w.mutate(http.MethodPost, "apiclients", map[string]any{
		"ID": "5A3D0C5E-1D7B-4C0E-9A43-0000000000F9", "AppName": "Admin", "Active": true, "AccessTokenDuration": 60, "AllowAnyBuyer": true,
	})
}
