// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenants_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// letsInTeams lets the namespaces of the two tenants in, and no other.
func letsInTeams(s *stage) {
	s.marketplace.Spec.AllowedNamespaces = v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: metav1.LabelSelectorOpExists}},
	}}
}

// mayNotGrant takes the roles for grants and tokens from the operator's user.
func mayNotGrant(s *stage) {
	s.patch("securityprofiles/operator", map[string]any{"Roles": []string{"BuyerUserAdmin", "ApiClientReader"}})
	s.marketplace.Spec.UnmanagedImpersonationConfigs = v1alpha1.GrantsIgnore
}

var _ = Describe("Objects that a Marketplace does not let in, or does not permit", func() {
	It("set neither its counts nor its missing roles", func(ctx SpecContext) {
		s := prepare(ctx, "-counts", letsInTeams, mayNotGrant)
		own := s.user("bravo-user", "acme")
		s.b.declare(s, own)
		s.b.eventually(s, own, v1alpha1.ReadyCondition, "True")

		By("declaring what is not permitted, or would not be if its references stood for anything")
		unknown := func(spec *grantSpec) { spec.ClientName = "Unknown" }
		unresolved := func(spec *grantSpec) {
			spec.UserID, spec.BuyerID, spec.UserRef = "", "", &v1alpha1.BuyerUserReference{Name: "nobody"}
		}
		tokenOfNobody := func(spec *tokenSpec) {
			spec.UserID, spec.BuyerID, spec.UserRef = "", "", &v1alpha1.BuyerUserReference{Name: "nobody"}
		}
		suspended := func(spec *grantSpec) { spec.Suspend = true }
		refused := []client.Object{
			s.user("charlie-user", "acme"), s.grant("charlie-grant"), s.token("charlie-token", "bravo-user"),
			s.grant("charlie-unknown", unknown), s.grant("charlie-unresolved", unresolved), s.grant("charlie-suspended", suspended),
			s.token("charlie-of-nobody", "", tokenOfNobody),
		}
		s.c.declare(s, refused...)
		foreign := []client.Object{
			s.user("foreign-user", "acme"), s.grant("foreign-grant"), s.token("foreign-token", "bravo-user"), s.grant("foreign-unresolved", unresolved),
		}
		s.stranger.declare(s, foreign...)
		for _, object := range refused {
			s.c.eventually(s, object, v1alpha1.ReadyCondition, "False")
		}
		for _, object := range foreign {
			s.stranger.eventually(s, object, v1alpha1.SyncedCondition, "False NamespaceNotAllowed")
		}

		s.lookAgainAtMarketplace()
		Expect(s.marketplace.Status.Objects).To(ConsistOf(
			v1alpha1.ObjectCounts{Kind: "BuyerUser", Total: 1, Ready: 1},
			v1alpha1.ObjectCounts{Kind: "ImpersonationConfig"},
			v1alpha1.ObjectCounts{Kind: "ImpersonationToken"},
		))
		Expect(s.marketplace.Status.MissingRoles).To(BeEmpty())
		Expect(conditionOf(s.marketplace, v1alpha1.ReadyCondition)).To(HavePrefix("True InSync"))
	})

	It("do not keep it from being deleted", func(ctx SpecContext) {
		s := prepare(ctx, "-delete", letsInTeams)
		notLetIn, notPermitted := s.user("foreign-user", "acme"), s.user("charlie-user", "globex")
		s.label(s.stranger, map[string]string{"team": "b"})
		s.stranger.declare(s, notLetIn)
		s.c.declare(s, notPermitted)
		s.stranger.eventually(s, notLetIn, v1alpha1.ReadyCondition, "True")
		s.c.eventually(s, notPermitted, v1alpha1.ReadyCondition, "True")
		s.label(s.stranger, nil)
		s.label(s.c, map[string]string{"team": "nobody"})
		s.stranger.eventually(s, notLetIn, v1alpha1.SyncedCondition, "False NamespaceNotAllowed")
		s.c.eventually(s, notPermitted, v1alpha1.SyncedCondition, "False NotPermitted")
		Expect(notPermitted.Status.Claim).NotTo(BeNil())

		Expect(s.owner.Delete(s, s.marketplace)).To(Succeed())
		s.owner.eventuallyGone(s, s.marketplace)
		s.expectExists("buyers/acme/users/foreign-user", true)
		s.expectExists("buyers/globex/users/charlie-user", true)
	})

	It("hide no grant of OrderCloud from the owner by declaring it", func(ctx SpecContext) {
		s := prepare(ctx, "-hidden")
		s.exists("impersonationconfig/portal-grant", managersGrant(""))
		hides := s.grant("portal-grant", over("globex"), to("", "managers", ""), profile("cs-rep"), in("Admin", ""))
		s.c.declare(s, hides)
		s.c.eventuallyRefused(s, hides, s.refusal(s.c, "ImpersonationConfig", "kinds of its entry 1 does not list ImpersonationConfig"))
		s.lookAgainAtMarketplace()
		Eventually(func(g Gomega) {
			g.Expect(s.owner.Get(s, nameOf(s.marketplace), s.marketplace)).To(Succeed())
			g.Expect(s.marketplace.Status.UnmanagedImpersonationConfigs).To(HaveValue(Equal(
				v1alpha1.UnmanagedImpersonationConfigs{Count: 1, IDs: []string{"portal-grant"}})))
		}).WithContext(s).Should(Succeed())
	})
})
