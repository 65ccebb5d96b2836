// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ha_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

// slowServer is the API server behind a proxy that answers some requests never.
type slowServer struct {
	// kubeconfig reaches it as the operator.
	kubeconfig string
	// held is closed when a request has arrived that is not answered.
	held chan struct{}
}

// startSlowServer holds the requests that the function chooses.
func startSlowServer(holds func(*http.Request) bool) *slowServer {
	GinkgoHelper()
	config, err := suite.plane.Config(controlplane.OperatorUser)
	Expect(err).NotTo(HaveOccurred())
	target, err := url.Parse(config.Host)
	Expect(err).NotTo(HaveOccurred())
	transport, err := rest.TransportFor(config)
	Expect(err).NotTo(HaveOccurred())
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(request *httputil.ProxyRequest) { request.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1, // a watch is an answer that never ends
	}
	s := &slowServer{held: make(chan struct{})}
	arrived := sync.OnceFunc(func() { close(s.held) })
	stopped, stop := context.WithCancel(context.Background())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !holds(r) {
			proxy.ServeHTTP(w, r)
			return
		}
		arrived()
		select {
		case <-r.Context().Done():
		case <-stopped.Done():
		}
	}))
	DeferCleanup(server.Close)
	DeferCleanup(stop)

	const name = "slow"
	s.kubeconfig = filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	content, err := clientcmd.Write(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{name: {Server: server.URL}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name}},
		CurrentContext: name,
	})
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(s.kubeconfig, content, 0o600)).To(Succeed())
	return s
}

// fillsCache says whether a request lists or watches the objects of a kind.
func fillsCache(kind string) func(*http.Request) bool {
	return func(request *http.Request) bool {
		return request.Method == http.MethodGet && strings.HasSuffix(request.URL.Path, "/"+kind)
	}
}

var _ = DescribeTable("The operator that is asked to stop before its caches are filled ends at once, with success",
	func(ctx SpecContext, holds func(*http.Request) bool, more ...string) {
		server := startSlowServer(holds)
		namespace := prepare(ctx, 20).namespace
		started := launchReplica("replica", server.kubeconfig, shipped.Options{Namespace: namespace, More: more})
		Eventually(server.held).WithContext(ctx).Should(BeClosed())
		started.signal(syscall.SIGTERM)
		Eventually(started.Exited).WithContext(ctx).Should(Receive(BeNil()))
	},
	Entry("when the API server answers nothing", func(*http.Request) bool { return true }),
	Entry("when it does not answer the list of a kind that the operator reconciles", fillsCache("buyerusers")),
	Entry("when it does not answer the list of a kind that the operator only follows", fillsCache("namespaces")),
	Entry("without leader election, too", fillsCache("buyerusers"), "--leader-elect=false"),
)

var _ = Describe("The operator that waits to become the leader", func() {
	It("ends with success when it is asked to stop", func(ctx SpecContext) {
		s := prepare(ctx, 20)
		leader := s.startReplica("replica-a")
		s.eventuallyMarketplaceReady()
		holder := s.leaseHolder()
		standby := s.startReplica("replica-b")
		Eventually(standby.log).WithContext(ctx).Should(gbytes.Say("Attempting to acquire leader lease"))
		standby.signal(syscall.SIGTERM)
		Eventually(standby.Exited).WithContext(ctx).Should(Receive(BeNil()))
		Expect(s.leaseHolder()).To(Equal(holder))
		Expect(leader.Exited).NotTo(Receive())
	})
})
