// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

var _ = Describe("The arguments that tests, demo and benchmark run the operator with", func() {
	It("are those of the chart", func(ctx SpecContext) {
		arguments, err := shipped.Arguments()
		Expect(err).NotTo(HaveOccurred())
		deployment := one[appsv1.Deployment](rendered(ctx))
		Expect(arguments).To(Equal(deployment.Spec.Template.Spec.Containers[0].Args))
	})
})
