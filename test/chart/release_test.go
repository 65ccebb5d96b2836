// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

const (
	marketplaces = "marketplaces.ordercloud.io"
	// described is what a description of the previous chart's definition looks like.
	described = "Not a template: {{ .Values.nothing }}."
)

// cluster is an API server that the specs install releases in.
type cluster struct {
	client.Client
}

// previousChart is this chart as it could have been once: a description differs.
func previousChart() string {
	GinkgoHelper()
	previous := filepath.Join(GinkgoT().TempDir(), "ordercloud-operator")
	Expect(os.CopyFS(previous, os.DirFS(filepath.Join(repository, chart)))).To(Succeed())
	path := filepath.Join(previous, "files", "crds", "ordercloud.io_marketplaces.yaml")
	content, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	definition := decode(content)[0]
	versions, _, err := unstructured.NestedSlice(definition.Object, "spec", "versions")
	Expect(err).NotTo(HaveOccurred())
	Expect(unstructured.SetNestedField(versions[0].(map[string]any), described, "schema", "openAPIV3Schema", "description")).To(Succeed())
	Expect(unstructured.SetNestedSlice(definition.Object, versions, "spec", "versions")).To(Succeed())
	changed, err := yaml.Marshal(definition.Object)
	Expect(err).NotTo(HaveOccurred())
	writeFile(path, string(changed))
	return previous
}

// description is the API server's own, of the kind Marketplace.
func (c cluster) description(ctx SpecContext) string {
	GinkgoHelper()
	definition := c.definition()
	Expect(c.Get(ctx, client.ObjectKey{Name: marketplaces}, definition)).To(Succeed())
	versions, _, err := unstructured.NestedSlice(definition.Object, "spec", "versions")
	Expect(err).NotTo(HaveOccurred())
	text, _, err := unstructured.NestedString(versions[0].(map[string]any), "schema", "openAPIV3Schema", "description")
	Expect(err).NotTo(HaveOccurred())
	return text
}

func (c cluster) definition() *unstructured.Unstructured {
	definition := &unstructured.Unstructured{}
	definition.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	definition.SetName(marketplaces)
	return definition
}

func (c cluster) exists(ctx SpecContext, object client.Object) bool {
	GinkgoHelper()
	err := c.Get(ctx, client.ObjectKeyFromObject(object), object)
	if !apierrors.IsNotFound(err) {
		Expect(err).NotTo(HaveOccurred())
	}
	return err == nil
}

func inSystem(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: system, Name: name} }

var _ = Describe("A release", Ordered, ContinueOnFailure, func() {
	var c cluster
	var plane *controlplane.ControlPlane
	BeforeAll(func(ctx SpecContext) {
		// Nothing of the project's is there before Helm comes.
		plane, c.Client = startControlPlane(ctx, controlplane.Options{CRDDirectories: []string{}})
	})

	DescribeTable("is installed, upgraded and uninstalled, and keeps what people declared",
		func(ctx SpecContext, installing, upgrading string) {
			first, second := suite.helms[installing].against(plane.AdminKubeconfig()), suite.helms[upgrading].against(plane.AdminKubeconfig())
			budget, role := &policyv1.PodDisruptionBudget{ObjectMeta: inSystem("ordercloud-operator")}, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "ordercloud-manager-role"}}
			deployment := &appsv1.Deployment{ObjectMeta: inSystem("ordercloud-operator")}
			declared := &v1alpha1.Marketplace{ObjectMeta: inSystem("default"), Spec: v1alpha1.MarketplaceSpec{
				Environment: v1alpha1.EnvironmentSandbox, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
			}}

			By("installing what was released before")
			notes := first.must(ctx, "install", release, previousChart(), "--namespace", system, "--create-namespace")
			Expect(notes).To(ContainSubstring("kubectl --namespace shop wait --for=condition=Ready marketplace/default"))
			Expect(c.description(ctx)).To(Equal(described))
			Expect(c.exists(ctx, deployment) && c.exists(ctx, role)).To(BeTrue())
			// It takes a moment until a new kind is served.
			Eventually(c.Create).WithContext(ctx).WithArguments(declared).Should(Succeed())

			By("upgrading it: the definitions follow")
			second.must(ctx, "upgrade", release, chart, "--namespace", system, "--set", "replicas=2")
			Expect(c.description(ctx)).To(HavePrefix("Marketplace"))
			Expect(c.exists(ctx, deployment) && c.exists(ctx, budget)).To(BeTrue())
			Expect(*deployment.Spec.Replicas).To(Equal(int32(2)))

			By("rolling it back, and forward again: the definitions follow there, too")
			second.must(ctx, "rollback", release, "1", "--namespace", system)
			Expect(c.description(ctx)).To(Equal(described))
			Expect(c.exists(ctx, budget)).To(BeFalse())
			second.must(ctx, "rollback", release, "2", "--namespace", system)
			Expect(c.description(ctx)).To(HavePrefix("Marketplace"))

			By("uninstalling it: the definitions and the object stay")
			second.must(ctx, "uninstall", release, "--namespace", system)
			Expect(c.exists(ctx, deployment) || c.exists(ctx, budget) || c.exists(ctx, role)).To(BeFalse())
			Expect(c.exists(ctx, c.definition()) && c.exists(ctx, declared)).To(BeTrue())

			By("installing it again, which takes the definitions back")
			_, err := second.run(ctx, "install", "other", chart, "--namespace", system)
			Expect(err).To(MatchError(ContainSubstring("invalid ownership metadata")))
			second.must(ctx, "install", release, chart, "--namespace", system, "--set", "crds.keep=false")
			Expect(c.exists(ctx, declared)).To(BeTrue())

			By("uninstalling it with everything")
			second.must(ctx, "uninstall", release, "--namespace", system)
			Eventually(c.exists).WithArguments(ctx, c.definition()).Should(BeFalse())
		},
		Entry("by Helm 4", "Helm 4", "Helm 4"),
		Entry("by Helm 3", "Helm 3", "Helm 3"),
		Entry("by Helm 3, and from then on by Helm 4", "Helm 3", "Helm 4"),
	)

	DescribeTable("of another name takes the definitions over when it is told to", func(ctx SpecContext, version string) {
		helm := suite.helms[version].against(plane.AdminKubeconfig())
		helm.must(ctx, "install", release, chart, "--namespace", system, "--create-namespace")
		helm.must(ctx, "uninstall", release, "--namespace", system)
		helm.must(ctx, "install", "other", chart, "--namespace", system, "--take-ownership")
		Expect(c.exists(ctx, &appsv1.Deployment{ObjectMeta: inSystem("other-operator")})).To(BeTrue())
		helm.must(ctx, "upgrade", "other", chart, "--namespace", system, "--set", "crds.keep=false")
		helm.must(ctx, "uninstall", "other", "--namespace", system)
		Eventually(c.exists).WithArguments(ctx, c.definition()).Should(BeFalse())
	}, Entry(nil, "Helm 4"), Entry(nil, "Helm 3"))
})
