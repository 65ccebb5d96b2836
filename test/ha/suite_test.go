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
	"net"
	"net/http"
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
)

// suite is what the specs share.
var suite struct {
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

// auditPolicy writes down when the operator fills a cache.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseComplete]
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

// fillings are the requests so far with which a replica began to fill a cache: lists,
// and watches that begin with all there is.
func fillings(replica string) []string {
	GinkgoHelper()
	written, err := os.ReadFile(suite.auditLog)
	Expect(err).NotTo(HaveOccurred())
	var found []string
	for line := range bytes.Lines(written) {
		var entry struct{ Verb, RequestURI, UserAgent string }
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		Expect(json.Unmarshal(line, &entry)).To(Succeed())
		isWhole := entry.Verb == "list" || strings.Contains(entry.RequestURI, "sendInitialEvents=true")
		if isWhole && strings.HasPrefix(entry.UserAgent, replica+"/") {
			found = append(found, entry.RequestURI)
		}
	}
	return found
}

// replica is a running process of the operator.
type replica struct {
	name    string
	command *exec.Cmd
	log     *gbytes.Buffer
	exited  chan error
}

// startReplica starts the operator under a name that the API server sees, and waits
// until it says that it is ready.
func startReplica(ctx context.Context, name string, flags ...string) *replica {
	GinkgoHelper()
	probes := freeAddress()
	command := exec.Command(suite.binary, append(flags, "--leader-elect", "--health-probe-bind-address", probes)...)
	command.Args[0] = name
	command.Env = append(os.Environ(), "KUBECONFIG="+suite.kubeconfig)
	started := &replica{name: name, command: command, log: gbytes.NewBuffer(), exited: make(chan error, 1)}
	output := prefixed{name + " | "}
	command.Stdout, command.Stderr = output, io.MultiWriter(output, started.log)
	Expect(command.Start()).To(Succeed())
	go func() { started.exited <- command.Wait(); close(started.exited) }()
	DeferCleanup(started.kill)
	Eventually(func() int { return statusOf(ctx, "http://"+probes+"/readyz") }).WithContext(ctx).Should(Equal(http.StatusOK))
	return started
}

// prefixed shows which replica said what.
type prefixed struct{ prefix string }

func (p prefixed) Write(text []byte) (int, error) {
	_, _ = GinkgoWriter.Write(append([]byte(p.prefix), text...))
	return len(text), nil
}

// kill ends the process as a power failure would, frozen or not, and waits until it
// is gone.
func (r *replica) kill() {
	_ = r.command.Process.Kill()
	<-r.exited
}

// signal asks the process to end, as the kubelet does, freezes it or thaws it.
func (r *replica) signal(signal syscall.Signal) {
	GinkgoHelper()
	Expect(r.command.Process.Signal(signal)).To(Succeed())
}

func statusOf(ctx context.Context, url string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	Expect(err).NotTo(HaveOccurred())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func freeAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
