// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenants_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// bothMayGrant lets c grant, too, and both over initech.
func bothMayGrant(s *stage) {
	both := tenants()
	both[1].Kinds, both[1].Impersonators = both[0].Kinds, both[0].Impersonators
	both[1].SecurityProfiles, both[1].Clients = both[0].SecurityProfiles, both[0].Clients
	s.marketplace.Spec.Tenants = both
}

// shared makes a user one and the same of initech, of which both may have users.
func shared(user *userSpec) { user.Spec.UserID = "shared" }

var _ = Describe("What the three see of each other", func() {
	var s *stage

	// expectConcealed looks through all that the two tenants can read: objects, status, events.
	expectConcealed := func() {
		GinkgoHelper()
		ofOthers := func(names ...string) OmegaMatcher {
			matchers := make([]OmegaMatcher, len(names))
			for index, name := range names {
				matchers[index] = ContainSubstring(name)
			}
			return Or(matchers...)
		}
		Expect(s.b.sees(s)).NotTo(ofOthers("charlie", s.c.namespace, "olympus", "portal-"))
		Expect(s.c.sees(s)).NotTo(ofOthers("bravo", s.b.namespace, "olympus", "portal-"))
	}

	It("is no name in a conflict of two tenants, but for the owner", func(ctx SpecContext) {
		s = prepare(ctx, "-conflict")
		first, second := s.user("charlie-user", "initech", shared), s.user("bravo-user", "initech", shared)
		s.c.declare(s, first)
		s.c.eventually(s, first, v1alpha1.ReadyCondition, "True")
		s.b.declare(s, second)
		s.b.eventually(s, second, v1alpha1.SyncedCondition, "False Conflict: a resource of another tenant declares buyers/initech/users/shared, too, and was there before")
		s.b.eventuallyTold(s, second, "Conflict", "a resource of another tenant declares")
		s.owner.eventuallyTold(s, s.marketplace, "Conflict",
			s.b.namespace+"/bravo-user: "+s.c.namespace+"/charlie-user declares buyers/initech/users/shared, too, and was there before")

		By("the owner's declaring it, too")
		third := s.user("olympus-user", "initech", shared)
		s.owner.declare(s, third)
		s.owner.eventually(s, third, v1alpha1.SyncedCondition, "False Conflict: "+s.c.namespace+"/charlie-user declares buyers/initech/users/shared, too")
		expectConcealed()
	})

	It("is no name of a grant because of which a user cannot be deleted, but for the owner", func(ctx SpecContext) {
		s = prepare(ctx, "-inuse", bothMayGrant)
		user := s.user("charlie-user", "initech", shared)
		s.c.declare(s, user)
		s.c.eventually(s, user, v1alpha1.ReadyCondition, "True")
		grant := s.grant("bravo-grant", over("initech"), func(spec *grantSpec) { spec.UserID = "shared" })
		s.b.declare(s, grant)
		s.b.eventually(s, grant, v1alpha1.ReadyCondition, "True")

		Expect(s.c.Delete(s, user)).To(Succeed())
		s.c.eventually(s, user, v1alpha1.SyncedCondition, "False InUse: the deletion waits: an impersonation config names buyers/initech/users/shared in OrderCloud")
		s.c.eventuallyTold(s, user, "InUse", "an impersonation config names buyers/initech/users/shared")
		s.owner.eventuallyTold(s, s.marketplace, "InUse",
			s.c.namespace+"/charlie-user: impersonationconfig/bravo-grant names buyers/initech/users/shared in OrderCloud")
		expectConcealed()
		s.expectExists("buyers/initech/users/shared", true)
	})

	It("is no name of who has granted the same already, but for the owner", func(ctx SpecContext) {
		s = prepare(ctx, "-granted", bothMayGrant)
		first, second := s.grant("charlie-grant", over("initech")), s.grant("bravo-grant", over("initech"))
		s.c.declare(s, first)
		s.c.eventually(s, first, v1alpha1.ReadyCondition, "True")
		s.b.declare(s, second)
		const refuses = "OrderCloud refuses creating impersonationconfig/bravo-grant (ImpersonationConfig.ConflictingImpersonationConfigExists): "
		const concealed = refuses + "what it says may be about objects of others, so an event of the Marketplace says it to its owner"
		s.b.eventually(s, second, v1alpha1.SyncedCondition, "False Rejected: "+concealed)
		s.b.eventuallyTold(s, second, "Rejected", concealed)
		s.owner.eventuallyTold(s, s.marketplace, "Rejected", s.b.namespace+"/bravo-grant: "+refuses+"Another impersonation config grants the same already")
		expectConcealed()
	})

	It("is no name of who inherits, but for the owner", func(ctx SpecContext) {
		s = prepare(ctx, "-inherited")
		former, heir := s.user("charlie-user", "initech", shared), s.user("bravo-user", "initech", shared)
		s.c.declare(s, former)
		s.c.eventually(s, former, v1alpha1.ReadyCondition, "True")
		s.b.declare(s, heir)
		s.b.eventually(s, heir, v1alpha1.SyncedCondition, "False Conflict")
		Expect(s.c.Delete(s, former)).To(Succeed())
		s.c.eventuallyGone(s, former)
		s.b.eventually(s, heir, v1alpha1.ReadyCondition, "True")
		s.c.eventuallyTold(s, former, "HandedOver", "handed buyers/initech/users/shared over to a resource of another tenant, which declares it, too")
		s.owner.eventuallyTold(s, s.marketplace, "HandedOver",
			s.c.namespace+"/charlie-user: handed buyers/initech/users/shared over to "+s.b.namespace+"/bravo-user, which declares it, too")
		expectConcealed()
	})

	It("is no object of another namespace, and of the Marketplace nothing", func(ctx SpecContext) {
		s = prepare(ctx, "-rbac")
		user := s.user("charlie-user", "initech")
		s.c.declare(s, user)
		s.c.eventually(s, user, v1alpha1.ReadyCondition, "True")
		Expect(s.b.Get(s, nameOf(user), user)).To(MatchError(ContainSubstring("forbidden")))
		Expect(s.b.Get(s, nameOf(s.marketplace), s.marketplace.DeepCopy())).To(MatchError(ContainSubstring("forbidden")))
		Expect(s.owner.Get(s, nameOf(user), user)).To(MatchError(ContainSubstring("forbidden")))
		s.lookAgainAtMarketplace()
		Expect(s.marketplace.Status.Objects).To(ContainElement(v1alpha1.ObjectCounts{Kind: "BuyerUser", Total: 1, Ready: 1}))
	})
})
