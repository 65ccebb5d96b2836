// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
)

// renamed is the same declaration under another name, which is also its ID.
func (s *story) renamed(kind, name string) lifecycle.Object {
	object := s.managed(kind, name)
	if user, ok := object.(*v1alpha1.BuyerUser); ok {
		user.Spec.Username = "renamed@acme.example"
	}
	return object
}

// refusedFor is why an object is not created that has what another one has.
var refusedFor = map[string]string{buyerUserKind: v1alpha1.ReasonUsernameTaken, configKind: v1alpha1.ReasonRejected}

// beginTaken declares what another object has, for as long as the suite runs.
func beginTaken(ctx SpecContext, kind string) *standoff {
	GinkgoHelper()
	s := begin(ctx)
	made := &standoff{story: s, reason: refusedFor[kind]}
	made.first, made.second = s.taken(kind)
	return made
}

// taken is an object, and one that is refused what that has.
func (s *story) taken(kind string) (first, second lifecycle.Object) {
	GinkgoHelper()
	first, second = s.renamed(kind, "jdoe"), s.renamed(kind, "joan")
	s.create(first)
	s.eventuallyReady(first, v1alpha1.ReasonCreated)
	s.create(second)
	return first, second
}

var _ = Describe("A declaration that is renamed in one commit", func() {
	for _, kind := range managedKinds {
		It("is Ready within seconds and never failed, applied before it is pruned: a "+kind, func(ctx SpecContext) {
			s := begin(ctx)
			s.useGrace(0)
			before, after := s.renamed(kind, "jdoe"), s.renamed(kind, "joan")
			s.create(before)
			s.eventuallyReady(before, v1alpha1.ReasonCreated)
			recorded := s.record(kind)
			s.create(after)
			s.eventuallyHas(after, v1alpha1.ReadyCondition, metav1.ConditionFalse, refusedFor[kind])
			Expect(suite.admin.Delete(s, before)).To(Succeed())
			s.eventuallyGone(before)
			s.eventuallyReady(after, v1alpha1.ReasonCreated)
			Expect(s.everyStatus(recorded, after)).NotTo(ContainElement(status.FailedStatus))
		})

		It("is Ready within seconds and never failed, pruned before it is applied: a "+kind, func(ctx SpecContext) {
			s := begin(ctx)
			s.useGrace(0)
			before, after := s.renamed(kind, "jdoe"), s.renamed(kind, "joan")
			s.create(before)
			s.eventuallyReady(before, v1alpha1.ReasonCreated)
			recorded := s.record(kind)
			s.prune(before)
			s.create(after)
			s.eventuallyReady(after, v1alpha1.ReasonCreated)
			Expect(s.everyStatus(recorded, after)).NotTo(ContainElement(status.FailedStatus))
		})
	}

	It("moves a username from one user to another within seconds", func(ctx SpecContext) {
		s := begin(ctx)
		before, after := s.user("jdoe"), s.user("joan")
		s.create(before)
		s.eventuallyReady(before, v1alpha1.ReasonCreated)
		after.Spec.Username = before.Spec.Username
		s.create(after)
		s.eventuallyHas(after, v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonUsernameTaken)
		change(s, before, func(user *v1alpha1.BuyerUser) { user.Spec.Username = "another@acme.example" })
		s.eventuallyReady(before, v1alpha1.ReasonUpdated)
		s.eventuallyReady(after, v1alpha1.ReasonCreated)
	})
})
