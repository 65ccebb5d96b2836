// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policy_test installs config/policy in a real API server, and looks at
// what is refused, what is accepted, and what the operator can do meanwhile.
package policy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

const (
	// policies is config/policy as it is.
	policies = "config/policy"
	// overlay is the example of docs/policy.md.
	overlay = "test/policy/testdata/overlay"
	// elsewhere has other names, for the parameters' namespace, too.
	elsewhere = "test/policy/testdata/elsewhere"

	// repository is the top of the repository, from here.
	repository = "../.."
	// fieldOwner owns what the specs apply.
	fieldOwner = client.FieldOwner("policy-test")
)

// suite is what the specs share.
var suite struct {
	plane *controlplane.ControlPlane
	admin client.Client
}

func TestPolicy(t *testing.T) {
	RegisterFailHandler(Fail)
	// The API server takes a policy, a parameter or a label into account when it
	// hears of it by a watch: specs wait for what it answers.
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Policy")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter)))

	plane, err := controlplane.Start(ctx, controlplane.Options{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	suite.plane = plane

	scheme, err := controlplane.Scheme()
	Expect(err).NotTo(HaveOccurred())
	suite.admin, err = client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	Expect(plane.GrantOperator(ctx)).To(Succeed())

	for name, meta := range map[string]metav1.ObjectMeta{
		"shop":            {},
		"service-desk":    {Annotations: map[string]string{profilesAnnotation: "cs-*", anyBuyerAnnotation: "Allowed"}},
		"shop-production": {Labels: map[string]string{environmentLabel: "production"}},
		"shop-capital":    {Labels: map[string]string{environmentLabel: "Production"}},
		"shop-staging":    {Labels: map[string]string{environmentLabel: "staging"}},
	} {
		meta.Name = name
		Expect(suite.admin.Create(ctx, &corev1.Namespace{ObjectMeta: meta})).To(Succeed())
	}
})

// build is what kustomize makes of a directory of the repository.
func build(ctx context.Context, directory string) []*unstructured.Unstructured {
	GinkgoHelper()
	kustomize := exec.CommandContext(ctx, "go", "tool", "-modfile=hack/tools/go.mod", "kustomize", "build", directory)
	kustomize.Dir, kustomize.Stderr = repository, GinkgoWriter
	manifests, err := kustomize.Output()
	Expect(err).NotTo(HaveOccurred())

	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		Expect(err).NotTo(HaveOccurred())
		objects = append(objects, object)
	}
}

// install applies the overlay as "kubectl apply --server-side -k" does, and waits
// until all policies are in force. They go when the spec, or its container,
// ends; the parameters' namespace stays, for want of a namespace controller.
func install(ctx context.Context) {
	GinkgoHelper()
	objects := build(ctx, overlay)
	for _, object := range objects {
		apply(ctx, object)
	}
	DeferCleanup(func(ctx SpecContext) {
		for _, object := range objects {
			if object.GetKind() != "Namespace" {
				Expect(client.IgnoreNotFound(suite.admin.Delete(ctx, object))).To(Succeed())
			}
		}
		for _, violation := range violations() {
			Eventually(dryRun).WithArguments(ctx, violation).Should(Succeed())
		}
	})
	for policy, violation := range violations() {
		Eventually(dryRun).WithArguments(ctx, violation).Should(beRefusedBy(policy))
	}
}

func apply(ctx context.Context, object *unstructured.Unstructured) {
	GinkgoHelper()
	applied := client.ApplyConfigurationFromUnstructured(object.DeepCopy())
	Expect(suite.admin.Apply(ctx, applied, fieldOwner, client.ForceOwnership)).To(Succeed())
}

// dryRun creates the object, and stores nothing.
func dryRun(ctx context.Context, object client.Object) error {
	copied, _ := object.DeepCopyObject().(client.Object)
	return suite.admin.Create(ctx, copied, client.DryRunAll)
}

// read is the content of a file of the repository.
func read(path string) string {
	GinkgoHelper()
	content, err := os.ReadFile(repository + "/" + path)
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}
