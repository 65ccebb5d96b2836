// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

var _ = Describe("An object that somebody else made", func() {
	foreign := map[string]any{
		"Username": "jdoe@acme.example", "FirstName": "Joan", "LastName": "Doe", "Email": "other@acme.example", "Active": true,
		"xp": map[string]any{"theirs": "precious"},
	}
	identical := map[string]any{
		"Username": "jdoe@acme.example", "FirstName": "Joan", "LastName": "Doe", "Email": "jdoe@acme.example", "Active": true,
	}

	It("is refused and not touched when it differs, with the differences listed", func(ctx SpecContext) {
		s := begin(ctx)
		s.mutate(http.MethodPut, jdoe, foreign)
		before := s.inOrderCloud(jdoe)
		user := s.user("jdoe")
		s.create(user)
		message := s.eventuallyFails(user, v1alpha1.ReasonNotOwned)
		Expect(message).To(ContainSubstring("Email"))
		Expect(user.Status.Drift).To(ConsistOf(v1alpha1.DriftEntry{
			Field: "Email", Desired: "jdoe@acme.example", Observed: "other@acme.example",
		}))
		Expect(user.Status.Claim).To(BeNil())

		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		Expect(s.inOrderCloud(jdoe)).To(Equal(before))
		Expect(s.sandbox.Stats().Writes()).To(BeZero())
	})

	It("is adopted without a write when it is identical", func(ctx SpecContext) {
		s := begin(ctx)
		s.mutate(http.MethodPut, jdoe, identical)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonInSync)
		s.expectHeld(user)
		Expect(s.sandbox.Stats().Writes()).To(BeZero())
		Eventually(s.eventReasons).WithArguments(user).Should(ConsistOf("Normal Adopted"))
	})

	It("is taken over with adoptionPolicy Always", func(ctx SpecContext) {
		s := begin(ctx)
		s.mutate(http.MethodPut, jdoe, foreign)
		user := s.user("jdoe")
		user.Spec.AdoptionPolicy = v1alpha1.AdoptAlways
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonUpdated)
		Expect(s.inOrderCloud(jdoe)).To(HaveKeyWithValue("Email", "jdoe@acme.example"))
		Eventually(s.eventReasons).WithArguments(user).Should(ConsistOf("Normal Adopted", "Normal Updated"))
	})

	It("is refused with adoptionPolicy Never even when it is identical", func(ctx SpecContext) {
		s := begin(ctx)
		s.mutate(http.MethodPut, jdoe, identical)
		user := s.user("jdoe")
		user.Spec.AdoptionPolicy = v1alpha1.AdoptNever
		s.create(user)
		Expect(s.eventuallyFails(user, v1alpha1.ReasonNotOwned)).To(ContainSubstring("adoptionPolicy is Never"))
		Expect(s.sandbox.Stats().Writes()).To(BeZero())
	})

	It("is not touched when it appears after a create was refused", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Spec.Username = "walk-in@acme.example"
		s.create(user)
		s.eventuallyFails(user, v1alpha1.ReasonUsernameTaken)
		Expect(user.Status.Claim).To(BeNil(), "nothing was created, so nothing is claimed")

		s.mutate(http.MethodPut, jdoe, foreign)
		before := s.inOrderCloud(jdoe)
		s.lookNow(user)
		s.eventuallyFails(user, v1alpha1.ReasonNotOwned)
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		Expect(s.inOrderCloud(jdoe)).To(Equal(before))
	})

	It("is not touched when the Marketplace is pointed to where it is", func(ctx SpecContext) {
		s, elsewhere := begin(ctx), begin(ctx)
		user, config := s.user("jdoe"), s.config("cs-desk")
		s.create(user)
		s.create(config)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		s.expectHeld(user)

		elsewhere.mutate(http.MethodPut, jdoe, foreign)
		before := elsewhere.inOrderCloud(jdoe)
		change(s, s.marketplace("default"), func(marketplace *v1alpha1.Marketplace) { marketplace.Spec.URL = elsewhere.url })
		s.eventuallyFails(user, v1alpha1.ReasonNotOwned)
		Eventually(elsewhere.missing).WithArguments(csDesk).Should(BeFalse(), "what is not there is created")

		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		Expect(elsewhere.inOrderCloud(jdoe)).To(Equal(before))
		s.inOrderCloud(jdoe)
		Eventually(s.eventReasons).WithArguments(user).Should(ContainElement("Warning Orphaned"))
	})

	It("may be a config, too: a foreign grant is not touched", func(ctx SpecContext) {
		s := begin(ctx)
		s.mutate(http.MethodPut, csDesk, map[string]any{
			"SecurityProfileID": "shopper", "ClientID": s.clientID("Storefront"), "BuyerID": "globex",
		})
		before := s.inOrderCloud(csDesk)
		config := s.config("cs-desk")
		s.create(config)
		s.eventuallyFails(config, v1alpha1.ReasonNotOwned)
		Expect(config.Status.Drift).To(HaveLen(3))
		Expect(s.inOrderCloud(csDesk)).To(Equal(before))
	})
})

var _ = Describe("Deleting a resource", func() {
	It("deletes the object in OrderCloud", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		Expect(s.missing(jdoe)).To(BeTrue())
		Eventually(s.eventReasons).WithArguments(user).Should(ContainElement("Normal Deleted"))
	})

	It("keeps the object with deletionPolicy Retain", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Spec.DeletionPolicy = v1alpha1.DeletionRetain
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		s.inOrderCloud(jdoe)
	})

	It("honours deletionPolicy while suspended", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.Suspend = true })
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		Expect(s.missing(jdoe)).To(BeTrue())
	})

	It("writes nothing once managementPolicy is Observe", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		s.inOrderCloud(jdoe)
	})

	It("succeeds when somebody was faster", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.mutate(http.MethodDelete, jdoe, nil)
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
	})

	It("says InUse while a config names the user, and goes on when the config is gone", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		config := s.config("cs-jdoe")
		config.Spec.BuyerID = ""
		config.Spec.UserRef = &v1alpha1.BuyerUserReference{Name: "jdoe"}
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)

		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyFails(user, v1alpha1.ReasonInUse)
		Expect(suite.admin.Delete(s, config)).To(Succeed())
		s.eventuallyGone(config)
		Expect(s.missing("impersonationconfig/cs-jdoe")).To(BeTrue())
		s.eventuallyGone(user)
		Expect(s.missing(jdoe)).To(BeTrue())
	})
})
