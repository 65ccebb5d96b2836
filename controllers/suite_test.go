// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"net"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/ordercloud-operator/ordercloud-operator/controllers"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/readable"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// maxMarketplaces is how many sandboxes the specs may open: the operator's list
// of allowed endpoints is fixed when it starts.
const maxMarketplaces = 400

// suite is what the specs share: one control plane, one operator.
var suite struct {
	plane     *controlplane.ControlPlane
	scheme    *runtime.Scheme
	admin     client.Client
	listeners chan net.Listener
	endpoints []string
}

func TestControllers(t *testing.T) {
	RegisterFailHandler(Fail)
	// Generous: the machine is shared, and specs wait on state, never on time.
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Controllers")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))

	plane, err := controlplane.Start(ctx, controlplane.Options{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	suite.plane = plane

	suite.scheme, err = controlplane.Scheme()
	Expect(err).NotTo(HaveOccurred())
	suite.admin, err = client.New(plane.AdminConfig, client.Options{Scheme: suite.scheme})
	Expect(err).NotTo(HaveOccurred())

	openListeners()
	Expect(plane.GrantOperator(ctx)).To(Succeed())
	startOperator()
	startWitness(ctx)
	startStandoffs(ctx)
})

// openListeners opens the ports of the sandboxes to come.
func openListeners() {
	suite.listeners = make(chan net.Listener, maxMarketplaces)
	for range maxMarketplaces {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		suite.listeners <- listener
		suite.endpoints = append(suite.endpoints, "http://"+listener.Addr().String())
	}
	DeferCleanup(func() {
		close(suite.listeners)
		for listener := range suite.listeners {
			_ = listener.Close()
		}
	})
}

// nextListener is one of those that the operator may contact. Waiting for one would be for
// ever.
func nextListener() net.Listener {
	GinkgoHelper()
	Expect(suite.listeners).NotTo(BeEmpty(), "the specs open more sandboxes: raise maxMarketplaces")
	return <-suite.listeners
}

// startOperator runs the controllers in this process, for the whole suite.
func startOperator() {
	config, err := suite.plane.Config(controlplane.OperatorUser)
	Expect(err).NotTo(HaveOccurred())
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:  suite.scheme,
		Metrics: metricsserver.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
		// As main has it.
		NewCache:  readable.NewCache,
		NewClient: readable.NewClient,
		Client:    client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: new(true)}},
	})
	Expect(err).NotTo(HaveOccurred())

	endpoints, err := marketplace.ParseEndpoints(suite.endpoints)
	Expect(err).NotTo(HaveOccurred())
	// The context of a setup node ends with the node, and the operator outlives it.
	ctx, cancel := context.WithCancel(context.Background())
	Expect(controllers.Setup(ctx, manager, controllers.Options{
		AllowedEndpoints: endpoints, MaxConcurrentReconciles: 64, UserAgent: "ordercloud-operator/test",
	})).To(Succeed())
	stopped := make(chan error, 1)
	go func() { stopped <- manager.Start(ctx) }()
	DeferCleanup(func() {
		cancel()
		Expect(<-stopped).To(Succeed())
	})
}
