// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var _ = Describe("Values", func() {
	It("spread several replicas, and protect them from drains", func(ctx SpecContext) {
		Expect(ofKind(rendered(ctx), "PodDisruptionBudget")).To(BeEmpty())
		Expect(one[appsv1.Deployment](rendered(ctx)).Spec.Template.Spec.TopologySpreadConstraints).To(BeEmpty())

		objects := rendered(ctx, "--set", "replicas=2")
		deployment, budget := one[appsv1.Deployment](objects), one[policyv1.PodDisruptionBudget](objects)
		Expect(*deployment.Spec.Replicas).To(Equal(int32(2)))
		Expect(budget.Spec.Selector).To(Equal(deployment.Spec.Selector))
		spread := deployment.Spec.Template.Spec.TopologySpreadConstraints
		Expect(spread).To(HaveLen(2))
		for _, constraint := range spread {
			Expect(constraint.LabelSelector).To(Equal(deployment.Spec.Selector))
		}

		Expect(ofKind(rendered(ctx, "--set", "replicas=2,podDisruptionBudget.enabled=false"), "PodDisruptionBudget")).To(BeEmpty())
		own := rendered(ctx, "--set", "replicas=2", "--set-json", `topologySpreadConstraints=[{"topologyKey":"rack","maxSkew":1,"whenUnsatisfiable":"DoNotSchedule","labelSelector":{}}]`)
		Expect(one[appsv1.Deployment](own).Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels).To(BeEmpty())
	})

	DescribeTable("say which image runs", func(ctx SpecContext, values, image string) {
		objects := rendered(ctx, "--set", "image.repository=registry.example/oc,"+values)
		Expect(one[appsv1.Deployment](objects).Spec.Template.Spec.Containers[0].Image).To(Equal("registry.example/oc" + image))
	},
		Entry("that of the chart's appVersion", "image.tag=", ":v0.0.0"),
		Entry("by a tag", "image.tag=main", ":main"),
		Entry("by a digest", "image.digest=sha256:"+strings.Repeat("0", 64), "@sha256:"+strings.Repeat("0", 64)),
		Entry("by both", "image.tag=v1,image.digest=sha256:"+strings.Repeat("0", 64), ":v1@sha256:"+strings.Repeat("0", 64)),
	)

	DescribeTable("name the objects", func(ctx SpecContext, name, override, deployment string) {
		objects := suite.helms["Helm 4"].render(ctx, name, system, "--set", "fullnameOverride="+override)
		Expect(one[appsv1.Deployment](objects).Name).To(Equal(deployment))
		Expect(one[corev1.ServiceAccount](objects).Name).To(Equal(deployment))
		for _, object := range objects {
			if object.GetKind() != "CustomResourceDefinition" {
				Expect(object.GetName()).To(HavePrefix(strings.TrimSuffix(deployment, "operator")))
			}
		}
	},
		Entry("after the release", "shop", "", "shop-operator"),
		Entry("after a release that is named like the operator", "ordercloud-operator", "", "ordercloud-operator"),
		Entry("after a release with a long name", strings.Repeat("a", 53), "", strings.Repeat("a", 45)+"-operator"),
		Entry("as they say", "shop", "sales-operator", "sales-operator"),
	)

	It("leave the definitions out, or let them go with the release", func(ctx SpecContext) {
		annotated := func(values ...string) (kept []bool) {
			for _, definition := range ofKind(rendered(ctx, values...), "CustomResourceDefinition") {
				kept = append(kept, definition.GetAnnotations()["helm.sh/resource-policy"] == "keep")
			}
			return kept
		}
		Expect(annotated()).To(HaveExactElements(true, true, true, true))
		Expect(annotated("--set", "crds.keep=false")).To(HaveExactElements(false, false, false, false))
		Expect(annotated("--set", "crds.enabled=false")).To(BeEmpty())
	})

	It("may come from a chart around this one", func(ctx SpecContext) {
		Expect(rendered(ctx, "--set", "global.registry=registry.example")).To(Equal(rendered(ctx)))
	})

	It("leave out single alerts", func(ctx SpecContext) {
		names := func(values ...string) (found []string) {
			rule := ofKind(rendered(ctx, append(values, "--set", "metrics.prometheusRule.enabled=true")...), "PrometheusRule")[0]
			groups, _, err := unstructured.NestedSlice(rule.Object, "spec", "groups")
			Expect(err).NotTo(HaveOccurred())
			for _, group := range groups {
				rules, _, err := unstructured.NestedSlice(group.(map[string]any), "rules")
				Expect(err).NotTo(HaveOccurred())
				Expect(rules).NotTo(BeEmpty())
				for _, each := range rules {
					found = append(found, each.(map[string]any)["alert"].(string))
				}
			}
			return found
		}
		all := names()
		Expect(len(all)).To(BeNumerically(">", 1))
		Expect(names("--set", "metrics.prometheusRule.disabledAlerts={"+all[0]+"}")).To(Equal(all[1:]))
	})

	It("bring the dashboard as it is", func(ctx SpecContext) {
		content, err := os.ReadFile(filepath.Join(repository, "config", "grafana", "ordercloud-operator.json"))
		Expect(err).NotTo(HaveOccurred())
		dashboard := one[corev1.ConfigMap](rendered(ctx, "--set", "metrics.dashboard.enabled=true"))
		Expect(dashboard.Data["ordercloud-operator.json"]).To(MatchJSON(content))
		Expect(dashboard.Labels).To(HaveKeyWithValue("grafana_dashboard", "1"))
	})

	It("say which roles of Kubernetes take in which roles for people, by kind", func(ctx SpecContext) {
		taken := func(values ...string) (found []string) {
			for _, role := range ofKind(rendered(ctx, values...), "ClusterRole") {
				for _, into := range []string{"view", "edit", "admin"} {
					if role.GetLabels()["rbac.authorization.k8s.io/aggregate-to-"+into] == "true" {
						found = append(found, into+" "+strings.TrimSuffix(role.GetName()[strings.Index(role.GetName(), "-")+1:], "-role"))
					}
				}
			}
			return found
		}
		admins := []any{"admin marketplace-admin", "admin buyeruser-admin", "admin impersonationconfig-admin", "admin impersonationtoken-admin"}
		viewers := []any{"view marketplace-viewer", "view impersonationconfig-viewer", "view impersonationtoken-viewer"}
		Expect(taken()).To(ConsistOf(append(admins, viewers...)...), "by default")
		Expect(taken("--set", "userRoles.aggregate.edit={ImpersonationToken}")).To(ConsistOf(append(append(admins, viewers...), "edit impersonationtoken-editor")...))
		Expect(taken("--set", "userRoles.aggregate.view={BuyerUser}")).To(ConsistOf(append(admins, "view buyeruser-viewer")...))
		Expect(taken("--values", set("everything"), "--set", "userRoles.aggregate.view=null")).To(ConsistOf("edit marketplace-editor", "edit buyeruser-editor"))
	})

	It("forbid references to other namespaces", func(ctx SpecContext) {
		flags := func(values ...string) []string {
			return one[appsv1.Deployment](rendered(ctx, values...)).Spec.Template.Spec.Containers[0].Args
		}
		Expect(flags()).NotTo(ContainElement(HavePrefix("--no-cross-namespace-refs")))
		Expect(flags("--set", "crossNamespaceRefs=false")).To(ContainElement("--no-cross-namespace-refs"))
	})

	It("give the policies their parameters", func(ctx SpecContext) {
		objects := rendered(ctx, "--values", set("everything"))
		var parameters *unstructured.Unstructured
		for _, namespace := range ofKind(objects, "Namespace") {
			parameters = namespace
		}
		Expect(parameters.GetName()).To(Equal("oc-policy"))
		Expect(parameters.GetAnnotations()).To(Equal(map[string]string{
			"ordercloud.io/allowed-security-profiles": "cs-*\nshopper",
			"ordercloud.io/any-buyer":                 "Allowed",
			"ordercloud.io/allowed-buyers":            "acme\nglobex-*",
			"ordercloud.io/allowed-impersonators":     "any-admin\nadmin-group:desk\nbuyer:*",
			"ordercloud.io/allowed-token-roles":       "Shopper\nMe*",
		}))
		for _, binding := range ofKind(objects, "ValidatingAdmissionPolicyBinding") {
			Expect(binding.Object["spec"]).To(HaveKeyWithValue("validationActions", ConsistOf("Warn", "Audit")))
		}
		Expect(ofKind(rendered(ctx, "--values", set("policies"), "--set", "admissionPolicies.anyBuyer.enabled=false"), "ValidatingAdmissionPolicy")).To(HaveLen(5))
	})
})

