// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

var _ = Describe("Parameters", func() {
	It("take effect while they change", func(ctx SpecContext) {
		install(ctx)
		operatorsOwn, wide := grant("shop", profile("operator")), grant("shop", overAnyBuyer)

		By("listing one more profile")
		annotate(ctx, parameters, map[string]any{profilesAnnotation: "cs-rep, operator"})
		Eventually(dryRun).WithArguments(ctx, operatorsOwn).Should(Succeed())
		Expect(dryRun(ctx, wide)).To(beRefusedBy(anyBuyer))

		By("allowing any buyer, and one profile less")
		annotate(ctx, parameters, map[string]any{profilesAnnotation: "cs-rep", anyBuyerAnnotation: "Allowed"})
		Eventually(dryRun).WithArguments(ctx, wide).Should(Succeed())
		Expect(dryRun(ctx, operatorsOwn)).To(beRefusedBy(securityProfiles))

		By("misspelling Allowed, and allowing every profile")
		annotate(ctx, parameters, map[string]any{profilesAnnotation: "*", anyBuyerAnnotation: "allowed"})
		Eventually(dryRun).WithArguments(ctx, wide).Should(beRefusedBy(anyBuyer))
		Expect(dryRun(ctx, operatorsOwn)).To(Succeed())

		By("taking everything out")
		annotate(ctx, parameters, map[string]any{profilesAnnotation: nil, anyBuyerAnnotation: nil})
		Eventually(dryRun).WithArguments(ctx, grant("shop")).Should(beRefused("impersonationconfigs", "cs-desk", securityProfiles,
			`spec.securityProfileID: "cs-rep" may not be granted in namespace "shop": have it added to the annotation ordercloud.io/allowed-security-profiles of namespace "ordercloud-policy"`))
		annotate(ctx, parameters, map[string]any{profilesAnnotation: "cs-rep"})
		Eventually(dryRun).WithArguments(ctx, wide).Should(beRefusedBy(anyBuyer), "what is not said is not allowed")
	})

	It("may be others in one namespace", func(ctx SpecContext) {
		install(ctx)
		DeferCleanup(func(ctx SpecContext) {
			annotate(ctx, "shop", map[string]any{profilesAnnotation: nil, anyBuyerAnnotation: nil})
		})

		By("replacing one of them")
		annotate(ctx, "shop", map[string]any{anyBuyerAnnotation: "Allowed"})
		Eventually(dryRun).WithArguments(ctx, grant("shop", overAnyBuyer)).Should(Succeed())
		Expect(dryRun(ctx, grant("shop", profile("operator")))).To(beRefused("impersonationconfigs", "cs-desk", securityProfiles, profileRefused))

		By("replacing both")
		annotate(ctx, "shop", map[string]any{profilesAnnotation: "operator"})
		Eventually(dryRun).WithArguments(ctx, grant("shop", profile("operator"))).Should(Succeed())
		Expect(dryRun(ctx, grant("shop"))).To(beRefusedBy(securityProfiles), "the list for all does not hold beside its own")

		By("forbidding what is allowed to all")
		annotate(ctx, parameters, map[string]any{profilesAnnotation: "*", anyBuyerAnnotation: "Allowed"})
		Eventually(dryRun).WithArguments(ctx, grant("shop-staging", overAnyBuyer, profile("operator"))).Should(Succeed())
		annotate(ctx, "shop", map[string]any{profilesAnnotation: "", anyBuyerAnnotation: "Forbidden"})
		Eventually(dryRun).WithArguments(ctx, grant("shop")).Should(beRefused("impersonationconfigs", "cs-desk", securityProfiles,
			`spec.securityProfileID: "cs-rep" may not be granted in namespace "shop": have it added to the annotation ordercloud.io/allowed-security-profiles of namespace "shop"`))
		annotate(ctx, "shop", map[string]any{profilesAnnotation: nil})
		Eventually(dryRun).WithArguments(ctx, grant("shop")).Should(Succeed())
		Expect(dryRun(ctx, grant("shop", overAnyBuyer))).To(beRefusedBy(anyBuyer))
	})

	It("allow no profile and no grant over any buyer as they are shipped, and every buyer, impersonator and role", func(ctx SpecContext) {
		install(ctx)
		for _, object := range build(ctx, policies) {
			apply(ctx, object)
		}
		Eventually(dryRun).WithArguments(ctx, grant("shop")).Should(beRefusedBy(securityProfiles))
		annotate(ctx, parameters, map[string]any{profilesAnnotation: "*"})
		Eventually(dryRun).WithArguments(ctx, grant("shop", overAnyBuyer)).Should(beRefusedBy(anyBuyer))
		// What an installation of before these policies had does not stop with an upgrade.
		for _, object := range []client.Object{
			user("shop", userOf("initech")), grant("shop", toAdminUser), grant("shop", toAnyAdmin), grant("shop", toBuyerUser), token("shop", asking("FullAccess")),
		} {
			Eventually(dryRun).WithArguments(ctx, object).Should(Succeed())
		}
	})

	It("are read anew when the policies were away", func(ctx SpecContext) {
		By("installing the policies for the first time")
		applied := build(ctx, overlay)
		install(ctx)
		By("removing them, and changing the parameters meanwhile")
		for _, object := range applied {
			if object.GetKind() != "Namespace" {
				Expect(suite.admin.Delete(ctx, object)).To(Succeed())
			}
		}
		Eventually(dryRun).WithArguments(ctx, grant("shop", overAnyBuyer)).Should(Succeed())
		Eventually(dryRun).WithArguments(ctx, grant("shop", profile("operator"))).Should(Succeed())
		annotate(ctx, parameters, map[string]any{profilesAnnotation: "shopper"})
		By("installing the policies again")
		for _, object := range applied {
			if object.GetKind() != "Namespace" {
				apply(ctx, object)
			}
		}
		Eventually(dryRun).WithArguments(ctx, grant("shop")).Should(beRefusedBy(securityProfiles))
		annotate(ctx, parameters, map[string]any{profilesAnnotation: "cs-rep"})
		Eventually(dryRun).WithArguments(ctx, grant("shop")).Should(Succeed())
	})

	It("may list more profiles than a message can hold", func(ctx SpecContext) {
		install(ctx)
		lines := make([]string, 2000)
		for i := range lines {
			lines[i] = fmt.Sprintf("profile-%04d-%s   # number %d", i, strings.Repeat("x", 80), i)
		}
		last, _, _ := strings.Cut(lines[len(lines)-1], " ")
		annotate(ctx, parameters, map[string]any{profilesAnnotation: strings.Join(lines, "\n")})
		Eventually(dryRun).WithArguments(ctx, grant("shop", profile(v1alpha1.ID(last)))).Should(Succeed())
		Expect(dryRun(ctx, grant("shop"))).To(MatchError(ContainSubstring(
			`may not be granted in namespace "shop": choose one of the 2000 that are, or have it added to the annotation `)))
	})

	It("may be missing: the policies that need them then allow everything", func(ctx SpecContext) {
		install(ctx)
		removeParameters(ctx)
		Eventually(dryRun).WithArguments(ctx, grant("shop", overAnyBuyer, profile("operator"), toAdminUser)).Should(Succeed())
		Eventually(dryRun).WithArguments(ctx, user("shop", userOf("initech"))).Should(Succeed())
		Eventually(dryRun).WithArguments(ctx, token("shop", asking("FullAccess"))).Should(Succeed())
		Expect(dryRun(ctx, user("shop-production", userDeleting))).To(beRefusedBy(deletionPolicy), "this one has no parameters")
	})

	It("may be annotations of another namespace, and the policies have other names", func(ctx SpecContext) {
		DeferCleanup(func(ctx SpecContext) {
			Eventually(dryRun).WithArguments(ctx, grant("shop")).Should(Succeed())
		})
		for _, object := range build(ctx, elsewhere) {
			if object.GetKind() == "Namespace" {
				apply(ctx, object)
				continue
			}
			// kustomize also writes the namespace into what has none; kubectl ignores it.
			object.SetNamespace("")
			create(ctx, object)
		}
		Eventually(dryRun).WithArguments(ctx, grant("shop")).Should(beRefused("impersonationconfigs", "cs-desk", "team-"+securityProfiles,
			`spec.securityProfileID: "cs-rep" may not be granted in namespace "shop": have it added to the annotation ordercloud.io/allowed-security-profiles of namespace "commerce"`))
	})
})

