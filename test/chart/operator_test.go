// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

// request is one of the operator's, as the API server has written it down.
type request struct {
	Verb       string
	RequestURI string
	Code       int
}

// requestsOf are all requests of a user so far.
func requestsOf(user string) []request {
	GinkgoHelper()
	written, err := os.ReadFile(auditLog())
	Expect(err).NotTo(HaveOccurred())
	var found []request
	for line := range bytes.Lines(written) {
		var entry struct {
			Verb, RequestURI string
			User             struct{ Username string }
			ResponseStatus   struct{ Code int }
		}
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		Expect(json.Unmarshal(line, &entry)).To(Succeed())
		if entry.User.Username == user {
			found = append(found, request{entry.Verb, entry.RequestURI, entry.ResponseStatus.Code})
		}
	}
	return found
}

// operator is a running process of the operator.
type operator struct {
	*shipped.Process

	log *gbytes.Buffer
}

// startOperator runs the operator as its Deployment would, as the ServiceAccount of
// the chart, and waits until it is ready. Only addresses are this machine's.
func startOperator(ctx context.Context, user, namespace string, deployment *appsv1.Deployment) *operator {
	GinkgoHelper()
	kubeconfig, err := suite.plane.Kubeconfig(user)
	Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	writeFile(path, string(kubeconfig))

	command, err := shipped.NewCommand(shipped.Options{
		Arguments: deployment.Spec.Template.Spec.Containers[0].Args, Namespace: namespace,
	})
	Expect(err).NotTo(HaveOccurred())
	started := &operator{log: gbytes.NewBuffer()}
	started.Process, err = command.Start(suite.operator, "ordercloud-operator", path, io.MultiWriter(GinkgoWriter, started.log))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(started.stop)
	Eventually(func() error { return started.CheckReady(ctx) }).WithContext(ctx).Should(Succeed())
	return started
}

// stop asks the operator to end, as a node does.
func (o *operator) stop(ctx SpecContext) {
	_ = o.Signal(syscall.SIGTERM)
	Eventually(o.Exited).WithContext(ctx).Should(BeClosed())
}

// scrape is what Prometheus gets, as the holder of a token.
func (o *operator) scrape(ctx context.Context, token string) (status int, content string) {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.MetricsURL, http.NoBody)
	Expect(err).NotTo(HaveOccurred())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// As the ServiceMonitor: the operator has made its certificate itself.
	scraper := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer scraper.CloseIdleConnections()
	response, err := scraper.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(read)
}

// tokenOf is a token of a ServiceAccount, which is made if it is not there.
func tokenOf(ctx context.Context, namespace, name string) string {
	GinkgoHelper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	Expect(client.IgnoreAlreadyExists(suite.admin.Create(ctx, account))).To(Succeed())
	asked := &authenticationv1.TokenRequest{}
	Expect(suite.admin.SubResource("token").Create(ctx, account, asked)).To(Succeed())
	return asked.Status.Token
}

// expectNothingRefused looks for requests that the API server has refused.
func expectNothingRefused(user string) {
	GinkgoHelper()
	requests := requestsOf(user)
	Expect(len(requests)).To(BeNumerically(">", 10), "the audit log says little of %s", user)
	var refused []string
	for _, each := range requests {
		if each.Code == http.StatusForbidden {
			refused = append(refused, each.Verb+" "+each.RequestURI)
		}
	}
	Expect(strings.Join(refused, "\n")).To(BeEmpty())
}
