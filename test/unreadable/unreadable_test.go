// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package unreadable_test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// breakKind declares an object that does not decode.
func (s *stage) breakKind(kind string) {
	GinkgoHelper()
	s.declare(kind, "broken", fmt.Sprintf("{%s: {a: 1}}", looseFields[kind]))
}

// expectUnreadable waits until the operator says of one kind, and of no other, that it
// cannot be read.
func (s *stage) expectUnreadable(running *operator, kind string) {
	GinkgoHelper()
	Eventually(statusOf).WithContext(s).WithArguments(running.probes + "/readyz/" + resources[kind] + "-synced").Should(Equal(http.StatusInternalServerError))
	Eventually(textOf).WithContext(s).WithArguments(running.probes + "/readyz/" + resources[kind] + "-synced").Should(ContainSubstring(
		"no %s can be read, because %s/broken", kind, s.namespace))
	Expect(textOf(s, running.probes+"/readyz/"+resources[kind]+"-synced")).To(ContainSubstring("cannot be decoded: correct or delete it"))
	Expect(statusOf(s, running.probes+"/readyz")).To(Equal(http.StatusInternalServerError))
	Expect(statusOf(s, running.probes+"/healthz")).To(Equal(http.StatusOK))
	for other := range resources {
		value := 0
		if other == kind {
			value = 1
		}
		Expect(textOf(s, running.metrics+"/metrics")).To(ContainSubstring("ordercloud_kind_unreadable{kind=%q} %d\n", other, value))
	}
}

// expectReadable waits until all is well again, in the same process.
func (s *stage) expectReadable(running *operator) {
	GinkgoHelper()
	Eventually(statusOf).WithContext(s).WithArguments(running.probes + "/readyz").Should(Equal(http.StatusOK))
	Expect(textOf(s, running.metrics+"/metrics")).NotTo(ContainSubstring("ordercloud_kind_unreadable{kind=\"BuyerUser\"} 1"))
	Expect(running.exited).NotTo(Receive())
}

var _ = Describe("An object that does not decode", func() {
	DescribeTable("that is there at the start stops no other kind, and its own only until it is gone:", func(ctx SpecContext, broken string, goOn ...string) {
		s := prepare(ctx)
		s.declare(buyerUserKind, "jdoe")
		s.breakKind(broken)
		running := s.startOperator()
		s.expectUnreadable(running, broken)

		s.declare(broken, "waits")
		for _, kind := range goOn {
			s.declare(kind, "goes-on", noToken(kind))
			s.eventuallyReady(kind, "goes-on")
		}
		Expect(s.ready(broken, "waits").Status).To(BeEmpty())

		Expect(suite.admin.Delete(ctx, s.object(broken, "broken"))).To(Succeed())
		s.expectReadable(running)
		s.eventuallyReady(buyerUserKind, "jdoe")
		if broken != tokenKind { // the sandbox's own rights decide about tokens
			s.eventuallyReady(broken, "waits")
		}
	},
		Entry(buyerUserKind, buyerUserKind, marketplaceKind, configKind),
		Entry(configKind, configKind, marketplaceKind, buyerUserKind),
		Entry(tokenKind, tokenKind, marketplaceKind, buyerUserKind, configKind),
		Entry(marketplaceKind, marketplaceKind),
	)

	It("does not keep the operator from ending", func(ctx SpecContext) {
		s := prepare(ctx)
		s.breakKind(buyerUserKind)
		running := s.startOperator()
		s.expectUnreadable(running, buyerUserKind)
		Expect(running.process.Signal(syscall.SIGTERM)).To(Succeed())
		Eventually(running.exited).WithContext(s).Should(Receive(Not(HaveOccurred())))
	})

	It("while the operator runs stops no other kind, and its own only until it is corrected", func(ctx SpecContext) {
		s := prepare(ctx)
		running := s.startOperator()
		s.declare(buyerUserKind, "jdoe")
		s.declare(configKind, "desk")
		s.eventuallyReady(buyerUserKind, "jdoe")
		s.eventuallyReady(configKind, "desk")

		s.breakKind(buyerUserKind)
		s.expectUnreadable(running, buyerUserKind)
		s.edit(buyerUserKind, "jdoe", `{"lastName":"Roe"}`)
		s.edit(configKind, "desk", `{"buyerID":null,"impersonationBuyerID":"acme"}`)
		s.eventuallyReady(configKind, "desk")
		s.declare(configKind, "jdoe", "{buyerID: null, userRef: {name: jdoe}}")
		Eventually(func() string { return s.ready(configKind, "jdoe").Message }).WithContext(s).Should(And(
			ContainSubstring("BuyerUser %s/jdoe cannot be read at present", s.namespace), Not(ContainSubstring("broken"))))
		Expect(s.ready(configKind, "jdoe").Reason).To(Equal(v1alpha1.ReasonReferenceNotReady))
		Expect(s.ready(buyerUserKind, "jdoe").Status).To(BeEmpty(), "an edit that nobody saw is called Ready")

		s.edit(buyerUserKind, "broken", `{"phone":"555-0100"}`)
		s.expectReadable(running)
		s.eventuallyReady(buyerUserKind, "jdoe")
		s.eventuallyReady(buyerUserKind, "broken")
		s.eventuallyReady(configKind, "jdoe")
	})
})

// noToken leaves out what would need rights that this test does not grant.
func noToken(kind string) string {
	if strings.Contains(kind, "Token") {
		return "{suspend: true}"
	}
	return "{}"
}
