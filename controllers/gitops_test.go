// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// namesake declares the same user as jdoe, in an object of another name.
func (s *story) namesake(name string) *v1alpha1.BuyerUser {
	user := s.user("jdoe")
	user.Name, user.Spec.UserID = name, "jdoe"
	return user
}

var _ = Describe("Two objects that declare the same user", func() {
	It("the older keeps it, and the other one takes over when the older goes", func(ctx SpecContext) {
		s := begin(ctx)
		first := s.user("jdoe")
		s.create(first)
		s.eventuallyReady(first, v1alpha1.ReasonCreated)
		second := s.namesake("joan")
		second.Spec.Email = "joan@acme.example"
		s.create(second)
		Expect(s.eventuallyFails(second, v1alpha1.ReasonConflict)).To(ContainSubstring(s.namespace + "/jdoe"))
		Expect(second.Status.Claim).To(BeNil())
		Expect(s.inOrderCloud(jdoe)).To(HaveKeyWithValue("Email", "jdoe@acme.example"))

		Expect(suite.admin.Delete(s, first)).To(Succeed())
		s.eventuallyGone(first)
		s.eventuallyReady(second, v1alpha1.ReasonUpdated)
		Expect(s.inOrderCloud(jdoe)).To(HaveKeyWithValue("Email", "joan@acme.example"))
		Expect(s.sandbox.Stats().Calls).NotTo(HaveKey("DELETE /v1/buyers/{buyerID}/users/{userID}"))
		Eventually(s.eventReasons).WithArguments(first).Should(ContainElement("Normal HandedOver"))
	})

	It("one that leaves does not delete what the other one keeps", func(ctx SpecContext) {
		s := begin(ctx)
		first, second := s.user("jdoe"), s.namesake("joan")
		s.create(first)
		s.eventuallyReady(first, v1alpha1.ReasonCreated)
		s.create(second)
		s.eventuallyFails(second, v1alpha1.ReasonConflict)
		Expect(suite.admin.Delete(s, second)).To(Succeed())
		s.eventuallyGone(second)
		s.lookNow(first)
		s.eventuallyReady(first, v1alpha1.ReasonCreated)
		s.inOrderCloud(jdoe)
	})

	It("of other namespaces, too", func(ctx SpecContext) {
		s := begin(ctx)
		change(s, s.marketplace("default"), func(declared *v1alpha1.Marketplace) { declared.Spec.AllowedNamespaces.From = v1alpha1.NamespacesAll })
		first, second := s.user("jdoe"), s.user("jdoe")
		s.create(first)
		s.eventuallyReady(first, v1alpha1.ReasonCreated)
		second.Namespace = s.newNamespace(nil)
		second.Spec.MarketplaceRef.Namespace = s.namespace
		s.create(second)
		Expect(s.eventuallyFails(second, v1alpha1.ReasonConflict)).To(ContainSubstring(s.namespace + "/jdoe"))
	})

	It("whoever only watches is in nobody's way", func(ctx SpecContext) {
		s := begin(ctx)
		first, watcher := s.user("jdoe"), s.namesake("watcher")
		s.create(first)
		s.eventuallyReady(first, v1alpha1.ReasonCreated)
		watcher.Spec.ManagementPolicy = v1alpha1.ManagementObserve
		s.create(watcher)
		s.eventuallyReady(watcher, v1alpha1.ReasonInSync)
		s.lookNow(first)
		s.eventuallyReady(first, v1alpha1.ReasonCreated)
	})
})

var _ = Describe("Somebody who keeps changing a user back", func() {
	It("is not fought with", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		for range 3 {
			s.patchInOrderCloud(jdoe, map[string]any{"Email": "theirs@acme.example"})
			s.lookNow(user)
			s.eventuallyReady(user, v1alpha1.ReasonCorrected)
		}
		s.patchInOrderCloud(jdoe, map[string]any{"Email": "theirs@acme.example"})
		writes := s.sandbox.Stats().Writes()
		for range 3 {
			s.lookNow(user)
			Expect(s.eventuallyFails(user, v1alpha1.ReasonContended)).To(ContainSubstring("Email"))
			s.eventuallyHas(user, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonContended)
			Expect(user.Status.Drift).To(HaveLen(1))
		}
		Expect(s.sandbox.Stats().Writes()).To(Equal(writes))
		Expect(s.inOrderCloud(jdoe)).To(HaveKeyWithValue("Email", "theirs@acme.example"))

		// A changed declaration is no part of the fight.
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.FirstName = "Jane" })
		s.eventuallyReady(user, v1alpha1.ReasonCorrected)
		Expect(s.inOrderCloud(jdoe)).To(HaveKeyWithValue("FirstName", "Jane"))
	})
})

