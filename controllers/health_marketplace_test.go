// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func forMarketplaces(reach func(s *story) client.Object) map[string]func(*story) client.Object {
	return map[string]func(*story) client.Object{marketplaceKind: reach}
}

func goodMarketplaces() []healthState {
	good := func(name, synced string, reach func(s *story) client.Object) healthState {
		return healthState{
			name: name, ready: "True InSync", synced: synced, kstatus: status.CurrentStatus, argo: argoHealthy, waited: true,
			reach: forMarketplaces(reach),
		}
	}
	return []healthState{
		good("accepted by OrderCloud", "True InSync", func(s *story) client.Object { return s.readyMarketplace() }),
		good("accepted, then an outage", "False Unavailable", func(s *story) client.Object {
			declared := s.readyMarketplace()
			s.misbehave(outage)
			return s.asked(declared)
		}),
		good("accepted, then asked to slow down", "False RateLimited", func(s *story) client.Object {
			declared := s.readyMarketplace()
			s.misbehave(slowDown)
			return s.asked(declared)
		}),
		good("accepted, and holding deletions", "True InSync", func(s *story) client.Object {
			s.heldDeletion(buyerUserKind)
			declared := s.marketplace("default")
			s.eventuallyHeld(declared, 1)
			return declared
		}),
	}
}

func waitingMarketplaces() []healthState {
	waiting := func(name, reason string, reach func(s *story) client.Object) healthState {
		return healthState{
			name: name, ready: "False " + reason, synced: "False " + reason,
			kstatus: status.InProgressStatus, argo: argoProgressing, reach: forMarketplaces(reach),
		}
	}
	during := func(s *story) client.Object {
		s.createSecret(nil)
		declared := s.marketplace("default")
		s.create(declared)
		return declared
	}
	return []healthState{
		waiting("without its Secret", v1alpha1.ReasonCredentialsInvalid, func(s *story) client.Object {
			declared := s.marketplace("default")
			s.create(declared)
			return declared
		}),
		waiting("in an outage", v1alpha1.ReasonUnavailable, func(s *story) client.Object {
			s.misbehave(outage)
			return during(s)
		}),
		waiting("asked to slow down", v1alpha1.ReasonRateLimited, func(s *story) client.Object {
			s.misbehave(slowDown)
			return during(s)
		}),
	}
}

func refusedMarketplaces() []healthState {
	return []healthState{
		refused("with a Secret that lacks a key", v1alpha1.ReasonCredentialsInvalid, forMarketplaces(func(s *story) client.Object {
			s.createSecret(func(values map[string]string) { delete(values, "clientSecret") })
			declared := s.marketplace("default")
			s.create(declared)
			return declared
		})),
		refused("with credentials that are refused", v1alpha1.ReasonCredentialsInvalid, forMarketplaces(func(s *story) client.Object {
			s.createSecret(func(values map[string]string) { values["clientSecret"] = "refused" })
			declared := s.marketplace("default")
			s.create(declared)
			return declared
		})),
		refused("accepted, then the credentials are refused", v1alpha1.ReasonCredentialsInvalid, forMarketplaces(func(s *story) client.Object {
			declared := s.readyMarketplace()
			s.changeSecret("refused")
			return declared
		})),
		refused("accepted, and declared to be another seller's", v1alpha1.ReasonSellerChanged, forMarketplaces(func(s *story) client.Object {
			declared := s.readyMarketplace()
			change(s, declared, func(declared *v1alpha1.Marketplace) { declared.Spec.SellerID = "another-seller" })
			return declared
		})),
		refused("without a role that its objects need", v1alpha1.ReasonAccessDenied, forMarketplaces(func(s *story) client.Object {
			declared := s.readyMarketplace()
			s.patchInOrderCloud("securityprofiles/operator", map[string]any{"Roles": []any{"ApiClientReader"}})
			s.sandbox.RevokeTokens()
			s.create(s.user("jdoe"))
			return s.asked(declared)
		})),
		refused("with a host that is not allowed", v1alpha1.ReasonAccessDenied, forMarketplaces(func(s *story) client.Object {
			s.createSecret(nil)
			declared := s.marketplace("default")
			declared.Spec.URL = "https://elsewhere.example"
			s.create(declared)
			return declared
		})),
	}
}

func deletedMarketplaces() []healthState {
	return []healthState{{
		name: "deleted, while objects need it", ready: "False InUse", synced: "True InUse",
		kstatus: status.TerminatingStatus, argo: argoProgressing,
		reach: forMarketplaces(func(s *story) client.Object {
			s.created(buyerUserKind)
			declared := s.marketplace("default")
			Eventually(func() []string {
				Expect(suite.admin.Get(s, client.ObjectKeyFromObject(declared), declared)).To(Succeed())
				return declared.Finalizers
			}).WithContext(s).ShouldNot(BeEmpty())
			Expect(suite.admin.Delete(s, declared)).To(Succeed())
			return declared
		}),
	}}
}
