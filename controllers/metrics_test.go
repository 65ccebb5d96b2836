// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	dto "github.com/prometheus/client_model/go"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// scrape lists the series of the story's namespace, as "name kind state 1" with the
// values of the other labels; zeros are left out.
func (s *story) scrape() []string {
	GinkgoHelper()
	families, err := ctrlmetrics.Registry.Gather()
	Expect(err).NotTo(HaveOccurred())
	var found []string
	for _, family := range families {
		name, isOurs := strings.CutPrefix(family.GetName(), "ordercloud_")
		for _, metric := range family.GetMetric() {
			if value := metric.GetGauge().GetValue() + metric.GetCounter().GetValue(); isOurs && value != 0 && s.isAbout(metric) {
				found = append(found, fmt.Sprintf("%s%s %v", name, labelsBesidePlace(metric), value))
			}
		}
	}
	return found
}

func (s *story) isAbout(metric *dto.Metric) bool {
	for _, label := range metric.GetLabel() {
		if label.GetName() == "marketplace" && strings.HasPrefix(label.GetValue(), s.namespace+"/") {
			return true
		}
	}
	return false
}

func labelsBesidePlace(metric *dto.Metric) string {
	var values strings.Builder
	for _, label := range metric.GetLabel() {
		if label.GetName() != "marketplace" && label.GetName() != "namespace" {
			values.WriteString(" " + label.GetValue())
		}
	}
	return values.String()
}

var _ = Describe("What Prometheus sees", func() {
	It("of an object, follows it from its creation until its Marketplace is gone", func(ctx SpecContext) {
		s := begin(ctx)
		Expect(s.scrape()).To(ContainElements("resources Marketplace ready 1", "api_requests_limit_per_second 1000"))
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		Eventually(s.scrape).Should(ContainElements("resources BuyerUser ready 1", "marketplace_interval_seconds 3600"))

		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
		s.patchInOrderCloud("buyers/acme/users/jdoe", map[string]any{"Email": "theirs@x.example"})
		s.lookNow(user)
		s.eventuallyHas(user, v1alpha1.DriftedCondition, "True", v1alpha1.ReasonDrifted)
		Eventually(s.scrape).Should(And(ContainElement("resources BuyerUser drifted 1"), Not(ContainElement("resources BuyerUser ready 1"))))

		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.Suspend = true })
		Eventually(s.scrape).Should(And(ContainElement("resources BuyerUser suspended 1"), Not(ContainElement(HavePrefix("marketplace_interval_seconds")))))

		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		declared := s.marketplace("default")
		Expect(suite.admin.Delete(s, declared)).To(Succeed())
		s.eventuallyGone(declared)
		Eventually(s.scrape).Should(BeEmpty())
	})

	It("of a Marketplace that fails, is why", func(ctx SpecContext) {
		s := begin(ctx)
		s.sandbox.Inject(sandbox.Fault{Path: "/v1/me", Status: 503})
		declared := &v1alpha1.Marketplace{}
		Expect(suite.admin.Get(s, client.ObjectKey{Namespace: s.namespace, Name: "default"}, declared)).To(Succeed())
		change(s, declared, func(declared *v1alpha1.Marketplace) {
			declared.Annotations = map[string]string{v1alpha1.ReconcileAtAnnotation: "now"}
		})
		Eventually(s.scrape).Should(ContainElements("resources Marketplace failed 1", "marketplace_failing Unavailable 1"))
		s.sandbox.ClearFaults()
		Eventually(s.scrape).Should(And(ContainElement("resources Marketplace ready 1"), Not(ContainElement(HavePrefix("marketplace_failing")))))
	})

	It("is who leads", func() {
		families, err := ctrlmetrics.Registry.Gather()
		Expect(err).NotTo(HaveOccurred())
		Expect(families).To(ContainElement(HaveField("GetName()", "ordercloud_operator_leader")))
		for _, family := range families {
			if family.GetName() == "ordercloud_operator_leader" {
				Expect(family.GetMetric()[0].GetGauge().GetValue()).To(BeEquivalentTo(1))
			}
		}
	})
})