var _ = Describe("More deletions than the guard admits", func() {
	It("are held until a person confirms them or raises the number", func(ctx SpecContext) {
		s := begin(ctx)
		guarded := s.marketplace("default")
		change(s, guarded, func(declared *v1alpha1.Marketplace) { declared.Spec.DeletionGuard.MaxDeletions = new(int32(3)) })
		var users []*v1alpha1.BuyerUser
		for number := range 10 {
			user := s.user(fmt.Sprintf("user-%d", number))
			s.create(user)
			users = append(users, user)
		}
		retained := s.user("retained")
		retained.Spec.DeletionPolicy = v1alpha1.DeletionRetain
		s.create(retained)
		for _, user := range append(users, retained) {
			s.eventuallyReady(user, v1alpha1.ReasonCreated)
		}
		for _, user := range append(users, retained) {
			Expect(suite.admin.Delete(s, user)).To(Succeed())
		}
		s.eventuallyGone(retained)
		s.eventuallyHeld(guarded, 7)
		held := s.deleting(users)
		Expect(held).To(HaveLen(7))
		Expect(s.deletes()).To(Equal(3))
		message := s.eventuallyHas(held[0], v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonDeletionHeld)
		Expect(message).To(And(ContainSubstring("lets 3 deletions in 10m0s through"), ContainSubstring(v1alpha1.ConfirmDeleteAnnotation)))
		Eventually(s.eventReasons).WithArguments(guarded).Should(ContainElement("Warning DeletionHeld"))

		By("confirming one")
		change(s, held[0], func(user *v1alpha1.BuyerUser) {
			user.Annotations = map[string]string{v1alpha1.ConfirmDeleteAnnotation: "true"}
		})
		s.eventuallyGone(held[0])
		s.eventuallyHeld(guarded, 6)
		Expect(s.deletes()).To(Equal(4))

		By("keeping one")
		change(s, held[1], func(user *v1alpha1.BuyerUser) { user.Spec.DeletionPolicy = v1alpha1.DeletionRetain })
		s.eventuallyGone(held[1])
		Expect(s.missing("buyers/acme/users/" + held[1].Name)).To(BeFalse())

		By("raising the number")
		change(s, guarded, func(declared *v1alpha1.Marketplace) { declared.Spec.DeletionGuard.MaxDeletions = new(int32(100)) })
		for _, user := range users {
			s.eventuallyGone(user)
		}
		s.eventuallyHeld(guarded, 0)
		Expect(s.deletes()).To(Equal(9))
	})
})

func (s *story) eventuallyHeld(guarded *v1alpha1.Marketplace, count int) {
	GinkgoHelper()
	Eventually(func() int {
		Expect(suite.admin.Get(s, client.ObjectKeyFromObject(guarded), guarded)).To(Succeed())
		return int(guarded.Status.DeletionsHeld)
	}).WithContext(s).Should(Equal(count))
}

// deleting are those that wait for their deletion.
func (s *story) deleting(users []*v1alpha1.BuyerUser) []*v1alpha1.BuyerUser {
	GinkgoHelper()
	var waiting []*v1alpha1.BuyerUser
	for _, user := range users {
		if suite.admin.Get(s, client.ObjectKeyFromObject(user), user) == nil {
			waiting = append(waiting, user)
		}
	}
	return waiting
}

func (s *story) deletes() int {
	return s.sandbox.Stats().Calls["DELETE /v1/buyers/{buyerID}/users/{userID}"]
}

