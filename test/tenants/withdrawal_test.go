// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenants_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// withdrawal is one way to take a permission of tenant b away, and to give it back.
type withdrawal struct {
	withdraw, restore func(*stage)
	// why is what the tenant is told of each kind.
	why string
}

// untilRetained is added to why a deletion waits.
const untilRetained = "; deletionPolicy: Retain lets the resource go and leaves the object in OrderCloud"

var withdrawals = map[string]withdrawal{
	"by a change of tenants": {
		withdraw: func(s *stage) {
			changed := tenants()
			changed[0].Buyers = []v1alpha1.TenantID{"initech"}
			s.tenantsAre(changed)
		},
		restore: func(s *stage) { s.tenantsAre(tenants()) },
		why:     "buyers of its entry 0 does not list acme",
	},
	"by another label of the namespace": {
		withdraw: func(s *stage) { s.label(s.b, map[string]string{"team": "nobody"}) },
		restore:  func(s *stage) { s.label(s.b, map[string]string{"team": "b"}) },
		why:      noEntry,
	},
}

var _ = Describe("A permission that is taken away", func() {
	number := 0
	for how, each := range withdrawals {
		number++
		suffix := fmt.Sprintf("-taken-%d", number)

		It("empties the Secret of a fresh token, and of a suspended one, until it is given back, "+how, func(ctx SpecContext) {
			s := prepare(ctx, suffix+"-token")
			user, grant := s.user("bravo-user", "acme"), s.grant("bravo-grant")
			token, suspended := s.token("bravo-token", "bravo-user"), s.token("bravo-suspended", "bravo-user")
			s.b.declare(s, user, grant, token, suspended)
			s.b.eventually(s, token, v1alpha1.ReadyCondition, "True")
			s.b.eventually(s, suspended, v1alpha1.ReadyCondition, "True")
			change(s, s.b, suspended, func(token *v1alpha1.ImpersonationToken) { token.Spec.Suspend = true })
			s.b.eventually(s, suspended, v1alpha1.SyncedCondition, "Unknown Suspended")
			s.expectHoldsToken(token, true)
			s.expectHoldsToken(suspended, true)
			issued := len(s.writes())

			each.withdraw(s)
			for _, withdrawn := range []*v1alpha1.ImpersonationToken{token, suspended} {
				s.b.eventuallyRefused(s, withdrawn, s.refusal(s.b, "ImpersonationToken", each.why))
				s.expectHoldsToken(withdrawn, false)
				Expect(withdrawn.Status.ExpirationTime).To(BeNil())
				Expect(withdrawn.Status.Roles).To(BeEmpty())
			}
			s.b.eventuallyRefused(s, user, s.refusal(s.b, "BuyerUser", each.why))
			s.b.eventuallyRefused(s, grant, s.refusal(s.b, "ImpersonationConfig", each.why))
			s.expectExists("buyers/acme/users/bravo-user", true)
			s.expectExists("impersonationconfig/bravo-grant", true)
			Expect(s.writes()).To(HaveLen(issued))

			each.restore(s)
			s.b.eventually(s, token, v1alpha1.ReadyCondition, "True")
			s.expectHoldsToken(token, true)
			s.b.eventually(s, user, v1alpha1.ReadyCondition, "True")
			s.b.eventually(s, grant, v1alpha1.ReadyCondition, "True")
			s.b.eventually(s, suspended, v1alpha1.SyncedCondition, "Unknown Suspended")
			s.expectHoldsToken(suspended, false)
			Expect(s.writes()).To(HaveLen(issued + 1))
		})

		It("stops a write that is queued, until it is given back, "+how, func(ctx SpecContext) {
			s := prepare(ctx, suffix+"-queued")
			s.owner.eventually(s, s.marketplace, v1alpha1.ReadyCondition, "True")
			s.maySend(1)
			// All of these are looked for together. Then each write waits for a second of its own.
			backlog := make([]*v1alpha1.BuyerUser, 8)
			for index := range backlog {
				backlog[index] = s.user(fmt.Sprintf("olympus-user-%d", index), "acme")
				s.owner.declare(s, backlog[index])
			}
			queued := s.user("bravo-user", "acme")
			s.b.declare(s, queued)
			Eventually(func(g Gomega) {
				g.Expect(s.b.Get(s, nameOf(queued), queued)).To(Succeed())
				g.Expect(queued.Status.Claim).NotTo(BeNil())
			}).WithContext(s).Should(Succeed())

			each.withdraw(s)
			s.expectExists("buyers/acme/users/bravo-user", false)
			s.maySend(1000)
			for _, user := range backlog {
				s.owner.eventually(s, user, v1alpha1.ReadyCondition, "True")
			}
			s.b.eventuallyRefused(s, queued, s.refusal(s.b, "BuyerUser", each.why))
			s.expectExists("buyers/acme/users/bravo-user", false)
			Expect(s.writes()).To(HaveLen(len(backlog)))

			each.restore(s)
			s.b.eventually(s, queued, v1alpha1.ReadyCondition, "True Created")
			s.expectExists("buyers/acme/users/bravo-user", true)
		})

		It("keeps what waits to be deleted, confirmed or not, until it is given back, "+how, func(ctx SpecContext) {
			s := prepare(ctx, suffix+"-deletion", func(s *stage) { s.marketplace.Spec.DeletionGuard.MaxDeletions = new(int32(1)) })
			users := []*v1alpha1.BuyerUser{s.user("bravo-1", "acme"), s.user("bravo-2", "acme")}
			grant := s.grant("bravo-grant")
			s.b.declare(s, users[0], users[1], grant)
			for _, user := range users {
				s.b.eventually(s, user, v1alpha1.ReadyCondition, "True")
			}
			s.b.eventually(s, grant, v1alpha1.ReadyCondition, "True")
			Expect(s.b.Delete(s, users[0])).To(Succeed())
			s.b.eventuallyGone(s, users[0])
			held := users[1]
			Expect(s.b.Delete(s, held)).To(Succeed())
			s.b.eventually(s, held, v1alpha1.SyncedCondition, "False DeletionHeld: the deletion waits: ")

			each.withdraw(s)
			waits := "the deletion waits: " + s.refusal(s.b, "BuyerUser", each.why) + untilRetained
			s.b.eventuallyRefused(s, held, waits)
			change(s, s.b, held, func(user *v1alpha1.BuyerUser) {
				user.Annotations = map[string]string{v1alpha1.ConfirmDeleteAnnotation: "true"}
			})
			// One that is deleted only now waits, too: when it says so, the confirmation was seen.
			Expect(s.b.Delete(s, grant)).To(Succeed())
			s.b.eventually(s, grant, v1alpha1.SyncedCondition, "False NotPermitted: the deletion waits: "+s.refusal(s.b, "ImpersonationConfig", each.why))
			s.lookAgainAtUser(s.b, held)
			s.b.eventuallyRefused(s, held, waits)
			s.expectExists("buyers/acme/users/bravo-2", true)
			s.expectExists("impersonationconfig/bravo-grant", true)

			each.restore(s)
			change(s, s.b, grant, func(grant *v1alpha1.ImpersonationConfig) {
				grant.Annotations = map[string]string{v1alpha1.ConfirmDeleteAnnotation: "true"}
			})
			s.b.eventuallyGone(s, held)
			s.b.eventuallyGone(s, grant)
			s.expectExists("buyers/acme/users/bravo-2", false)
			s.expectExists("impersonationconfig/bravo-grant", false)
		})
	}

	It("is not given back by the deletion of the Marketplace: what waits to be deleted stays in OrderCloud", func(ctx SpecContext) {
		s := prepare(ctx, "-gone")
		user := s.user("bravo-user", "acme")
		s.b.declare(s, user)
		s.b.eventually(s, user, v1alpha1.ReadyCondition, "True")
		s.tenantsAre([]v1alpha1.Tenant{})
		s.b.eventuallyRefused(s, user, s.refusal(s.b, "BuyerUser", noEntry))
		Expect(s.b.Delete(s, user)).To(Succeed())
		s.b.eventually(s, user, v1alpha1.SyncedCondition, "False NotPermitted: the deletion waits: ")

		Expect(s.owner.Delete(s, s.marketplace)).To(Succeed())
		s.owner.eventuallyGone(s, s.marketplace)
		s.lookAgainAtUser(s.b, user)
		s.b.eventuallyRefused(s, user, "the deletion waits: "+s.refusal(s.b, "BuyerUser", noEntry)+untilRetained)
		s.expectExists("buyers/acme/users/bravo-user", true)
	})
})
