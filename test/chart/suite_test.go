// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chart_test installs the Helm chart in a real API server, with Helm 4 and
// with Helm 3, compares it with config, and runs the operator with what the chart
// grants and no more.
package chart_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

const (
	// repository is the top of the repository, from here.
	repository = "../.."
	// chart is the chart, from there.
	chart = "charts/ordercloud-operator"
	// release is named like the prefix that config/default gives its names.
	release = "ordercloud"
	// system is where config/default and the specs install the operator.
	system = "ordercloud-system"
	// fieldOwner owns what the specs apply.
	fieldOwner = client.FieldOwner("chart-test")
)

// suite is what the specs share.
var suite struct {
	directory string
	helms     map[string]*helm
	rendered  map[string][]*unstructured.Unstructured
	plane     *controlplane.ControlPlane
	admin     client.Client
	// operator is the built program.
	operator string
}

func TestChart(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Chart")
}

// auditPolicy writes down every request, without what is in it.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

var _ = BeforeSuite(func(ctx SpecContext) {
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter)))
	suite.directory = GinkgoT().TempDir()
	suite.rendered = map[string][]*unstructured.Unstructured{}
	suite.helms = map[string]*helm{"Helm 4": newHelm(ctx, "helm4"), "Helm 3": newHelm(ctx, "helm3")}
	suite.operator = filepath.Join(suite.directory, "ordercloud-operator")
	build := exec.CommandContext(ctx, "go", "build", "-o", suite.operator, repository)
	build.Stdout, build.Stderr = GinkgoWriter, GinkgoWriter
	Expect(build.Run()).To(Succeed())

	policy := filepath.Join(suite.directory, "audit.yaml")
	writeFile(policy, auditPolicy)
	suite.plane, suite.admin = startControlPlane(ctx, controlplane.Options{
		CRDDirectories: []string{prometheusCRDs(ctx)},
		APIServerArguments: map[string][]string{
			"audit-policy-file": {policy}, "audit-log-path": {auditLog()},
		},
	})
	for name, labels := range map[string]map[string]string{
		system: {"pod-security.kubernetes.io/enforce": "restricted"},
		"shop": nil, "support": nil, "monitoring": nil,
	} {
		Expect(suite.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})).To(Succeed())
	}
	// The kinds come from the chart, too.
	for _, definition := range ofKind(rendered(ctx), "CustomResourceDefinition") {
		apply(ctx, definition)
	}
})

func auditLog() string { return filepath.Join(suite.directory, "audit.log") }

// startControlPlane starts an API server, and returns an administrator's client.
func startControlPlane(ctx context.Context, options controlplane.Options) (*controlplane.ControlPlane, client.Client) {
	GinkgoHelper()
	plane, err := controlplane.Start(ctx, options)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	scheme, err := controlplane.Scheme()
	Expect(err).NotTo(HaveOccurred())
	admin, err := client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	return plane, admin
}

// The Prometheus Operator as a module of Go's, for the CustomResourceDefinitions in
// it: the API server itself then checks ServiceMonitor and PrometheusRule. Nothing
// of it is compiled, so that no go.mod lists it, and its checksum is here.
const (
	prometheusOperator         = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
	prometheusOperatorChecksum = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="
)

// prometheusCRDs is a directory with the two CustomResourceDefinitions.
func prometheusCRDs(ctx context.Context) string {
	GinkgoHelper()
	download := exec.CommandContext(ctx, "go", "mod", "download", "-json", prometheusOperator)
	download.Stderr = GinkgoWriter
	answer, err := download.Output()
	Expect(err).NotTo(HaveOccurred(), string(answer))
	var module struct{ Dir, Sum string }
	Expect(json.Unmarshal(answer, &module)).To(Succeed())
	Expect(module.Sum).To(Equal(prometheusOperatorChecksum))
	directory := filepath.Join(suite.directory, "prometheus-crds")
	Expect(os.Mkdir(directory, 0o700)).To(Succeed())
	for _, kind := range []string{"servicemonitors", "prometheusrules"} {
		name := "monitoring.coreos.com_" + kind + ".yaml"
		content, err := os.ReadFile(filepath.Join(module.Dir, "example", "prometheus-operator-crd", name))
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(filepath.Join(directory, name), content, 0o600)).To(Succeed())
	}
	return directory
}

// apply applies an object as "kubectl apply --server-side" does.
func apply(ctx context.Context, object *unstructured.Unstructured, options ...client.ApplyOption) {
	GinkgoHelper()
	Expect(tryToApply(ctx, object, options...)).To(Succeed(), "%s %s", object.GetKind(), object.GetName())
}

// tryToApply is an error when the API server refuses the object, also for a field
// that it does not know: server-side apply is strict.
func tryToApply(ctx context.Context, object *unstructured.Unstructured, options ...client.ApplyOption) error {
	return suite.admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(object.DeepCopy()), append(options, fieldOwner, client.ForceOwnership)...)
}

// valuesFile writes values down for Helm.
func valuesFile(values map[string]any) string {
	GinkgoHelper()
	content, err := yaml.Marshal(values)
	Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(GinkgoT().TempDir(), "values.yaml")
	writeFile(path, string(content))
	return path
}

func writeFile(path, content string) {
	GinkgoHelper()
	Expect(os.WriteFile(path, []byte(content), 0o600)).To(Succeed())
}
