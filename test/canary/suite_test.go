// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/test/canary"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

// password is that of every user here.
const password = `Canary/Pass+9&"word`

// suite is what the specs share.
var suite struct {
	plane    *controlplane.ControlPlane
	admin    client.Client
	process  *shipped.Process
	log      *output
	canaries canary.Canaries
	stories  int
}

// output is all that the operator prints, its traces included.
type output struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (o *output) Write(content []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(content)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}

func TestCanary(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(2 * time.Minute)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Canary")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	suite.canaries.Add("password", password)
	plane, err := controlplane.Start(ctx, controlplane.Options{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	suite.plane = plane
	scheme, err := controlplane.Scheme()
	Expect(err).NotTo(HaveOccurred())
	suite.admin, err = client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	Expect(plane.GrantOperator(ctx)).To(Succeed())
	startOperator(ctx)
})

// startOperator starts the operator as a cluster runs it, at the most verbose level, and
// with traces, which go to its output too.
func startOperator(ctx context.Context) {
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
	command, err := shipped.NewCommand(shipped.Options{Endpoints: []string{"http://127.0.0.1:*"}, More: []string{"--zap-log-level=10"}})
	Expect(err).NotTo(HaveOccurred())
	GinkgoT().Setenv("OTEL_TRACES_EXPORTER", "console")
	GinkgoT().Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	suite.log = &output{}
	suite.process, err = command.Start(binary, "ordercloud-operator", kubeconfig, suite.log)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(suite.process.Kill)
	Eventually(func() error { return suite.process.CheckReady(ctx) }).WithContext(ctx).Should(Succeed())
}

// places are all that people and programs can read without reading Secrets, by their names.
func places(ctx context.Context) map[string]string {
	GinkgoHelper()
	all := map[string]string{"the log and the traces": suite.log.String(), "the metrics": metrics(ctx)}
	Expect(all["the log and the traces"]).To(ContainSubstring("SpanContext"), "there are no traces")
	kinds, err := discovery.NewDiscoveryClientForConfig(suite.plane.AdminConfig)
	Expect(err).NotTo(HaveOccurred())
	served, err := kinds.ServerPreferredResources()
	Expect(err).NotTo(HaveOccurred())
	reader, err := dynamic.NewForConfig(suite.plane.AdminConfig)
	Expect(err).NotTo(HaveOccurred())
	for _, group := range served {
		version, err := schema.ParseGroupVersion(group.GroupVersion)
		Expect(err).NotTo(HaveOccurred())
		for _, resource := range group.APIResources {
			if resource.Name == "secrets" || strings.Contains(resource.Name, "/") || !slices.Contains(resource.Verbs, "list") {
				continue
			}
			list, err := reader.Resource(version.WithResource(resource.Name)).List(ctx, metav1.ListOptions{})
			Expect(err).NotTo(HaveOccurred())
			for _, item := range list.Items {
				text, err := json.Marshal(item.Object)
				Expect(err).NotTo(HaveOccurred())
				all[resource.Name+" "+item.GetNamespace()+"/"+item.GetName()] = string(text)
			}
		}
	}
	return all
}

func metrics(ctx context.Context) string {
	GinkgoHelper()
	scraper, err := shipped.NewScraper(ctx, suite.admin)
	Expect(err).NotTo(HaveOccurred())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, suite.process.MetricsURL, http.NoBody)
	Expect(err).NotTo(HaveOccurred())
	response, err := scraper.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	Expect(response.StatusCode).To(Equal(http.StatusOK))
	body, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return string(body)
}
