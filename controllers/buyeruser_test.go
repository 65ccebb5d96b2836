// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const jdoe = "buyers/acme/users/jdoe"

var _ = Describe("A declared buyer user", func() {
	It("is created in OrderCloud by one write and becomes Ready", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)

		Expect(user.Status.Path).To(Equal(jdoe))
		Expect(user.Status.CompanyID).To(Equal("acme"))
		Expect(user.Status.DateCreated).NotTo(BeNil())
		s.expectHeld(user)
		Expect(s.inOrderCloud(jdoe)).To(gstruct.MatchKeys(gstruct.IgnoreExtras, gstruct.Keys{
			"Username": Equal("jdoe@acme.example"), "FirstName": Equal("Joan"), "Active": BeTrue(),
		}))
		Expect(s.sandbox.Stats().Writes()).To(Equal(1))
		Eventually(s.eventReasons).WithArguments(user).Should(ConsistOf("Normal Created"))
	})

	It("costs no Kubernetes write and no OrderCloud write when nothing differs", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.Interval = &metav1.Duration{Duration: time.Second} })
		s.eventuallyHas(user, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync)
		version, writes, looks := user.ResourceVersion, s.sandbox.Stats().Writes(), s.looksAt(user)
		Eventually(s.looksAt).WithArguments(user).Should(BeNumerically(">", looks+3))

		Expect(suite.admin.Get(s, client.ObjectKeyFromObject(user), user)).To(Succeed())
		Expect(user.ResourceVersion).To(Equal(version))
		Expect(s.sandbox.Stats().Writes()).To(Equal(writes))
	})

	It("is put back when somebody changes it, and says what differed", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)

		s.patchInOrderCloud(jdoe, map[string]any{"Email": "changed@evil.example", "Active": false})
		s.lookNow(user)
		s.eventuallyReady(user, v1alpha1.ReasonCorrected)
		s.eventuallyHas(user, v1alpha1.DriftedCondition, metav1.ConditionFalse, v1alpha1.ReasonCorrected)

		Expect(s.inOrderCloud(jdoe)).To(gstruct.MatchKeys(gstruct.IgnoreExtras, gstruct.Keys{
			"Email": Equal("jdoe@acme.example"), "Active": BeTrue(),
		}))
		Expect(user.Status.Drift).To(BeEmpty())
		Expect(user.Status.LastDrift.Fields).To(ConsistOf("Email", "Active"))
		Expect(user.Status.LastDrift.CorrectedTime).NotTo(BeNil())
		Eventually(s.eventReasons).WithArguments(user).Should(ConsistOf(
			"Normal Created", "Normal DriftDetected", "Normal DriftCorrected"))
	})

	It("is found drifted at its interval, without anybody asking", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Spec.Interval = &metav1.Duration{Duration: time.Second}
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.patchInOrderCloud(jdoe, map[string]any{"LastName": "Changed"})
		s.eventuallyReady(user, v1alpha1.ReasonCorrected)
		Expect(s.inOrderCloud(jdoe)).To(HaveKeyWithValue("LastName", "Doe"))
	})

	It("is created again when somebody deletes it", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.mutate(http.MethodDelete, jdoe, nil)
		s.lookNow(user)
		s.eventuallyReady(user, v1alpha1.ReasonCorrected)
		s.inOrderCloud(jdoe)
		Expect(user.Status.LastDrift.Fields).To(ConsistOf("ID"))
	})

	It("follows its manifest", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.Phone = new("+1 555 0100") })
		s.eventuallyReady(user, v1alpha1.ReasonUpdated)
		Expect(s.inOrderCloud(jdoe)).To(HaveKeyWithValue("Phone", "+1 555 0100"))
		Expect(user.Status.LastDrift).To(BeNil(), "a changed manifest is no drift")
	})

	It("leaves undeclared fields and xp keys to others with updatePolicy Merge", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Spec.XP = &runtime.RawExtension{Raw: []byte(`{"costCenter":{"id":42},"tags":["a"]}`)}
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.patchInOrderCloud(jdoe, map[string]any{
			"Phone": "+1 555 0199", "xp": map[string]any{"theirs": true, "costCenter": map[string]any{"id": 7}},
		})
		s.lookNow(user)
		s.eventuallyReady(user, v1alpha1.ReasonCorrected)
		Expect(user.Status.LastDrift.Fields).To(ConsistOf("xp.costCenter"))
		Expect(s.inOrderCloud(jdoe)).To(gstruct.MatchKeys(gstruct.IgnoreExtras, gstruct.Keys{
			"Phone": Equal("+1 555 0199"),
			"xp": Equal(map[string]any{
				"theirs": true, "costCenter": map[string]any{"id": float64(42)}, "tags": []any{"a"},
			}),
		}))
	})

	It("is the whole truth with updatePolicy Replace", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Spec.UpdatePolicy = v1alpha1.UpdateReplace
		user.Spec.XP = &runtime.RawExtension{Raw: []byte(`{"ours":1}`)}
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.patchInOrderCloud(jdoe, map[string]any{"Phone": "+1 555 0199", "xp": map[string]any{"theirs": true}})
		s.lookNow(user)
		s.eventuallyReady(user, v1alpha1.ReasonCorrected)
		Expect(user.Status.LastDrift.Fields).To(ConsistOf("Phone", "xp.theirs"))
		Expect(s.inOrderCloud(jdoe)).To(gstruct.MatchKeys(gstruct.IgnoreExtras, gstruct.Keys{
			"Phone": BeNil(), "xp": Equal(map[string]any{"ours": float64(1)}),
		}))
	})

	It("is only watched with managementPolicy Observe: both values are shown, nothing is written", func(ctx SpecContext) {
		s := begin(ctx)
		s.mutate(http.MethodPut, jdoe, map[string]any{
			"Username": "jdoe@acme.example", "FirstName": "Joan", "LastName": "Doe", "Email": "other@acme.example", "Active": true,
		})
		user := s.user("jdoe")
		user.Spec.ManagementPolicy = v1alpha1.ManagementObserve
		s.create(user)
		s.eventuallyHas(user, v1alpha1.DriftedCondition, metav1.ConditionTrue, v1alpha1.ReasonDrifted)
		s.eventuallyHas(user, v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonDrifted)
		s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonDrifted)

		Expect(user.Status.Drift).To(ConsistOf(v1alpha1.DriftEntry{
			Field: "Email", Desired: "jdoe@acme.example", Observed: "other@acme.example",
		}))
		Expect(user.Finalizers).To(BeEmpty())
		Expect(s.sandbox.Stats().Writes()).To(BeZero())
	})

	It("is left alone while suspended", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.Suspend = true; user.Spec.LastName = "Roe" })
		s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionUnknown, v1alpha1.ReasonSuspended)
		Expect(s.inOrderCloud(jdoe)).To(HaveKeyWithValue("LastName", "Doe"))

		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.Suspend = false })
		s.eventuallyReady(user, v1alpha1.ReasonUpdated)
		Expect(s.inOrderCloud(jdoe)).To(HaveKeyWithValue("LastName", "Roe"))
	})

	It("is told when its username is taken, and created once it is free", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Spec.Username = "walk-in@acme.example"
		user.Spec.Interval = &metav1.Duration{Duration: time.Second}
		s.create(user)
		message := s.eventuallyFails(user, v1alpha1.ReasonUsernameTaken)
		Expect(message).To(ContainSubstring("another user"))
		Expect(message).NotTo(ContainSubstring("walk-in@acme.example"))

		s.mutate(http.MethodDelete, "buyers/acme/users/walk-in", nil)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
	})

	It("is told when its buyer does not exist", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Spec.BuyerID = "nobody"
		s.create(user)
		Expect(s.eventuallyFails(user, v1alpha1.ReasonReferenceNotFound)).To(HavePrefix(`buyer "nobody" does not exist in ` + s.url))
	})
})
