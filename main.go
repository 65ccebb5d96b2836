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
	"strings"
	"time"

	"go.uber.org/zap/zapcore"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubeconfigs of cloud providers
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/controllers"
	"github.com/ordercloud-operator/ordercloud-operator/internal/logging"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metadata"
	"github.com/ordercloud-operator/ordercloud-operator/internal/readable"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tracing"
)

// version is stamped by the build.
var version = "dev"

// settings are the flags.
type settings struct {
	metricsAddress   string
	metricsSecure    bool
	metricsCertPath  string
	probeAddress     string
	profilingAddress string
	leaderElection   bool
	leaderNamespace  string
	leaseDuration    time.Duration
	renewDeadline    time.Duration
	retryPeriod      time.Duration
	http2            bool
	watchNamespaces  string
	watchSecrets     bool
	noCrossNamespace bool
	allowedEndpoints string
	concurrency      int
	orphanAfter      time.Duration
	zap              zap.Options
}

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
	if err := run(ctrl.SetupSignalHandler(), settings); err != nil {
		ctrl.Log.WithName("setup").Error(err, "The operator stopped")
		os.Exit(1)
	}
}

// parse reads the flags, and whether only the version is asked for. Whatever is
// left over is an error: the flag package stops reading at the first argument
// that is no flag, and would leave out a limit that comes after it.
func parse(flags *flag.FlagSet, arguments []string) (settings, bool, error) {
	// An outage is no bug: a stack trace beside each failed pass would bury the
	// sentence that says what is wrong.
	parsed := settings{zap: zap.Options{StacktraceLevel: zapcore.PanicLevel}}
	flags.StringVar(&parsed.metricsAddress, "metrics-bind-address", "0",
		"Address that the metrics endpoint binds to, such as :8443; 0 switches it off.")
	flags.BoolVar(&parsed.metricsSecure, "metrics-secure", true,
		"Serve metrics over HTTPS, to clients that the API server authenticates and authorizes; false serves plain HTTP to anyone.")
	flags.StringVar(&parsed.metricsCertPath, "metrics-cert-path", "",
		"Directory with tls.crt and tls.key for the metrics endpoint; empty means a self-signed certificate.")
	flags.StringVar(&parsed.probeAddress, "health-probe-bind-address", ":8081",
		"Address that the probes /healthz and /readyz bind to; 0 switches them off.")
	flags.StringVar(&parsed.profilingAddress, "pprof-bind-address", "0",
		"Address that Go's profiles are served at, to anyone who reaches it, such as 127.0.0.1:6060; 0 switches them off.")
	flags.BoolVar(&parsed.leaderElection, "leader-elect", false,
		"Elect a leader among several replicas, so that only one of them is active.")
	flags.StringVar(&parsed.leaderNamespace, "leader-election-namespace", "",
		"Namespace of the lease that elects the leader; empty means the operator's own, which is known only inside a cluster.")
	flags.DurationVar(&parsed.leaseDuration, "leader-election-lease-duration", 15*time.Second,
		"How long another replica waits after the leader's latest sign of life before it takes over.")
	flags.DurationVar(&parsed.renewDeadline, "leader-election-renew-deadline", 10*time.Second,
		"How long a leader that cannot renew its lease goes on trying, without writing to OrderCloud; less than the lease's duration.")
	flags.DurationVar(&parsed.retryPeriod, "leader-election-retry-period", 2*time.Second,
		"How often the leader renews its lease, and how often the others look at it.")
	flags.BoolVar(&parsed.http2, "enable-http2", false,
		"Serve metrics over HTTP/2 too; off because of the Rapid Reset vulnerabilities.")
	flags.StringVar(&parsed.watchNamespaces, "watch-namespaces", "",
		"Comma-separated namespaces whose objects are managed; empty means all. With it, Roles in these namespaces are enough.")
	flags.BoolVar(&parsed.watchSecrets, "watch-secrets", true,
		"See at once that a Secret changed, which needs list and watch on Secrets; false needs get only, and sees it at the next interval.")
	flags.BoolVar(&parsed.noCrossNamespace, "no-cross-namespace-refs", false,
		"Refuse references to Marketplaces of other namespaces, whatever their allowedNamespaces say.")
	flags.StringVar(&parsed.allowedEndpoints, "allowed-endpoints", marketplace.DefaultEndpoints,
		"Comma-separated base URLs that may be contacted, scheme://host[:port]; a host may begin with *. for all its subdomains, and plain http is for loopback hosts only.")
	flags.IntVar(&parsed.concurrency, "max-concurrent-reconciles", 2048,
		"How many objects of one kind are worked on at the same time. They wait rather than work, and share their looks while they do; each Marketplace's rateLimit bounds the calls.")
	flags.DurationVar(&parsed.orphanAfter, "orphan-after", time.Hour,
		"How long a deletion waits for a marketplace that cannot be reached, or whose credentials are gone, before the resource is let go and its object left behind in OrderCloud; 0 waits for ever.")
	showVersion := flags.Bool("version", false, "Print the version and exit.")
	parsed.zap.BindFlags(flags)
	if err := flags.Parse(arguments); err != nil {
		return settings{}, false, err
	}
	if flags.NArg() > 0 {
		return settings{}, false, fmt.Errorf("unexpected argument %q: write a boolean flag as --flag=false", flags.Arg(0))
	}
	return parsed, *showVersion, nil
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
// repeats its data: nobody reads the annotations of what is cached as metadata.
func withoutWhatNobodyReads(object any) (any, error) {
	if known, ok := object.(*metav1.PartialObjectMetadata); ok {
		known.Annotations = nil
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

func split(list string) []string {
	var parts []string
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
