// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ha_test runs the operator as two processes that elect a leader, takes the
// leader away in the middle of its work, and looks at what OrderCloud was sent and
// how long nobody worked.
package ha_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
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
	plane      *controlplane.ControlPlane
	admin      client.Client
	binary     string
	kubeconfig string
	auditLog   string
}

func TestHighAvailability(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(2 * time.Minute)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "High availability")
}

// auditPolicy writes down the operator's lists, and the begin and the end of its watches.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: ["` + controlplane.OperatorUser + `"]
  verbs: [list, watch]
- level: None
`

var _ = BeforeSuite(func(ctx SpecContext) {
	directory := GinkgoT().TempDir()
	policy := filepath.Join(directory, "audit.yaml")
	Expect(os.WriteFile(policy, []byte(auditPolicy), 0o600)).To(Succeed())
	suite.auditLog = filepath.Join(directory, "audit.log")
	plane, err := controlplane.Start(ctx, controlplane.Options{APIServerArguments: map[string][]string{
		"audit-policy-file": {policy}, "audit-log-path": {suite.auditLog},
	}})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	suite.plane = plane
	scheme, err := controlplane.Scheme()
	Expect(err).NotTo(HaveOccurred())
	suite.admin, err = client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	Expect(plane.GrantOperator(ctx)).To(Succeed())
	content, err := plane.Kubeconfig(controlplane.OperatorUser)
	Expect(err).NotTo(HaveOccurred())
	suite.kubeconfig = filepath.Join(directory, "kubeconfig")
	Expect(os.WriteFile(suite.kubeconfig, content, 0o600)).To(Succeed())

	suite.binary = filepath.Join(directory, "ordercloud-operator")
	build := exec.CommandContext(ctx, "go", "build", "-o", suite.binary, "../..")
	build.Stdout, build.Stderr = GinkgoWriter, GinkgoWriter
	Expect(build.Run()).To(Succeed())
})

// auditEntry is one line of the audit log.
type auditEntry struct {
	Verb, Stage, RequestURI, UserAgent string
	ObjectRef                          struct{ Resource string }
	ResponseStatus                     struct{ Code int }
}

// audited is what the API server has written down of a replica so far.
func audited(replica string) []auditEntry {
	GinkgoHelper()
	written, err := os.ReadFile(suite.auditLog)
	Expect(err).NotTo(HaveOccurred())
	var found []auditEntry
	for line := range bytes.Lines(written) {
		var entry auditEntry
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		Expect(json.Unmarshal(line, &entry)).To(Succeed())
		if strings.HasPrefix(entry.UserAgent, replica+"/") {
			found = append(found, entry)
		}
	}
	return found
}

// fillings are the requests so far with which a replica began to fill a cache: lists,
// and watches that begin with all there is.
func fillings(replica string) []string {
	GinkgoHelper()
	var found []string
	for _, entry := range audited(replica) {
		isWhole := strings.Contains(entry.RequestURI, "sendInitialEvents=true") && entry.Stage == "ResponseStarted"
		if entry.Verb == "list" || isWhole {
			found = append(found, entry.RequestURI)
		}
	}
	return found
}

// replica is a running process of the operator.
type replica struct {
	*shipped.Process

	name string
	log  *gbytes.Buffer
}

// startReplica starts the operator under a name that the API server sees, and waits
// until it says that it is ready.
func startReplica(ctx context.Context, name string, options shipped.Options) *replica {
	GinkgoHelper()
	started := launchReplica(name, suite.kubeconfig, options)
	Eventually(func() error { return started.CheckReady(ctx) }).WithContext(ctx).Should(Succeed())
	return started
}

func launchReplica(name, kubeconfig string, options shipped.Options) *replica {
	GinkgoHelper()
	command, err := shipped.NewCommand(options)
	Expect(err).NotTo(HaveOccurred())
	started := &replica{name: name, log: gbytes.NewBuffer()}
	started.Process, err = command.Start(suite.binary, name, kubeconfig, io.MultiWriter(prefixed{name + " | "}, started.log))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(started.Kill)
	return started
}

// prefixed shows which replica said what.
type prefixed struct{ prefix string }

func (p prefixed) Write(text []byte) (int, error) {
	_, _ = GinkgoWriter.Write(append([]byte(p.prefix), text...))
	return len(text), nil
}

// signal asks the process to end, as the kubelet does, freezes it or thaws it.
func (r *replica) signal(signal syscall.Signal) {
	GinkgoHelper()
	Expect(r.Signal(signal)).To(Succeed())
}