var _ = Describe("A user that is deleted", func() {
	It("waits for the config that names it, which the message tells, and goes right after it", func(ctx SpecContext) {
		s := begin(ctx)
		user, config := s.user("jdoe"), s.config("as-jdoe")
		s.create(user)
		config.Spec.BuyerID, config.Spec.UserRef = "", &v1alpha1.BuyerUserReference{Name: "jdoe"}
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		message := s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonInUse)
		Expect(message).To(ContainSubstring("impersonationconfig/as-jdoe names buyers/acme/users/jdoe"))
		Expect(suite.admin.Delete(s, config)).To(Succeed())
		s.eventuallyGone(config)
		s.eventuallyGone(user)
		Expect(s.missing(jdoe)).To(BeTrue())
	})

	It("says which config names it though nobody declares that", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.mutate(http.MethodPut, "impersonationconfig/by-hand", map[string]any{
			"ID": "by-hand", "ImpersonationBuyerID": "acme", "ImpersonationUserID": "jdoe", "BuyerID": "acme",
			"SecurityProfileID": "cs-rep", "ClientID": s.clientID("Storefront"),
		})
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		message := s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonInUse)
		Expect(message).To(ContainSubstring("impersonationconfig/by-hand names"))
		s.mutate(http.MethodDelete, "impersonationconfig/by-hand", nil)
		s.eventuallyGone(user)
	})

	It("is kept and may not authenticate any more with deletionPolicy Deactivate", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Spec.DeletionPolicy = v1alpha1.DeletionDeactivate
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		Expect(s.inOrderCloud(jdoe)).To(And(HaveKeyWithValue("Active", false), HaveKeyWithValue("Email", "jdoe@acme.example")))
		Eventually(s.eventReasons).WithArguments(user).Should(ContainElement("Normal Deactivated"))
	})
})

var _ = Describe("A Marketplace", func() {
	It("stays until nothing needs it any more", func(ctx SpecContext) {
		s := begin(ctx)
		declared, user := s.marketplace("default"), s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		Eventually(func() []string {
			Expect(suite.admin.Get(s, client.ObjectKeyFromObject(declared), declared)).To(Succeed())
			return declared.Finalizers
		}).WithContext(s).Should(ConsistOf(v1alpha1.InUseFinalizer))

		Expect(suite.admin.Delete(s, credentials(s.namespace, "", ""))).To(Succeed())
		Expect(suite.admin.Delete(s, declared)).To(Succeed())
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		Expect(s.missing(jdoe)).To(BeTrue())
		s.eventuallyGone(declared)
	})
})

var _ = Describe("Staging's Sunday", func() {
	It("everything declared converges in one interval, and nothing foreign is touched", func(ctx SpecContext) {
		s := begin(ctx)
		declared := s.marketplace("default")
		changed, missing, config := s.user("changed"), s.user("missing"), s.config("cs-desk")
		for _, object := range []client.Object{changed, missing, config} {
			s.create(object)
			s.eventuallyReady(object, v1alpha1.ReasonCreated)
		}
		before := s.clientID("Storefront")

		By("replacing the marketplace by production's data")
		s.patchInOrderCloud("buyers/acme/users/changed", map[string]any{"Email": "production@acme.example"})
		s.mutate(http.MethodDelete, "impersonationconfig/cs-desk", nil)
		s.mutate(http.MethodDelete, "buyers/acme/users/missing", nil)
		s.mutate(http.MethodPut, "buyers/acme/users/foreign", map[string]any{
			"ID": "foreign", "Username": "foreign", "FirstName": "For", "LastName": "Eign", "Email": "foreign@acme.example", "Active": true,
		})
		s.mutate(http.MethodDelete, "apiclients/"+before, nil)
		s.mutate(http.MethodPost, "apiclients", map[string]any{"AppName": "Storefront", "Active": true, "AccessTokenDuration": 600, "AllowAnyBuyer": true})
		foreign := s.inOrderCloud("buyers/acme/users/foreign")
		after := s.clientID("Storefront")
		Expect(after).NotTo(Equal(before))

		change(s, declared, func(declared *v1alpha1.Marketplace) { declared.Spec.Interval = &metav1.Duration{Duration: time.Second} })
		s.eventuallyReady(changed, v1alpha1.ReasonCorrected)
		s.eventuallyReady(missing, v1alpha1.ReasonCorrected)
		Eventually(func() string {
			Expect(suite.admin.Get(s, client.ObjectKeyFromObject(config), config)).To(Succeed())
			if config.Status.Resolved == nil {
				return ""
			}
			return config.Status.Resolved.ClientID
		}).WithContext(s).Should(Equal(strings.ToLower(after)))
		s.inOrderCloud("impersonationconfig/cs-desk")
		Expect(s.inOrderCloud("buyers/acme/users/changed")).To(HaveKeyWithValue("Email", "changed@acme.example"))
		Expect(s.inOrderCloud("buyers/acme/users/foreign")).To(Equal(foreign))
	})
})
