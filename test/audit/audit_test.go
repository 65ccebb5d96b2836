// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package audit_test runs the operator, as a process of its own, against an API server
// with the audit policy of examples/audit, and joins the two logs as docs/operations.md
// says.
package audit_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

func TestAudit(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Audit")
}

const (
	shop     = "shop"
	examples = "../../examples/audit"
)

// stage is an API server that writes down who asked it, a sandbox, and the operator
// between them.
type stage struct {
	context.Context

	directory string
	plane     *controlplane.ControlPlane
	box       *sandbox.Sandbox
	url       string
}

func open(ctx SpecContext) *stage {
	GinkgoHelper()
	s := &stage{Context: ctx, directory: GinkgoT().TempDir()}
	policy, err := filepath.Abs(filepath.Join(examples, "policy.yaml"))
	Expect(err).NotTo(HaveOccurred())
	s.plane, err = controlplane.Start(ctx, controlplane.Options{APIServerArguments: map[string][]string{
		"audit-policy-file": {policy}, "audit-log-path": {filepath.Join(s.directory, "audit.log")}, "audit-log-mode": {"blocking"},
	}})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(s.plane.Stop)
	Expect(s.plane.GrantOperator(ctx)).To(Succeed())
	s.box, err = sandbox.New()
	Expect(err).NotTo(HaveOccurred())
	server := httptest.NewServer(s.box)
	DeferCleanup(server.Close)
	s.url = server.URL
	s.startOperator()
	return s
}

// startOperator starts the operator, whose log is operator.log.
func (s *stage) startOperator() {
	GinkgoHelper()
	binary := filepath.Join(s.directory, "ordercloud-operator")
	build := exec.CommandContext(s, "go", "build", "-o", binary, "../..")
	build.Stdout, build.Stderr = GinkgoWriter, GinkgoWriter
	Expect(build.Run()).To(Succeed())
	kubeconfig, err := s.plane.Kubeconfig(controlplane.OperatorUser)
	Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(s.directory, "kubeconfig")
	Expect(os.WriteFile(path, kubeconfig, 0o600)).To(Succeed())
	output, err := os.Create(filepath.Join(s.directory, "operator.log"))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(output.Close)
	command, err := shipped.NewCommand(shipped.Options{Endpoints: []string{s.url}})
	Expect(err).NotTo(HaveOccurred())
	running, err := command.Start(binary, "ordercloud-operator", path, io.MultiWriter(GinkgoWriter, output))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(running.Kill)
	Eventually(func() error { return running.CheckReady(s) }).WithContext(s).Should(Succeed())
}

// as is what somebody does who may do everything.
func (s *stage) as(user string) client.Client {
	GinkgoHelper()
	config, err := s.plane.Config(user, "system:masters")
	Expect(err).NotTo(HaveOccurred())
	scheme, err := controlplane.Scheme()
	Expect(err).NotTo(HaveOccurred())
	made, err := client.New(config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	return made
}

// openShop declares a Marketplace in the namespace shop.
func (s *stage) openShop() {
	GinkgoHelper()
	clientID, clientSecret := s.box.Credentials()
	for _, object := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: shop}},
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: "ordercloud"},
			StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret},
		},
		&v1alpha1.Marketplace{
			ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: "default"},
			Spec: v1alpha1.MarketplaceSpec{
				URL: s.url, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
				DeletionGuard: v1alpha1.DeletionGuard{Grace: &metav1.Duration{}},
			},
		},
	} {
		Expect(s.as("carol").Create(s, object)).To(Succeed())
	}
}

func newUser(name string) *v1alpha1.BuyerUser {
	return &v1alpha1.BuyerUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: name},
		Spec: v1alpha1.BuyerUserSpec{
			BuyerID: "acme", Username: name + "@acme.example", FirstName: "Qwerta", LastName: "Yxcvbo", Email: name + "@acme.example",
		},
	}
}

// eventuallyReady waits until a user is Ready as it is declared now.
func (s *stage) eventuallyReady(user *v1alpha1.BuyerUser) {
	GinkgoHelper()
	reader := s.as("carol")
	Eventually(func(g Gomega) {
		g.Expect(reader.Get(s, client.ObjectKeyFromObject(user), user)).To(Succeed())
		ready := meta.FindStatusCondition(user.Status.Conditions, v1alpha1.ReadyCondition)
		g.Expect(ready).NotTo(BeNil())
		g.Expect(ready.Status).To(Equal(metav1.ConditionTrue), ready.Message)
		g.Expect(ready.ObservedGeneration).To(Equal(user.Generation))
	}).WithContext(s).Should(Succeed())
}

// logOf is what a log holds by now.
func (s *stage) logOf(name string) string {
	GinkgoHelper()
	return fileOf(filepath.Join(s.directory, name))
}

