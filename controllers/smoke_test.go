// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

var _ = Describe("A declared buyer user", func() {
	It("is created in OrderCloud by one write and becomes Ready", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)

		Expect(user.Status.Path).To(Equal("buyers/acme/users/jdoe"))
		Expect(user.Status.CompanyID).To(Equal("acme"))
		Expect(user.Finalizers).To(ConsistOf(v1alpha1.ClaimFinalizer))
		Expect(s.inOrderCloud("buyers/acme/users/jdoe")).To(gstruct.MatchKeys(gstruct.IgnoreExtras, gstruct.Keys{
			"Username": Equal("jdoe@acme.example"), "FirstName": Equal("Joan"), "Active": BeTrue(),
		}))
		Expect(s.sandbox.Stats().Writes()).To(Equal(1))
	})
})

var _ = Describe("A declared impersonation config", func() {
	It("finds its application by name and becomes Ready", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-desk")
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		Expect(config.Status.Impersonator).To(Equal("admin group customer-service"))
		Expect(config.Status.Target).To(Equal("acme"))
	})
})
