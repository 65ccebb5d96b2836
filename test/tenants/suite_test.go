// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tenants_test lets two tenants and the owner of one Marketplace declare what they
// want, each as a user who has no more than the roles that are shipped, and looks at what
// becomes of it: in OrderCloud, and in what each of the three can read.
package tenants_test

import (
	"context"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

// markets is how many Marketplaces the specs need at most: the operator is told their
// addresses when it starts.
const markets = 24

// suite is what the specs share.
var suite struct {
	plane *controlplane.ControlPlane
	admin client.Client
	// free are the addresses that the operator may contact and that no spec uses yet.
	free []*httptest.Server
	// log is what the operator writes.
	log *gbytes.Buffer
}

func TestTenants(t *testing.T) {
	RegisterFailHandler(Fail)
	log.SetLogger(GinkgoLogr)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Tenants")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	plane, err := controlplane.Start(ctx, controlplane.Options{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	suite.plane = plane
	scheme, err := controlplane.Scheme()
	Expect(err).NotTo(HaveOccurred())
	suite.admin, err = client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	Expect(plane.GrantOperator(ctx)).To(Succeed())
	createShippedRoles(ctx)

	var endpoints []string
	for range markets {
		server := httptest.NewUnstartedServer(nil)
		suite.free = append(suite.free, server)
		endpoints = append(endpoints, "http://"+server.Listener.Addr().String())
	}
	startOperator(ctx, endpoints)
})

// serve gives a sandbox one of the addresses that the operator may contact.
func serve(box *sandbox.Sandbox) (url string) {
	GinkgoHelper()
	Expect(suite.free).NotTo(BeEmpty(), "raise the constant markets")
	server := suite.free[0]
	suite.free = suite.free[1:]
	server.Config.Handler = box
	server.Start()
	DeferCleanup(server.Close)
	return server.URL
}

// startOperator starts the operator as a cluster runs it, and waits until it is ready.
func startOperator(ctx context.Context, endpoints []string) {
	GinkgoHelper()
	directory := GinkgoT().TempDir()
	binary := filepath.Join(directory, "ordercloud-operator")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "../..")
	build.Stdout, build.Stderr = GinkgoWriter, GinkgoWriter
	Expect(build.Run()).To(Succeed())
	content, err := suite.plane.Kubeconfig(controlplane.OperatorUser)
	Expect(err).NotTo(HaveOccurred())
	kubeconfig := filepath.Join(directory, "kubeconfig")
	Expect(os.WriteFile(kubeconfig, content, 0o600)).To(Succeed())

	command, err := shipped.NewCommand(shipped.Options{Endpoints: endpoints})
	Expect(err).NotTo(HaveOccurred())
	suite.log = gbytes.NewBuffer()
	process, err := command.Start(binary, "ordercloud-operator", kubeconfig, io.MultiWriter(GinkgoWriter, suite.log))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(process.Kill)
	Eventually(func() error { return process.CheckReady(ctx) }).WithContext(ctx).Should(Succeed())
}

// clientOf reaches the API server as a user of whom it knows no more than the name.
func clientOf(user string) client.Client {
	GinkgoHelper()
	config := rest.CopyConfig(suite.plane.AdminConfig)
	config.Impersonate = rest.ImpersonationConfig{UserName: user}
	made, err := client.New(config, client.Options{Scheme: suite.admin.Scheme(), Mapper: suite.admin.RESTMapper()})
	Expect(err).NotTo(HaveOccurred())
	return made
}
