// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command ordercloud-operator keeps OrderCloud marketplaces equal to what is
// declared in Kubernetes.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubeconfigs of cloud providers
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/controllers"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/logging"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/memory"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metadata"
	"github.com/ordercloud-operator/ordercloud-operator/internal/readable"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tracing"
)

// version is stamped by the build.
var version = "dev"

func main() {
	flags := flag.NewFlagSet(os.Args[0], flag.ExitOnError)
	settings, showVersion, err := parse(flags, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2) // as the flag package does for a flag that it does not know
	}
	if showVersion {
		fmt.Println(version)
		return
	}
	logging.SetUp(settings.zap)
	if os.Getenv("GOGC") == "" {
		// What the operator does all day is wait: it trades a little processor time
		// for a quarter less memory.
		debug.SetGCPercent(50)
	}
	ctx := ctrl.SetupSignalHandler()
	if err := memory.Follow(ctx); err != nil {
		ctrl.Log.WithName("setup").Error(err, "The container's memory limit is not followed")
	}
	if err := run(ctx, settings); err != nil {
		ctrl.Log.WithName("setup").Error(err, "The operator stopped")
		os.Exit(1)
	}
}

func run(ctx context.Context, settings settings) error {
	endpoints, err := marketplace.ParseEndpoints(split(settings.allowedEndpoints))
	if err != nil {
		return fmt.Errorf("reading the flag --allowed-endpoints: %w", err)
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	stopTracing, err := tracing.Start(ctx, version)
	if err != nil {
		return fmt.Errorf("starting the traces: %w", err)
	}
	defer flush(stopTracing)
	controllers.BoundWrites(config)
	writeFence := newFence(settings)
	return start(ctx, writeFence, func(begin *beginning) error {
		manager, err := newManager(config, settings, begin, writeFence)
		if err != nil {
			return err
		}
		if err := controllers.Setup(ctx, manager, controllers.Options{
			AllowedEndpoints:        endpoints,
			MaxConcurrentReconciles: settings.concurrency,
			UserAgent:               "ordercloud-operator/" + version,
			WatchNamespaces:         split(settings.watchNamespaces),
			UnwatchedSecrets:        !settings.watchSecrets,
			NoCrossNamespaceRefs:    settings.noCrossNamespace,
			OrphanAfter:             settings.orphanAfter,
			WriteFence:              writeFence,
		}); err != nil {
			return err
		}
		if err := addProbes(manager, settings); err != nil {
			return err
		}
		ctrl.Log.WithName("setup").Info("Starting the operator", "version", version)
		if err := manager.Start(ctx); err != nil {
			return fmt.Errorf("running the manager: %w", err)
		}
		return nil
	})
}

// flush sends the last traces, for a while: who does not take them holds up no stop.
func flush(stopTracing func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := stopTracing(ctx); err != nil {
		ctrl.Log.WithName("tracing").Error(err, "Sending the last traces failed")
	}
}

func managerOptions(settings settings) ctrl.Options {
	return ctrl.Options{
		Scheme:                  newScheme(),
		Metrics:                 metricsOptions(settings),
		HealthProbeBindAddress:  settings.probeAddress,
		PprofBindAddress:        settings.profilingAddress,
		LeaderElection:          settings.leaderElection,
		LeaderElectionID:        "ordercloud-operator.ordercloud.io",
		LeaderElectionNamespace: settings.leaderNamespace,
		LeaseDuration:           new(settings.leaseDuration),
		RenewDeadline:           new(settings.renewDeadline),
		RetryPeriod:             new(settings.retryPeriod),
		// The process ends right after the manager does, so that the next leader
		// need not wait for the lease to expire.
		LeaderElectionReleaseOnCancel: true,
		// Longer than what a pass takes to finish its write and record it.
		GracefulShutdownTimeout: new(30 * time.Second),
		Cache:                   cacheOptions(settings),
		NewCache:                readable.NewCache,
		NewClient:               readable.NewClient,
		Client: client.Options{Cache: &client.CacheOptions{
			// A pass must see the status that the one before it has written: which password
			// was set, and how often a drift was put back.
			EnableReadYourWritesConsistency: new(true),
		}},
	}
}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

func cacheOptions(settings settings) cache.Options {
	options := cache.Options{DefaultTransform: withoutWhatNobodyReads}
	for _, namespace := range split(settings.watchNamespaces) {
		if options.DefaultNamespaces == nil {
			options.DefaultNamespaces = map[string]cache.Config{}
		}
		options.DefaultNamespaces[namespace] = cache.Config{}
	}
	return options
}

// withoutWhatNobodyReads takes off what is not to stay in memory. Of Secrets the
// metadata is cached, and the annotation that kubectl apply leaves on one
// repeats its data: nobody reads the annotations of what is cached as metadata. Nor is
// what a user may not have in OrderCloud for its length read.
func withoutWhatNobodyReads(object any) (any, error) {
	switch known := object.(type) {
	case *metav1.PartialObjectMetadata:
		known.Annotations = nil
	case *v1alpha1.BuyerUser:
		external.WithoutLongXP(known)
	}
	return cache.TransformStripManagedFields()(object)
}

func metricsOptions(settings settings) metricsserver.Options {
	options := metricsserver.Options{
		BindAddress:   settings.metricsAddress,
		SecureServing: settings.metricsSecure,
		CertDir:       settings.metricsCertPath,
	}
	if settings.metricsSecure {
		options.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	if !settings.http2 {
		options.TLSOpts = append(options.TLSOpts, func(config *tls.Config) { config.NextProtos = []string{"http/1.1"} })
	}
	return options
}

// addProbes adds a liveness probe that says the process answers, and a readiness
// probe that says it knows its objects: every cache has been filled, and every kind can
// be read. A replica that waits to become the leader is ready, too. A kind that cannot be
// read is no reason for a restart, which would not help.
func addProbes(manager ctrl.Manager, settings settings) error {
	if err := manager.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the liveness probe: %w", err)
	}
	for name, object := range watched(settings) {
		if err := manager.AddReadyzCheck(name+"-synced", synced(manager.GetCache(), object)); err != nil {
			return fmt.Errorf("adding the readiness probe %s-synced: %w", name, err)
		}
	}
	return nil
}

// watched is what the caches are filled with, by its name.
func watched(settings settings) map[string]client.Object {
	objects := map[string]client.Object{
		"marketplaces": &v1alpha1.Marketplace{}, "buyerusers": &v1alpha1.BuyerUser{},
		"impersonationconfigs": &v1alpha1.ImpersonationConfig{}, "impersonationtokens": &v1alpha1.ImpersonationToken{},
	}
	if settings.watchSecrets {
		objects["secrets"] = metadata.Of("Secret")
	}
	if len(split(settings.watchNamespaces)) == 0 {
		objects["namespaces"] = metadata.Of("Namespace")
	}
	return objects
}

func synced(informers cache.Cache, object client.Object) healthz.Checker {
	return func(request *http.Request) error {
		if problem := readable.Problem(informers, object); problem != nil {
			return problem
		}
		informer, err := informers.GetInformer(request.Context(), object, cache.BlockUntilSynced(false))
		if err != nil {
			return fmt.Errorf("getting the informer: %w", err)
		}
		if !informer.HasSynced() {
			return errors.New("the cache is not filled yet")
		}
		return nil
	}
}
