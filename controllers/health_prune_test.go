// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// letGo is the command of the pages that lets held objects go and deletes nothing in
// OrderCloud.
const letGo = `kubectl get buyerusers,impersonationconfigs -n commerce -o go-template='{{range .items}}{{if .metadata.deletionTimestamp}}{{.kind}}/{{.metadata.name}}{{"\n"}}{{end}}{{end}}' |
       xargs -n 1 kubectl patch -n commerce --type=merge -p '{"spec":{"deletionPolicy":"Retain"}}'`

var _ = Describe("A prune that was an accident", func() {
	It("is undone for all that the guard has held, and OrderCloud never notices", func(ctx SpecContext) {
		s := beginWithoutMarketplace(ctx)
		held := s.heldDeletion(buyerUserKind)
		s.eventuallyHas(held, v1alpha1.SyncedCondition, "False", v1alpha1.ReasonDeletionHeld)
		before := s.inOrderCloud(pathOf(held))
		writes := s.sandbox.Stats().Writes()

		By("letting it go, as the pages say")
		s.letHeldGo(held.GetName())
		s.eventuallyGone(held)
		Expect(s.inOrderCloud(pathOf(held))).To(Equal(before))

		By("declaring it again")
		again := s.user(held.GetName())
		s.create(again)
		s.eventuallyReady(again, v1alpha1.ReasonInSync)
		s.expectHeld(again)
		Expect(s.inOrderCloud(pathOf(held))).To(Equal(before))
		Expect(s.sandbox.Stats().Writes()).To(Equal(writes))
	})

	It("is undone with the same command on every page", func() {
		for _, page := range []string{"flux.md", "argocd.md"} {
			text, err := os.ReadFile(filepath.Join("..", "docs", page))
			Expect(err).NotTo(HaveOccurred())
			Expect(string(text)).To(ContainSubstring(letGo), page)
		}
	})
})

// letHeldGo runs the command of the pages where there is a kubectl, and does the same
// by the API where there is none.
func (s *story) letHeldGo(name string) {
	GinkgoHelper()
	if _, err := exec.LookPath("kubectl"); err != nil {
		AddReportEntry("let go without kubectl", name)
		s.merge(s.user(name), map[string]any{"spec": map[string]any{"deletionPolicy": "Retain"}})
		return
	}
	directory := GinkgoT().TempDir()
	kubeconfig := filepath.Join(directory, "kubeconfig")
	Expect(os.WriteFile(kubeconfig, suite.plane.AdminKubeconfig(), 0o600)).To(Succeed())
	command := exec.CommandContext(s, "sh", "-c", strings.ReplaceAll(letGo, "commerce", s.namespace))
	command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "KUBECACHEDIR="+directory)
	output, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
	Expect(string(output)).To(Equal("buyeruser.ordercloud.io/" + name + " patched\n"))
}
