// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenants_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// usersOf declares so many users of initech as somebody, and waits until they are there.
func usersOf(s *stage, of *person, name string, count int) []*v1alpha1.BuyerUser {
	GinkgoHelper()
	users := make([]*v1alpha1.BuyerUser, count)
	for index := range users {
		users[index] = s.user(fmt.Sprintf("%s-%d", name, index), "initech")
		of.declare(s, users[index])
	}
	for _, user := range users {
		of.eventually(s, user, v1alpha1.ReadyCondition, "True")
	}
	return users
}

var _ = Describe("A tenant who deletes more than it may", func() {
	It("uses up its own number of deletions, and nobody else's", func(ctx SpecContext) {
		s := prepare(ctx, "-guard", func(s *stage) {
			s.marketplace.Spec.DeletionGuard.MaxDeletions = new(int32(2))
			s.marketplace.Spec.Tenants[0].MaxDeletions = new(int32(3))
		})
		ofB, ofC, ofOwner := usersOf(s, s.b, "bravo", 5), usersOf(s, s.c, "charlie", 2), usersOf(s, s.owner, "olympus", 2)

		By("deleting all of its users, of which two are held")
		for _, user := range ofB {
			Expect(s.b.Delete(s, user)).To(Succeed())
		}
		Eventually(func() int { return s.held(s.b) }).WithContext(s).Should(Equal(2))

		By("the others' deleting what they may")
		for _, user := range ofC {
			Expect(s.c.Delete(s, user)).To(Succeed())
			s.c.eventuallyGone(s, user)
		}
		for _, user := range ofOwner {
			Expect(s.owner.Delete(s, user)).To(Succeed())
			s.owner.eventuallyGone(s, user)
		}
		Expect(s.held(s.b)).To(Equal(2))

		By("the owner's letting the tenant delete more")
		change(s, s.owner, s.marketplace, func(declared *v1alpha1.Marketplace) { declared.Spec.Tenants[0].MaxDeletions = new(int32(5)) })
		for _, user := range ofB {
			s.b.eventuallyGone(s, user)
		}
	})
})

// held counts somebody's users whose deletion is held; -1 while others are left.
func (s *stage) held(whose *person) int {
	GinkgoHelper()
	var left v1alpha1.BuyerUserList
	Expect(whose.List(s, &left, client.InNamespace(whose.namespace))).To(Succeed())
	for index := range left.Items {
		if !strings.HasPrefix(conditionOf(&left.Items[index], v1alpha1.SyncedCondition), "False DeletionHeld") {
			return -1
		}
	}
	return len(left.Items)
}