func fileOf(path string) string {
	GinkgoHelper()
	content, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}

// lineOf is the first line of the audit in a text.
func lineOf(text string) string {
	GinkgoHelper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "{") && strings.Contains(line, `"logger":"audit"`) {
			return line
		}
	}
	Fail("there is no line of the audit")
	return ""
}

func keysOf(line string) []string {
	GinkgoHelper()
	var keys map[string]any
	Expect(json.Unmarshal([]byte(line), &keys)).To(Succeed())
	return slices.Sorted(maps.Keys(keys))
}

// whoAsked joins the logs with the commands of docs/operations.md, and leaves out the
// moment and OrderCloud's request ID.
func (s *stage) whoAsked() []string {
	GinkgoHelper()
	program := fileOf(filepath.Join(examples, "who.jq"))
	Expect(os.WriteFile(filepath.Join(s.directory, "who.jq"), []byte(program), 0o600)).To(Succeed())
	command := exec.CommandContext(s, "sh", "-ec", commandOfDocs())
	command.Dir, command.Stderr = s.directory, GinkgoWriter
	output, err := command.Output()
	Expect(err).NotTo(HaveOccurred())
	_, _ = GinkgoWriter.Write(output)
	var rows []string
	for row := range strings.Lines(string(output)) {
		columns := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		Expect(columns).To(HaveLen(8), row)
		Expect(columns[7]).NotTo(BeEmpty(), row)
		rows = append(rows, strings.Join(columns[1:7], " "))
	}
	return rows
}

// commandOfDocs is what docs/operations.md has people type.
func commandOfDocs() string {
	GinkgoHelper()
	var typed []string
	for line := range strings.Lines(fileOf("../../docs/operations.md")) {
		command, isCommand := strings.CutPrefix(line, "$ ")
		if isCommand && (strings.Contains(command, "operator.log >") || strings.Contains(command, "who.jq")) {
			typed = append(typed, command)
		}
	}
	Expect(typed).To(HaveLen(2))
	return strings.Join(typed, "")
}

var _ = Describe("Whoever wants to know who changed something in OrderCloud", func() {
	It("finds it in the logs of operator and API server", func(ctx SpecContext) {
		s := open(ctx)
		s.openShop()
		user, other := newUser("jdoe"), newUser("mwhite")
		Expect(s.as("alice").Create(s, user)).To(Succeed())
		s.eventuallyReady(user)
		Expect(s.as("bob").Create(s, other)).To(Succeed())
		s.eventuallyReady(other)

		By("edits, of which one says nothing new to OrderCloud")
		labelled := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"team":"a"}}}`))
		Expect(s.as("dave").Patch(s, user, labelled)).To(Succeed())
		edited := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"phone":"555-0100"}}`))
		Expect(s.as("bob").Patch(s, user, edited)).To(Succeed())
		s.eventuallyReady(user)

		By("deletions, of one and of all that are left")
		Expect(s.as("dave").Delete(s, other)).To(Succeed())
		Expect(s.as("erin").DeleteAllOf(s, &v1alpha1.BuyerUser{}, client.InNamespace(shop))).To(Succeed())
		Eventually(func(g Gomega) {
			var left v1alpha1.BuyerUserList
			g.Expect(s.as("carol").List(s, &left, client.InNamespace(shop))).To(Succeed())
			g.Expect(left.Items).To(BeEmpty())
		}).WithContext(s).Should(Succeed())

		const created = "Active,Email,FirstName,ID,LastName,Username succeeded"
		rows := s.whoAsked()
		slices.Sort(rows) // both are deleted at once
		Expect(rows).To(Equal([]string{
			"alice create Created buyers/acme/users/jdoe " + created,
			"bob create Created buyers/acme/users/mwhite " + created,
			"bob patch Updated buyers/acme/users/jdoe Phone succeeded",
			"dave delete Deleted buyers/acme/users/mwhite - succeeded",
			"erin deletecollection Deleted buyers/acme/users/jdoe - succeeded",
		}))
		Expect(rows).To(HaveLen(s.box.Stats().Writes()))

		By("looking for what neither log may hold")
		_, clientSecret := s.box.Credentials()
		for _, name := range []string{"operator.log", "audit.log"} {
			Expect(s.logOf(name)).NotTo(ContainSubstring(clientSecret), name)
		}
		for _, value := range []string{"Qwerta", "Yxcvbo", "@acme.example", "555-0100"} {
			Expect(s.logOf("operator.log")).NotTo(ContainSubstring(value))
		}

		By("comparing the line that docs/operations.md shows")
		Expect(keysOf(lineOf(fileOf("../../docs/operations.md")))).To(Equal(keysOf(lineOf(s.logOf("operator.log")))))
	})
})
