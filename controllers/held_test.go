// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

var _ = Describe("Deletions that are held", func() {
	// prune deletes ten users at once, of which the guard lets three through.
	prune := func(s *story) (guarded *v1alpha1.Marketplace, held []*v1alpha1.BuyerUser) {
		GinkgoHelper()
		guarded = s.marketplace("default")
		change(s, guarded, func(declared *v1alpha1.Marketplace) {
			declared.Spec.DeletionGuard.MaxDeletions = new(int32(3))
			declared.Spec.DeletionGuard.Window = &metav1.Duration{Duration: time.Second}
		})
		var users []*v1alpha1.BuyerUser
		for number := range 10 {
			user := s.user(fmt.Sprintf("user-%d", number))
			s.create(user)
			users = append(users, user)
		}
		for _, user := range users {
			s.eventuallyReady(user, v1alpha1.ReasonCreated)
		}
		for _, user := range users {
			Expect(suite.admin.Delete(s, user)).To(Succeed())
		}
		s.eventuallyHeld(guarded, 7)
		Eventually(func() []*v1alpha1.BuyerUser {
			held = s.deleting(users)
			return held
		}).WithContext(s).Should(HaveLen(7))
		return guarded, held
	}

	It("stay held though the Secret is broken and repaired meanwhile", func(ctx SpecContext) {
		s := begin(ctx)
		guarded, held := prune(s)
		_, right := s.sandbox.Credentials()
		s.setClientSecret("")
		s.eventuallyHas(guarded, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonCredentialsInvalid)
		for _, user := range held {
			s.lookNow(user)
		}
		Expect(guarded.Status.DeletionsHeld).To(BeEquivalentTo(7))
		s.setClientSecret(right)
		s.eventuallyHas(guarded, v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync)
		for range 2 {
			for _, user := range held {
				s.lookNow(user)
				s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonDeletionHeld)
			}
		}
		Expect(s.deletes()).To(Equal(3))
		s.eventuallyHeld(guarded, 7)
	})

	It("are what a Marketplace tells that is deleted meanwhile, until they are confirmed", func(ctx SpecContext) {
		s := begin(ctx)
		guarded, held := prune(s)
		Expect(suite.admin.Delete(s, guarded)).To(Succeed())
		message := s.eventuallyHas(guarded, v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInUse)
		Expect(message).To(And(ContainSubstring("7 BuyerUsers"), ContainSubstring("the deletion guard holds 7 of them"),
			ContainSubstring(v1alpha1.ConfirmDeleteAnnotation)))
		Expect(guarded.Status.Objects[0]).To(And(HaveField("Kind", "BuyerUser"), HaveField("Held", BeEquivalentTo(7))))
		Eventually(s.eventReasons).WithArguments(guarded).Should(ContainElement("Warning InUse"))
		for _, user := range held {
			s.merge(user, map[string]any{"metadata": map[string]any{"annotations": map[string]any{v1alpha1.ConfirmDeleteAnnotation: "true"}}})
		}
		s.eventuallyGone(guarded)
		Expect(s.deletes()).To(Equal(10))
	})
})

// setClientSecret writes the client secret into the credentials of the Marketplace.
func (s *story) setClientSecret(value string) {
	GinkgoHelper()
	clientID, _ := s.sandbox.Credentials()
	s.merge(credentials(s.namespace, clientID, ""), map[string]any{"stringData": map[string]any{"clientSecret": value}})
}
