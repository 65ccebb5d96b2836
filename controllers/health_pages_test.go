// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// kubectl runs kubectl against the suite's API server.
func kubectl(ctx context.Context, arguments ...string) (string, error) {
	GinkgoHelper()
	directory := GinkgoT().TempDir()
	kubeconfig := filepath.Join(directory, "kubeconfig")
	Expect(os.WriteFile(kubeconfig, suite.plane.AdminKubeconfig(), 0o600)).To(Succeed())
	command := exec.CommandContext(ctx, "kubectl", append([]string{"--kubeconfig", kubeconfig, "--cache-dir", directory}, arguments...)...)
	output, err := command.CombinedOutput()
	return string(output), err
}

// kubectlWaits waits as "kubectl wait --for=condition=Ready" does: with kubectl where
// there is one, else by its rule. It says which of the two it was.
func (s *story) kubectlWaits(object client.Object, timeout string) bool {
	GinkgoHelper()
	resource := strings.ToLower(s.live(object).GetKind()) + "/" + object.GetName()
	if _, err := exec.LookPath("kubectl"); err != nil {
		AddReportEntry("waited by kubectl's rule, without kubectl", resource)
		if timeout == "0s" {
			return endsWait(s.live(object))
		}
		Eventually(func() bool { return endsWait(s.live(object)) }).WithContext(s).Should(BeTrue())
		return true
	}
	output, err := kubectl(s, "wait", "--for=condition=Ready", resource, "-n", s.namespace, "--timeout", timeout)
	AddReportEntry("waited by kubectl", strings.TrimSpace(output), ReportEntryVisibilityFailureOrVerbose)
	return err == nil && strings.Contains(output, "condition met")
}

var _ = Describe("kubectl wait --for=condition=Ready", func() {
	It("ends when what is declared is in OrderCloud, and not before", func(ctx SpecContext) {
		s := beginWithoutMarketplace(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyFails(user, v1alpha1.ReasonMarketplaceNotFound)
		Expect(s.kubectlWaits(user, "0s")).To(BeFalse())

		s.createSecret(nil)
		s.create(s.marketplace("default"))
		Expect(s.kubectlWaits(user, "60s")).To(BeTrue())
		s.inOrderCloud(jdoe)
	})

	It("is not content with a declaration that nobody wrote", func(ctx SpecContext) {
		s := beginWithoutMarketplace(ctx)
		user := s.created(buyerUserKind)
		Expect(s.kubectlWaits(user, "0s")).To(BeTrue())
		s.merge(user, map[string]any{"spec": map[string]any{"firstName": "Jane", "suspend": true}})
		s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionUnknown, v1alpha1.ReasonSuspended)
		Expect(s.kubectlWaits(user, "0s")).To(BeFalse())
	})
})

var _ = Describe("The scripts for Argo CD", func() {
	It("are added to its ConfigMap, and leave alone what it has", func(ctx SpecContext) {
		s := &story{Context: ctx, namespace: "argocd"}
		s.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}})
		theirs := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "argocd-cm", Labels: map[string]string{"app.kubernetes.io/part-of": "argocd"}},
			Data:       map[string]string{"url": "https://argocd.acme.example"},
		}
		s.create(theirs)

		kustomize := exec.CommandContext(ctx, "go", "tool", "-modfile=hack/tools/go.mod", "kustomize", "build", "config/argocd")
		kustomize.Dir, kustomize.Stderr = "..", GinkgoWriter
		manifest, err := kustomize.Output()
		Expect(err).NotTo(HaveOccurred())
		fragment := &unstructured.Unstructured{}
		Expect(yaml.UnmarshalStrict(manifest, &fragment.Object)).To(Succeed())
		Expect(suite.admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(fragment), client.FieldOwner("kubectl"))).To(Succeed())

		Expect(suite.admin.Get(ctx, client.ObjectKeyFromObject(theirs), theirs)).To(Succeed())
		Expect(theirs.Data).To(HaveKeyWithValue("url", "https://argocd.acme.example"))
		for _, kind := range everyKind {
			Expect(theirs.Data).To(HaveKeyWithValue("resource.customizations.health.ordercloud.io_"+kind, argoScriptOf(kind)))
		}
		Expect(theirs.Data).To(HaveLen(1 + len(everyKind)))
	})

	It("answer Progressing to an object without a status", func() {
		for _, kind := range everyKind {
			health, _, err := runInLua(argoScriptOf(kind), map[string]any{"metadata": map[string]any{"generation": int64(1)}, "spec": map[string]any{}})
			Expect(err).NotTo(HaveOccurred())
			Expect(health).To(Equal(argoProgressing))
		}
	})
})
