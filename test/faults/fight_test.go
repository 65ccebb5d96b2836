// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// cluster is one more cluster whose operator is pointed at the same marketplace.
func (c *crash) cluster(ctx context.Context, admin client.Client, kubeconfig string) *crash {
	GinkgoHelper()
	other := &crash{Context: ctx, admin: admin, gate: c.gate, url: c.url}
	other.declareMarketplace()
	other.operator = startOperatorFor(ctx, admin, kubeconfig, []string{c.url})
	return other
}

// declareEmail declares jdoe with an e-mail address of the cluster's own.
func (c *crash) declareEmail(email string) *v1alpha1.BuyerUser {
	GinkgoHelper()
	user := c.user()
	user.Spec.Email = email
	user.Spec.AdoptionPolicy = v1alpha1.AdoptAlways
	user.Spec.Interval = &metav1.Duration{Duration: time.Second}
	Expect(c.admin.Create(c, user)).To(Succeed())
	return user
}

var _ = Describe("Two clusters declare the same user with different e-mail addresses", func() {
	It("and do not fight for ever: one says Contended, and writes become rare", func(ctx SpecContext) {
		c := prepare(ctx)
		admin, kubeconfig := startCluster(ctx, controlplane.Options{})
		other := c.cluster(ctx, admin, kubeconfig)
		ours, theirs := c.declareEmail("ours@acme.example"), other.declareEmail("theirs@acme.example")
		isContended := func() bool {
			c.read(ours)
			other.read(theirs)
			return reason(ours, v1alpha1.SyncedCondition) == v1alpha1.ReasonContended ||
				reason(theirs, v1alpha1.SyncedCondition) == v1alpha1.ReasonContended
		}
		Eventually(isContended).WithContext(ctx).Should(BeTrue())

		// From then on they mostly look.
		const patch, get = "PATCH /v1/buyers/{buyerID}/users/{userID}", "GET /v1/buyers/{buyerID}/users/{userID}"
		writes, looks := c.calls(patch), c.calls(get)
		Eventually(func() int { return c.calls(get) - looks }).WithContext(ctx).Should(BeNumerically(">", 40))
		Expect(c.calls(patch) - writes).To(BeNumerically("<", 12))
	})
})
