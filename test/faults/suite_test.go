// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package faults_test kills the operator, as a process of its own, between any
// two of its writes, deletes whole namespaces under it and lets two of them fight,
// and looks at what is left in Kubernetes and in OrderCloud.
package faults_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
}

func TestFaults(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Faults")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	suite.admin, suite.kubeconfig = startCluster(ctx, controlplane.Options{ControllerManager: true})

	directory := GinkgoT().TempDir()
	suite.binary = filepath.Join(directory, "ordercloud-operator")
	build := exec.CommandContext(ctx, "go", "build", "-o", suite.binary, "../..")
	build.Stdout, build.Stderr = GinkgoWriter, GinkgoWriter
	Expect(build.Run()).To(Succeed())
})

// startCluster starts a control plane and returns how a person and how the operator
// reaches it.
func startCluster(ctx context.Context, options controlplane.Options) (admin client.Client, kubeconfig string) {
	GinkgoHelper()
	plane, err := controlplane.Start(ctx, options)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	scheme, err := controlplane.Scheme()
	Expect(err).NotTo(HaveOccurred())
	admin, err = client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	Expect(plane.GrantOperator(ctx)).To(Succeed())
	content, err := plane.Kubeconfig(controlplane.OperatorUser)
	Expect(err).NotTo(HaveOccurred())
	kubeconfig = filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(kubeconfig, content, 0o600)).To(Succeed())
	return admin, kubeconfig
}

// operator is a running process of the operator.
type operator struct {
	command *exec.Cmd
	log     *gbytes.Buffer
	exited  chan error
}

// startOperator starts the operator and waits until it says that it is ready.
func startOperator(ctx context.Context, endpoint string, flags ...string) *operator {
	GinkgoHelper()
	return startOperatorFor(ctx, suite.kubeconfig, endpoint, flags...)
}

// startOperatorFor starts an operator of the cluster of a kubeconfig.
func startOperatorFor(ctx context.Context, kubeconfig, endpoint string, flags ...string) *operator {
	GinkgoHelper()
	probes := freeAddress()
	command := exec.Command(suite.binary,
		append(flags, "--allowed-endpoints", endpoint, "--health-probe-bind-address", probes)...)
	command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	started := &operator{command: command, log: gbytes.NewBuffer(), exited: make(chan error, 1)}
	command.Stdout, command.Stderr = GinkgoWriter, io.MultiWriter(GinkgoWriter, started.log)
	Expect(command.Start()).To(Succeed())
	go func() { started.exited <- command.Wait(); close(started.exited) }()
	DeferCleanup(started.kill)
	Eventually(func() int { return statusOf(ctx, "http://"+probes+"/readyz") }).WithContext(ctx).Should(Equal(http.StatusOK))
	return started
}

// kill ends the process as a power failure would, and waits until it is gone.
func (o *operator) kill() {
	_ = o.command.Process.Kill()
	<-o.exited
}

// terminate asks the process to end, as the kubelet does.
func (o *operator) terminate() {
	GinkgoHelper()
	Expect(o.command.Process.Signal(syscall.SIGTERM)).To(Succeed())
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
