// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package unreadable_test runs the operator as a process beside an object that the API
// server holds and that does not decode, and looks at what goes on.
package unreadable_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// suite is what the specs share.
var suite struct {
	admin      client.Client
	binary     string
	kubeconfig string
}

func TestUnreadableKinds(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(3 * time.Minute)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Unreadable kinds")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	plane, err := controlplane.Start(ctx, controlplane.Options{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	scheme, err := controlplane.Scheme()
	Expect(err).NotTo(HaveOccurred())
	suite.admin, err = client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	Expect(plane.GrantOperator(ctx)).To(Succeed())
	content, err := plane.Kubeconfig(controlplane.OperatorUser)
	Expect(err).NotTo(HaveOccurred())
	directory := GinkgoT().TempDir()
	suite.kubeconfig = filepath.Join(directory, "kubeconfig")
	Expect(os.WriteFile(suite.kubeconfig, content, 0o600)).To(Succeed())
	for kind, field := range looseFields {
		loosen(ctx, resources[kind], field)
	}

	suite.binary = filepath.Join(directory, "ordercloud-operator")
	build := exec.CommandContext(ctx, "go", "build", "-o", suite.binary, "../..")
	build.Stdout, build.Stderr = GinkgoWriter, GinkgoWriter
	Expect(build.Run()).To(Succeed())
})

// looseFields are fields, by kind, that these CRDs let be of any type.
var looseFields = map[string]string{
	marketplaceKind: "interval", buyerUserKind: "phone", configKind: "interval", tokenKind: "refreshBefore",
}

// loosen takes the type of a field out of a CRD, as an earlier version may have been.
func loosen(ctx context.Context, resource, field string) {
	GinkgoHelper()
	crd := crdOf(resource)
	path := "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/" + field
	patch := fmt.Sprintf(`[{"op":"replace","path":%q,"value":{"x-kubernetes-preserve-unknown-fields":true}}]`, path)
	Expect(suite.admin.Patch(ctx, crd, client.RawPatch(types.JSONPatchType, []byte(patch)))).To(Succeed())
}

// operator is a running process of the operator.
type operator struct {
	probes, metrics string
	process         *os.Process
	exited          chan error
}

// startOperator starts the operator, and does not wait until it is ready.
func startOperator(flags ...string) *operator {
	GinkgoHelper()
	started := &operator{probes: "http://" + freeAddress(), metrics: "http://" + freeAddress(), exited: make(chan error, 1)}
	command := exec.Command(suite.binary, append(flags, "--leader-elect", "--metrics-secure=false",
		"--health-probe-bind-address", started.probes[len("http://"):], "--metrics-bind-address", started.metrics[len("http://"):])...)
	command.Env = append(os.Environ(), "KUBECONFIG="+suite.kubeconfig)
	command.Stdout, command.Stderr = GinkgoWriter, GinkgoWriter
	Expect(command.Start()).To(Succeed())
	started.process = command.Process
	go func() { started.exited <- command.Wait(); close(started.exited) }()
	DeferCleanup(func() {
		_ = command.Process.Kill()
		<-started.exited
	})
	return started
}

// says asks a URL for its status and its text; 0 when nobody answers.
func says(ctx context.Context, url string) (int, string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	Expect(err).NotTo(HaveOccurred())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

func statusOf(ctx context.Context, url string) int {
	status, _ := says(ctx, url)
	return status
}

func textOf(ctx context.Context, url string) string {
	_, text := says(ctx, url)
	return text
}

func freeAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
