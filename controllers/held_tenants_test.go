// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

var _ = Describe("Deletions of a tenant that are held", func() {
	// share lets teams a and b declare users, of which each may delete so many.
	share := func(s *story, maximum int32) {
		GinkgoHelper()
		change(s, s.marketplace("default"), func(declared *v1alpha1.Marketplace) {
			declared.Spec.AllowedNamespaces.From = v1alpha1.NamespacesAll
			declared.Spec.DeletionGuard.ConfirmableBy = v1alpha1.ConfirmableByOwner
			declared.Spec.Tenants = nil
			for _, team := range []string{"a", "b"} {
				declared.Spec.Tenants = append(declared.Spec.Tenants, v1alpha1.Tenant{
					Namespaces: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{"team": team}},
					Kinds:      []v1alpha1.TenantKind{v1alpha1.TenantBuyerUser}, Buyers: []v1alpha1.TenantID{"acme"},
					MaxDeletions: new(maximum),
				})
			}
		})
	}
	// team is a namespace with so many users of the shared Marketplace.
	team := func(s *story, name string, count int) (*story, []*v1alpha1.BuyerUser) {
		GinkgoHelper()
		there := *s
		there.namespace = s.newNamespace(map[string]string{"team": name})
		var users []*v1alpha1.BuyerUser
		for number := range count {
			user := there.user(fmt.Sprintf("%s-user-%d", name, number))
			user.Spec.MarketplaceRef = v1alpha1.MarketplaceReference{Namespace: s.namespace, Name: "default"}
			there.create(user)
			users = append(users, user)
		}
		for _, user := range users {
			there.eventuallyReady(user, v1alpha1.ReasonCreated)
		}
		return &there, users
	}

	It("hold nobody else's, and wait for the owner", func(ctx SpecContext) {
		s := begin(ctx)
		share(s, 2)
		guarded := s.marketplace("default")
		teamA, usersA := team(s, "a", 5)
		teamB, usersB := team(s, "b", 2)
		own := s.user("own")
		s.create(own)
		s.eventuallyReady(own, v1alpha1.ReasonCreated)

		for _, user := range usersA {
			Expect(suite.admin.Delete(s, user)).To(Succeed())
		}
		s.eventuallyHeld(guarded, 3)
		var held []*v1alpha1.BuyerUser
		Eventually(func() []*v1alpha1.BuyerUser {
			held = s.deleting(usersA)
			return held
		}).WithContext(s).Should(HaveLen(3))
		message := teamA.eventuallyHas(held[0], v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonDeletionHeld)
		Expect(message).To(And(ContainSubstring("lets 2 deletions of the namespaces of its spec.tenants[0]"),
			ContainSubstring("ask those who own Marketplace %s/default to raise its spec.tenants[0].maxDeletions", s.namespace),
			Not(ContainSubstring(v1alpha1.ConfirmDeleteAnnotation))))

		By("deleting those of others")
		for _, user := range append(usersB, own) {
			Expect(suite.admin.Delete(s, user)).To(Succeed())
		}
		for _, user := range usersB {
			teamB.eventuallyGone(user)
		}
		s.eventuallyGone(own)

		By("confirming one, which only the owner may")
		change(teamA, held[0], func(user *v1alpha1.BuyerUser) {
			user.Annotations = map[string]string{v1alpha1.ConfirmDeleteAnnotation: "true"}
		})
		teamA.lookNow(held[0])
		teamA.eventuallyHas(held[0], v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonDeletionHeld)
		s.eventuallyHeld(guarded, 3)
		Expect(s.deletes()).To(Equal(2 + 2 + 1))

		By("raising the number of the entry")
		share(s, 5)
		for _, user := range held {
			teamA.eventuallyGone(user)
		}
		s.eventuallyHeld(guarded, 0)
		Expect(s.deletes()).To(Equal(5 + 2 + 1))
	})
})