var _ = DescribeTable("What the NetworkPolicy lets out", func(ctx SpecContext, values string, allowed, denied []string) {
	policy := one[networkingv1.NetworkPolicy](rendered(ctx, "--values", set(values)))
	Expect(policy.Spec.PolicyTypes).To(ConsistOf(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress))
	for _, address := range allowed {
		Expect(lets(policy, address)).To(BeTrue(), address)
	}
	for _, address := range denied {
		Expect(lets(policy, address)).To(BeFalse(), address)
	}
},
	Entry("OrderCloud and the API server, but nothing else that is near", "network-policy",
		[]string{"192.0.2.10:443", "192.0.2.10:6443", "[2001:db8::10]:6443", "198.51.100.9:443", "[2001:db8::99]:443"},
		[]string{"198.51.100.9:80", "198.51.100.9:6443", "10.1.2.3:443", "172.20.0.1:443", "192.168.1.1:443", "169.254.169.254:443", "169.254.169.254:80", "100.100.0.1:443", "[fd00::1]:443"}),
	Entry("the API server, where OrderCloud is behind a proxy", "network-policy-proxy",
		[]string{"192.0.2.10:6443", "10.1.2.3:53"},
		[]string{"192.0.2.10:443", "198.51.100.9:443"}),
)

// lets tells whether a policy lets TCP out to an address. Peers that are selected by
// labels are none.
func lets(policy *networkingv1.NetworkPolicy, address string) bool {
	GinkgoHelper()
	target, err := netip.ParseAddrPort(address)
	Expect(err).NotTo(HaveOccurred())
	for _, rule := range policy.Spec.Egress {
		open := len(rule.To) == 0
		for _, peer := range rule.To {
			open = open || peer.IPBlock != nil && contains(peer.IPBlock, target.Addr())
		}
		for _, port := range rule.Ports {
			if open && *port.Protocol == corev1.ProtocolTCP && port.Port.IntValue() == int(target.Port()) {
				return true
			}
		}
	}
	return false
}

func contains(block *networkingv1.IPBlock, address netip.Addr) bool {
	for _, except := range block.Except {
		if netip.MustParsePrefix(except).Contains(address) {
			return false
		}
	}
	return netip.MustParsePrefix(block.CIDR).Contains(address)
}
