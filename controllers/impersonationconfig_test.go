// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const csDesk = "impersonationconfig/cs-desk"

var _ = Describe("A declared impersonation config", func() {
	It("finds its application by name and becomes Ready by one write", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-desk")
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		Expect(config.Status.Impersonator).To(Equal("admin group customer-service"))
		Expect(config.Status.Target).To(Equal("acme"))
		Expect(config.Status.Resolved.ClientID).To(Equal(strings.ToLower(s.clientID("Storefront"))))
		Expect(s.inOrderCloud(csDesk)).To(gstruct.MatchKeys(gstruct.IgnoreExtras, gstruct.Keys{
			"ImpersonationGroupID": Equal("customer-service"), "BuyerID": Equal("acme"), "UserID": BeNil(),
			"SecurityProfileID": Equal("cs-rep"),
		}))
		Expect(s.sandbox.Stats().Writes()).To(Equal(1))
	})

	It("does not drift because OrderCloud changes the letter case of a client ID", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-desk")
		config.Spec.ClientName = ""
		config.Spec.ClientID = v1alpha1.ID(strings.ToUpper(s.clientID("Storefront")))
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		Expect(s.inOrderCloud(csDesk)["ClientID"]).To(Equal(strings.ToLower(s.clientID("Storefront"))))
		s.lookNow(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		Expect(s.sandbox.Stats().Writes()).To(Equal(1))
	})

	It("is put back when somebody widens the grant to every buyer", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-desk")
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		s.patchInOrderCloud(csDesk, map[string]any{"BuyerID": nil, "SecurityProfileID": "operator"})
		s.lookNow(config)
		s.eventuallyReady(config, v1alpha1.ReasonCorrected)
		Expect(config.Status.LastDrift.Fields).To(ConsistOf("BuyerID", "SecurityProfileID"))
		Expect(s.inOrderCloud(csDesk)).To(gstruct.MatchKeys(gstruct.IgnoreExtras, gstruct.Keys{
			"BuyerID": Equal("acme"), "SecurityProfileID": Equal("cs-rep"),
		}))
	})

	It("clears a field that is no longer declared", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-desk")
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		change(s, config, func(config *v1alpha1.ImpersonationConfig) { config.Spec.ImpersonationGroupID = "" })
		s.eventuallyReady(config, v1alpha1.ReasonUpdated)
		Expect(s.inOrderCloud(csDesk)["ImpersonationGroupID"]).To(BeNil())
		Expect(config.Status.Impersonator).To(Equal("admins"))
	})

	It("waits for the users that it refers to", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-jdoe")
		config.Spec.BuyerID, config.Spec.ImpersonationGroupID = "", ""
		config.Spec.UserRef = &v1alpha1.BuyerUserReference{Name: "jdoe"}
		config.Spec.ImpersonationUserRef = &v1alpha1.BuyerUserReference{Name: "lead"}
		s.create(config)
		Expect(s.eventuallyFails(config, v1alpha1.ReasonReferenceNotFound)).To(ContainSubstring("lead does not exist"))

		lead := s.user("lead")
		lead.Spec.Username = "walk-in@acme.example"
		s.create(lead)
		s.eventuallyFails(lead, v1alpha1.ReasonUsernameTaken)
		s.create(s.user("jdoe"))
		Expect(s.eventuallyFails(config, v1alpha1.ReasonReferenceNotReady)).To(ContainSubstring("lead to be Ready"))

		change(s, lead, func(lead *v1alpha1.BuyerUser) { lead.Spec.Username = "lead@acme.example" })
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		Expect(*config.Status.Resolved).To(gstruct.MatchFields(gstruct.IgnoreExtras, gstruct.Fields{
			"BuyerID": Equal("acme"), "UserID": Equal("jdoe"), "ImpersonationBuyerID": Equal("acme"), "ImpersonationUserID": Equal("lead"),
		}))
		Expect(config.Status.Impersonator).To(Equal("acme/lead"))
		Expect(config.Status.Target).To(Equal("acme/jdoe"))
	})

	It("follows a reference to another user", func(ctx SpecContext) {
		s := begin(ctx)
		for _, name := range []string{"jdoe", "asmith"} {
			user := s.user(name)
			s.create(user)
			s.eventuallyReady(user, v1alpha1.ReasonCreated)
		}
		config := s.config("cs-desk")
		config.Spec.BuyerID = ""
		config.Spec.UserRef = &v1alpha1.BuyerUserReference{Name: "jdoe"}
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		change(s, config, func(config *v1alpha1.ImpersonationConfig) { config.Spec.UserRef.Name = "asmith" })
		s.eventuallyReady(config, v1alpha1.ReasonUpdated)
		Expect(s.inOrderCloud(csDesk)["UserID"]).To(Equal("asmith"))
	})

	It("refuses a user of another marketplace", func(ctx SpecContext) {
		s := begin(ctx)
		s.create(s.marketplace("other"))
		user := s.user("jdoe")
		user.Spec.MarketplaceRef.Name = "other"
		s.create(user)
		config := s.config("cs-desk")
		config.Spec.BuyerID = ""
		config.Spec.UserRef = &v1alpha1.BuyerUserReference{Name: "jdoe"}
		s.create(config)
		Expect(s.eventuallyFails(config, v1alpha1.ReasonReferenceNotFound)).To(ContainSubstring("another Marketplace"))
	})

	It("names the security profile that does not exist, and recovers when it does", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-desk")
		config.Spec.SecurityProfileID = "nope"
		s.create(config)
		Expect(s.eventuallyFails(config, v1alpha1.ReasonReferenceNotFound)).
			To(HavePrefix(`security profile "nope" does not exist in ` + s.url))
		s.mutate(http.MethodPost, "securityprofiles", map[string]any{"ID": "nope", "Name": "Now it does", "Roles": []any{"Shopper"}})
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
	})

	It("names the application that does not exist, or that exists twice", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-desk")
		config.Spec.ClientName = "Kiosk"
		s.create(config)
		Expect(s.eventuallyFails(config, v1alpha1.ReasonReferenceNotFound)).To(ContainSubstring(`is named "Kiosk"`))

		kiosk := map[string]any{"AppName": "Kiosk", "Active": true, "AccessTokenDuration": 600, "AllowAnyBuyer": true}
		s.mutate(http.MethodPost, "apiclients", kiosk)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		Expect(config.Status.Resolved.ClientID).To(BeEquivalentTo(strings.ToLower(s.clientID("Kiosk"))))

		s.mutate(http.MethodPost, "apiclients", kiosk)
		s.lookNow(config)
		message := s.eventuallyHas(config, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)
		Expect(message).To(HavePrefix("2 API clients"))
	})

	It("is still put back when what it refers to cannot be found any more", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Spec.DeletionPolicy = v1alpha1.DeletionRetain
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		config := s.config("cs-desk")
		config.Spec.BuyerID = ""
		config.Spec.UserRef = &v1alpha1.BuyerUserReference{Name: "jdoe"}
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)

		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		s.patchInOrderCloud("apiclients/"+s.clientID("Storefront"), map[string]any{"AppName": "Renamed"})
		s.patchInOrderCloud(csDesk, map[string]any{"BuyerID": nil, "UserID": nil})
		s.lookNow(config)
		s.eventuallyFails(config, v1alpha1.ReasonReferenceNotFound)
		Expect(s.inOrderCloud(csDesk)).To(gstruct.MatchKeys(gstruct.IgnoreExtras, gstruct.Keys{
			"BuyerID": Equal("acme"), "UserID": Equal("jdoe"),
		}))
		Expect(config.Status.LastDrift.CorrectedTime).NotTo(BeNil())
		Expect(config.Status.Target).To(Equal("acme/jdoe"))
	})

	It("grants nothing that an earlier declaration stood for after a pass that could not look", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-desk")
		config.Spec.BuyerID = ""
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		writes := s.sandbox.Stats().Writes()
		change(s, config, func(config *v1alpha1.ImpersonationConfig) {
			config.Spec.UserRef = &v1alpha1.BuyerUserReference{Name: "nobody"}
			config.Spec.SecurityProfileID = "operator"
			config.Spec.Suspend = true
		})
		s.eventuallyHas(config, v1alpha1.SyncedCondition, metav1.ConditionUnknown, v1alpha1.ReasonSuspended)
		change(s, config, func(config *v1alpha1.ImpersonationConfig) { config.Spec.Suspend = false })
		s.eventuallyFails(config, v1alpha1.ReasonReferenceNotFound)
		s.lookNow(config)
		s.eventuallyFails(config, v1alpha1.ReasonReferenceNotFound)
		Expect(s.sandbox.Stats().Writes()).To(Equal(writes))
	})

	It("grants nothing to the user of an earlier declaration when the new one cannot be found", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		config := s.config("cs-desk")
		config.Spec.BuyerID = ""
		config.Spec.UserRef = &v1alpha1.BuyerUserReference{Name: "jdoe"}
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		writes := s.sandbox.Stats().Writes()
		change(s, config, func(config *v1alpha1.ImpersonationConfig) {
			config.Spec.UserRef.Name = "nobody"
			config.Spec.SecurityProfileID = "operator"
		})
		s.eventuallyFails(config, v1alpha1.ReasonReferenceNotFound)
		s.lookNow(config)
		s.eventuallyFails(config, v1alpha1.ReasonReferenceNotFound)
		Expect(s.sandbox.Stats().Writes()).To(Equal(writes))
		Expect(s.inOrderCloud(csDesk)).To(HaveKeyWithValue("SecurityProfileID", "cs-rep"))
	})

	It("follows the application to another client ID", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-desk")
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		s.patchInOrderCloud("apiclients/"+s.clientID("Storefront"), map[string]any{"AppName": "Old storefront"})
		s.mutate(http.MethodPost, "apiclients", map[string]any{
			"AppName": "Storefront", "Active": true, "AccessTokenDuration": 600, "AllowAnyBuyer": true,
		})
		s.lookNow(config)
		s.eventuallyReady(config, v1alpha1.ReasonUpdated)
		Expect(s.inOrderCloud(csDesk)["ClientID"]).To(Equal(strings.ToLower(s.clientID("Storefront"))))
	})

	It("is told which identical grant is in its way", func(ctx SpecContext) {
		s := begin(ctx)
		first := s.config("cs-desk")
		s.create(first)
		s.eventuallyReady(first, v1alpha1.ReasonCreated)
		second := s.config("cs-desk-again")
		s.create(second)
		Expect(s.eventuallyFails(second, v1alpha1.ReasonRejected)).
			To(ContainSubstring("ImpersonationConfig.ConflictingImpersonationConfigExists"))
	})

	It("costs no write when nothing differs", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-desk")
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		change(s, config, func(config *v1alpha1.ImpersonationConfig) {
			config.Spec.Interval = &metav1.Duration{Duration: time.Second}
		})
		s.eventuallyReady(config, v1alpha1.ReasonInSync)
		version, looks := config.ResourceVersion, s.looksAt(config)
		Eventually(s.looksAt).WithArguments(config).Should(BeNumerically(">", looks+3))
		Expect(suite.admin.Get(s, client.ObjectKeyFromObject(config), config)).To(Succeed())
		Expect(config.ResourceVersion).To(Equal(version))
		Expect(s.sandbox.Stats().Writes()).To(Equal(1))
	})
})
