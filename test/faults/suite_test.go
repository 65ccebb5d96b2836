// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package faults_test kills the operator, as a process of its own, between any
// two of its writes, deletes whole namespaces under it and lets two of them fight,
// and looks at what is left in Kubernetes and in OrderCloud.
package faults_test

import (
	"context"
	"io"
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
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
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
	*shipped.Process

	log   *gbytes.Buffer
	admin client.Client
}

// startOperator starts the operator and waits until it says that it is ready.
func startOperator(ctx context.Context, endpoints []string, flags ...string) *operator {
	GinkgoHelper()
	return startOperatorFor(ctx, suite.admin, suite.kubeconfig, endpoints, flags...)
}

// startOperatorFor starts an operator of the cluster of a kubeconfig.
func startOperatorFor(ctx context.Context, admin client.Client, kubeconfig string, endpoints []string, flags ...string) *operator {
	GinkgoHelper()
	command, err := shipped.NewCommand(shipped.Options{Endpoints: endpoints, More: flags})
	Expect(err).NotTo(HaveOccurred())
	started := &operator{log: gbytes.NewBuffer(), admin: admin}
	started.Process, err = command.Start(suite.binary, "ordercloud-operator", kubeconfig, io.MultiWriter(GinkgoWriter, started.log))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(started.kill)
	Eventually(func() error { return started.CheckReady(ctx) }).WithContext(ctx).Should(Succeed())
	return started
}

// kill ends the process as a power failure would, and waits until it is gone. The one
// that is started next need not wait for its lease to run out.
func (o *operator) kill() {
	GinkgoHelper()
	o.Kill()
	Expect(shipped.ExpireLease(context.Background(), o.admin, controlplane.SystemNamespace)).To(Succeed())
}

// terminate asks the process to end, as the kubelet does.
func (o *operator) terminate() {
	GinkgoHelper()
	Expect(o.Signal(syscall.SIGTERM)).To(Succeed())
}
