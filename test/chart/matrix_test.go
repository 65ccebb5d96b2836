// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os/exec"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = Describe("The chart", func() {
	for name, values := range valueSets() {
		Describe("with the values "+name, func() {
			It("passes helm lint", func(ctx SpecContext) {
				for version, helm := range suite.helms {
					_, err := helm.run(ctx, append([]string{"lint", "--strict", chart, "--kube-version", kubernetes}, values...)...)
					Expect(err).NotTo(HaveOccurred(), version)
				}
			})

			It("is taken by the API server, whichever Helm rendered it", func(ctx SpecContext) {
				objects := rendered(ctx, values...)
				Expect(suite.helms["Helm 3"].render(ctx, release, system, values...)).To(ConsistOf(objects))
				for _, object := range objects {
					apply(ctx, object, client.DryRunAll)
				}
			})

			It("starts Pods that the Pod Security Standard restricted admits", func(ctx SpecContext) {
				Expect(suite.admin.Create(ctx, podOf(rendered(ctx, values...)), client.DryRunAll)).To(Succeed())
			})

			It("gives the operator flags that it knows", func(ctx SpecContext) {
				flags := one[appsv1.Deployment](rendered(ctx, values...)).Spec.Template.Spec.Containers[0].Args
				output, err := exec.CommandContext(ctx, suite.operator, append(flags, "--version")...).CombinedOutput()
				Expect(err).NotTo(HaveOccurred(), string(output))
			})
		})
	}
})

// podOf is a Pod as the Deployment would make it.
func podOf(objects []*unstructured.Unstructured) *corev1.Pod {
	GinkgoHelper()
	template := one[appsv1.Deployment](objects).Spec.Template
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: system, GenerateName: "operator-", Labels: template.Labels, Annotations: template.Annotations},
		Spec:       template.Spec,
	}
}

var _ = Describe("The checks of the matrix", func() {
	It("refuse a field that is misspelt, in Kubernetes' own kinds and in others", func(ctx SpecContext) {
		for _, object := range rendered(ctx, "--values", set("prometheus")) {
			if kind := object.GetKind(); kind != "Deployment" && kind != "ServiceMonitor" && kind != "PrometheusRule" {
				continue
			}
			Expect(unstructured.SetNestedField(object.Object, "typo", "spec", "misspelt")).To(Succeed())
			Expect(tryToApply(ctx, object, client.DryRunAll)).To(MatchError(ContainSubstring("misspelt")), object.GetKind())
		}
	})

	It("refuse a Pod that may gain privileges", func(ctx SpecContext) {
		pod := podOf(rendered(ctx, "--set", "securityContext.allowPrivilegeEscalation=true"))
		Expect(suite.admin.Create(ctx, pod, client.DryRunAll)).To(MatchError(ContainSubstring("allowPrivilegeEscalation")))
	})
})
