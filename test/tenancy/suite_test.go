// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tenancy_test runs the operator, as a process of its own, with the roles
// and flags of the manifests in config and no more, and looks at what it reads.
package tenancy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

// suite is what the specs share.
var suite struct {
	plane     *controlplane.ControlPlane
	admin     client.Client
	directory string
	binary    string
}

func TestTenancy(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Tenancy")
}

// auditPolicy writes down who reads Secrets and Namespaces.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  resources:
  - resources: [secrets, namespaces]
- level: None
`

var _ = BeforeSuite(func(ctx SpecContext) {
	suite.directory = GinkgoT().TempDir()
	policy := filepath.Join(suite.directory, "audit.yaml")
	Expect(os.WriteFile(policy, []byte(auditPolicy), 0o600)).To(Succeed())
	plane, err := controlplane.Start(ctx, controlplane.Options{
		APIServerArguments: map[string][]string{"audit-policy-file": {policy}, "audit-log-path": {auditLog()}},
		ControllerManager:  true,
	})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	suite.plane = plane

	scheme, err := controlplane.Scheme()
	Expect(err).NotTo(HaveOccurred())
	suite.admin, err = client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())

	suite.binary = filepath.Join(suite.directory, "ordercloud-operator")
	build := exec.CommandContext(ctx, "go", "build", "-o", suite.binary, "../..")
	build.Stdout, build.Stderr = GinkgoWriter, GinkgoWriter
	Expect(build.Run()).To(Succeed())
})

func auditLog() string { return filepath.Join(suite.directory, "audit.log") }

// read is what somebody read of a Secret or a Namespace.
type read struct {
	Verb      string
	Resource  string
	Namespace string
	Name      string
	Code      int
}

// reads are all that a user has read so far.
func reads(user string) []read {
	GinkgoHelper()
	written, err := os.ReadFile(auditLog())
	Expect(err).NotTo(HaveOccurred())
	var found []read
	for line := range bytes.Lines(written) {
		var entry struct {
			Verb           string
			User           struct{ Username string }
			ObjectRef      struct{ Resource, Namespace, Name string }
			ResponseStatus struct{ Code int }
		}
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		Expect(json.Unmarshal(line, &entry)).To(Succeed())
		if entry.User.Username == user {
			found = append(found, read{
				entry.Verb, entry.ObjectRef.Resource, entry.ObjectRef.Namespace, entry.ObjectRef.Name, entry.ResponseStatus.Code,
			})
		}
	}
	return found
}

// operator is a running process of the operator.
type operator struct {
	*shipped.Process

	log *gbytes.Buffer
}

// startOperator starts the operator as a user and waits until it says that it is
// ready.
func startOperator(ctx context.Context, user string, options shipped.Options) *operator {
	GinkgoHelper()
	started := launchOperator(user, options)
	Eventually(func() error { return started.CheckReady(ctx) }).WithContext(ctx).Should(Succeed())
	return started
}

func launchOperator(user string, options shipped.Options) *operator {
	GinkgoHelper()
	kubeconfig, err := suite.plane.Kubeconfig(user)
	Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(path, kubeconfig, 0o600)).To(Succeed())

	command, err := shipped.NewCommand(options)
	Expect(err).NotTo(HaveOccurred())
	started := &operator{log: gbytes.NewBuffer()}
	started.Process, err = command.Start(suite.binary, "ordercloud-operator", path, io.MultiWriter(GinkgoWriter, started.log))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(started.Kill)
	return started
}

// expectNothingRefused looks for what the API server refuses in what the operator
// has told so far.
func (o *operator) expectNothingRefused() {
	GinkgoHelper()
	for line := range bytes.Lines(o.log.Contents()) {
		Expect(string(line)).NotTo(ContainSubstring("forbidden"))
	}
}