var _ = Describe("The label of production", func() {
	It("takes effect while it changes", func(ctx SpecContext) {
		install(ctx)
		staging := &corev1.Namespace{}
		staging.Name = "shop-staging"
		for label, refused := range map[string]bool{"production": true, "staging": false, "Production": true, "none": false} {
			Expect(mergePatch(ctx, suite.admin, staging, `{"metadata":{"labels":{"ordercloud.io/environment":"`+label+`"}}}`)).To(Succeed())
			if refused {
				Eventually(dryRun).WithArguments(ctx, user("shop-staging", userDeleting)).Should(beRefusedBy(deletionPolicy))
			} else {
				Eventually(dryRun).WithArguments(ctx, user("shop-staging", userDeleting)).Should(Succeed())
			}
		}
		Expect(mergePatch(ctx, suite.admin, staging, `{"metadata":{"labels":{"ordercloud.io/environment":"staging"}}}`)).To(Succeed())
		Eventually(dryRun).WithArguments(ctx, user("shop-staging", userDeleting)).Should(Succeed())
	})
})

var _ = Describe("The manifests", func() {
	It("cover every kind that has a deletionPolicy", func(ctx SpecContext) {
		definitions := &unstructured.UnstructuredList{}
		definitions.SetAPIVersion("apiextensions.k8s.io/v1")
		definitions.SetKind("CustomResourceDefinitionList")
		Expect(suite.admin.List(ctx, definitions)).To(Succeed())
		var deletable []string
		for _, definition := range definitions.Items {
			plural, _, err := unstructured.NestedString(definition.Object, "spec", "names", "plural")
			Expect(err).NotTo(HaveOccurred())
			versions, _, err := unstructured.NestedSlice(definition.Object, "spec", "versions")
			Expect(err).NotTo(HaveOccurred())
			newest, _ := versions[len(versions)-1].(map[string]any)
			field, _, err := unstructured.NestedMap(newest, "schema", "openAPIV3Schema", "properties", "spec", "properties", "deletionPolicy")
			Expect(err).NotTo(HaveOccurred())
			if field != nil {
				deletable = append(deletable, plural)
			}
		}
		Expect(deletable).NotTo(BeEmpty())
		Expect(coveredBy(ctx, deletionPolicy)).To(ConsistOf(deletable))
	})

	It("are optional", func(ctx SpecContext) {
		for _, object := range build(ctx, "config/default") {
			Expect(object.GetKind()).NotTo(HavePrefix("ValidatingAdmissionPolicy"))
		}
	})

	It("are documented with the overlay and the messages that are tested here", func() {
		documentation := read("docs/policy.md")
		_, patches, found := strings.Cut(read(overlay+"/kustomization.yaml"), "\n\n")
		Expect(found).To(BeTrue())
		Expect(documentation).To(ContainSubstring(patches))
		for _, message := range []string{profileRefused, anyBuyerRefused, buyerRefused, impersonatorRefused, roleRefused, fmt.Sprintf(deletionRefused, "shop-production")} {
			Expect(documentation).To(ContainSubstring("denied request: " + message))
		}
	})
})

// coveredBy are the resources that a policy of config/policy is about.
func coveredBy(ctx SpecContext, policy string) []string {
	GinkgoHelper()
	for _, object := range build(ctx, policies) {
		if object.GetKind() != "ValidatingAdmissionPolicy" || object.GetName() != policy {
			continue
		}
		rules, _, err := unstructured.NestedSlice(object.Object, "spec", "matchConstraints", "resourceRules")
		Expect(err).NotTo(HaveOccurred())
		var covered []string
		for _, rule := range rules {
			fields, _ := rule.(map[string]any)
			resources, _, err := unstructured.NestedStringSlice(fields, "resources")
			Expect(err).NotTo(HaveOccurred())
			covered = append(covered, resources...)
		}
		return covered
	}
	return nil
}
