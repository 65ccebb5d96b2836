// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllertest"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

func parseFlags(t *testing.T, arguments ...string) (settings, bool) {
	t.Helper()
	flags := flag.NewFlagSet("ordercloud-operator", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	parsed, showVersion, err := parse(flags, arguments)
	if err != nil {
		t.Fatal(err)
	}
	return parsed, showVersion
}

func TestAnArgumentThatCannotBeMeantIsAnError(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"a boolean's value": {
			[]string{"--leader-elect", "false", "--allowed-endpoints", "https://sandboxapi.ordercloud.io"},
			`unexpected argument "false": write a boolean flag as --flag=false`,
		},
		"after the flags":     {[]string{"--leader-elect", "x"}, `unexpected argument "x": write a boolean flag as --flag=false`},
		"no workers":          {[]string{"--max-concurrent-reconciles=0"}, "--max-concurrent-reconciles=0 must be from 1 to 10000"},
		"fewer than none":     {[]string{"--max-concurrent-reconciles=-5"}, "--max-concurrent-reconciles=-5 must be from 1 to 10000"},
		"a million":           {[]string{"--max-concurrent-reconciles=1000000"}, "--max-concurrent-reconciles=1000000 must be from 1 to 10000"},
		"a wait that is over": {[]string{"--orphan-after=-1h"}, "--orphan-after=-1h0m0s must not be negative: 0 waits for ever"},
		"a port too high": {
			[]string{"--metrics-bind-address=:70000"}, "--metrics-bind-address=:70000: the port must be a number from 0 to 65535",
		},
		"a port below zero": {
			[]string{"--pprof-bind-address=127.0.0.1:-1"}, "--pprof-bind-address=127.0.0.1:-1: the port must be a number from 0 to 65535",
		},
		"a port alone": {
			[]string{"--health-probe-bind-address=8081"},
			"--health-probe-bind-address=8081 is no address: write [host]:port, such as :8081, or 0 to switch it off",
		},
		"an address twice": {
			[]string{"--metrics-bind-address=:8081"},
			"--health-probe-bind-address=:8081 is the address of another flag: metrics, probes and profiles need one each",
		},
		"a lease that ends too soon": {
			[]string{"--leader-election-lease-duration=5s"},
			"--leader-election-renew-deadline=10s must be less than --leader-election-lease-duration=5s: a leader has to stop before another one takes over",
		},
		"a lease of no time": {
			[]string{"--leader-election-lease-duration=0s"},
			"--leader-election-lease-duration=0s must be at least 1s: a lease says it in whole seconds",
		},
		"renewals too seldom": {
			[]string{"--leader-election-retry-period=9s"},
			"--leader-election-renew-deadline=10s must be more than 1.2 times --leader-election-retry-period=9s: else the leader gives up before it has tried twice",
		},
		"renewals without end": {[]string{"--leader-election-retry-period=-1s"}, "--leader-election-retry-period=-1s must be more than 0"},
		"no namespace":         {[]string{"--watch-namespaces= ,"}, `--watch-namespaces=" ," names no namespace: leave it out to manage all`},
		"a wrong namespace":    {[]string{"--watch-namespaces=shop,Team A"}, `--watch-namespaces: "Team A" can be no namespace's name`},
		"a wrong lease's": {
			[]string{"--leader-election-namespace=a/b"}, `--leader-election-namespace: "a/b" can be no namespace's name`,
		},
		"no endpoint": {
			[]string{"--allowed-endpoints="}, `--allowed-endpoints="" names no base URL: no Marketplace could be contacted`,
		},
		"a level that wraps around": {
			[]string{"--zap-log-level=200"}, "--zap-log-level=200 must be a word or a number up to 127; those above 5 tell no more",
		},
		"a flag's typo": {[]string{"--allowed-endpoint=https://x"}, "flag provided but not defined: -allowed-endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			flags := flag.NewFlagSet("ordercloud-operator", flag.ContinueOnError)
			flags.SetOutput(io.Discard)
			_, _, err := parse(flags, test.arguments)
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestFlagsHaveSafeDefaults(t *testing.T) {
	defaults := settings{
		metricsAddress: "0", metricsSecure: true, probeAddress: ":8081", profilingAddress: "0",
		watchSecrets: true, allowedEndpoints: "https://*.ordercloud.io", concurrency: 2048, orphanAfter: time.Hour,
		// As Kubernetes' own components have them.
		leaseDuration: 15 * time.Second, renewDeadline: 10 * time.Second, retryPeriod: 2 * time.Second,
	}
	changed := func(change func(*settings)) settings {
		expected := defaults
		change(&expected)
		return expected
	}
	for name, test := range map[string]struct {
		arguments []string
		want      settings
	}{
		"none":            {nil, defaults},
		"metrics":         {[]string{"--metrics-bind-address=:8443"}, changed(func(s *settings) { s.metricsAddress = ":8443" })},
		"plain metrics":   {[]string{"--metrics-secure=false"}, changed(func(s *settings) { s.metricsSecure = false })},
		"certificate":     {[]string{"--metrics-cert-path=/tls"}, changed(func(s *settings) { s.metricsCertPath = "/tls" })},
		"probes":          {[]string{"--health-probe-bind-address=0"}, changed(func(s *settings) { s.probeAddress = "0" })},
		"leader election": {[]string{"--leader-elect"}, changed(func(s *settings) { s.leaderElection = true })},
		"lease":           {[]string{"--leader-election-lease-duration=1m"}, changed(func(s *settings) { s.leaseDuration = time.Minute })},
		"renew deadline":  {[]string{"--leader-election-renew-deadline=9s"}, changed(func(s *settings) { s.renewDeadline = 9 * time.Second })},
		"retry period":    {[]string{"--leader-election-retry-period=1s"}, changed(func(s *settings) { s.retryPeriod = time.Second })},
		"HTTP/2":          {[]string{"--enable-http2"}, changed(func(s *settings) { s.http2 = true })},
		"namespaces":      {[]string{"--watch-namespaces=a,b"}, changed(func(s *settings) { s.watchNamespaces = "a,b" })},
		"profiles":        {[]string{"--pprof-bind-address=127.0.0.1:6060"}, changed(func(s *settings) { s.profilingAddress = "127.0.0.1:6060" })},
		"orphans":         {[]string{"--orphan-after=0"}, changed(func(s *settings) { s.orphanAfter = 0 })},
		"Secrets":         {[]string{"--watch-secrets=false"}, changed(func(s *settings) { s.watchSecrets = false })},
		"own namespaces":  {[]string{"--no-cross-namespace-refs"}, changed(func(s *settings) { s.noCrossNamespace = true })},
		"endpoints":       {[]string{"--allowed-endpoints=https://x"}, changed(func(s *settings) { s.allowedEndpoints = "https://x" })},
		"concurrency":     {[]string{"--max-concurrent-reconciles=3"}, changed(func(s *settings) { s.concurrency = 3 })},
	} {
		t.Run(name, func(t *testing.T) {
			got, showVersion := parseFlags(t, test.arguments...)
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(settings{}), cmpopts.IgnoreFields(settings{}, "zap")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if showVersion {
				t.Error("shows the version")
			}
		})
	}
	if _, showVersion := parseFlags(t, "--version"); !showVersion {
		t.Error("--version does not show the version")
	}
}

func TestTheDefaultEndpointsAreOrderCloudsOnly(t *testing.T) {
	defaults, _ := parseFlags(t)
	endpoints, err := marketplace.ParseEndpoints(split(defaults.allowedEndpoints))
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]bool{
		"https://sandboxapi.ordercloud.io": true, "https://evil.example": false, "http://127.0.0.1:9990": false,
	} {
		if endpoints.Allows(url) != want {
			t.Errorf("%s: allowed %v", url, !want)
		}
	}
}

func TestAWrongEndpointStopsTheOperatorAtOnce(t *testing.T) {
	wrong, _ := parseFlags(t, "--allowed-endpoints=https://*.ordercloud.io,http://api.ordercloud.io")
	err := run(t.Context(), wrong)
	if err == nil || !strings.Contains(err.Error(), "--allowed-endpoints") || !strings.Contains(err.Error(), `"http://api.ordercloud.io"`) {
		t.Errorf("got %v", err)
	}
}

func TestTheManagerIsSetUpAsTheFlagsSay(t *testing.T) {
	t.Run("by default", func(t *testing.T) {
		defaults, _ := parseFlags(t)
		options := managerOptions(defaults)
		if options.LeaderElection || options.LeaderElectionID == "" || !options.LeaderElectionReleaseOnCancel {
			t.Errorf("leader election %v as %q, released %v", options.LeaderElection, options.LeaderElectionID, options.LeaderElectionReleaseOnCancel)
		}
		if options.Cache.DefaultNamespaces != nil {
			t.Errorf("restricted to %v", options.Cache.DefaultNamespaces)
		}
		if options.HealthProbeBindAddress != ":8081" || options.Metrics.BindAddress != "0" {
			t.Errorf("probes at %q, metrics at %q", options.HealthProbeBindAddress, options.Metrics.BindAddress)
		}
		if !options.Metrics.SecureServing || options.Metrics.FilterProvider == nil {
			t.Error("anyone may read metrics")
		}
		if got := protocols(options.Metrics.TLSOpts); !slices.Equal(got, []string{"http/1.1"}) {
			t.Errorf("metrics speak %v", got)
		}
		// What the engine's safety rests on: see lifecycle.Reconciler.Client.
		if reads := options.Client.Cache.EnableReadYourWritesConsistency; reads == nil || !*reads {
			t.Error("the client does not read its own writes")
		}
		if options.GracefulShutdownTimeout == nil || *options.GracefulShutdownTimeout <= 25*time.Second {
			t.Errorf("stops after %v, before a pass has recorded its write", options.GracefulShutdownTimeout)
		}
	})
	t.Run("with flags", func(t *testing.T) {
		given, _ := parseFlags(t, "--leader-elect", "--watch-namespaces= a, ,b,", "--metrics-secure=false",
			"--metrics-bind-address=:8080", "--metrics-cert-path=/tls", "--enable-http2",
			"--leader-election-lease-duration=4s", "--leader-election-renew-deadline=3s", "--leader-election-retry-period=1s")
		options := managerOptions(given)
		if !options.LeaderElection {
			t.Error("no leader election")
		}
		if *options.LeaseDuration != 4*time.Second || *options.RenewDeadline != 3*time.Second || *options.RetryPeriod != time.Second {
			t.Errorf("a lease of %v, renewed within %v, looked at every %v", options.LeaseDuration, options.RenewDeadline, options.RetryPeriod)
		}
		if got := slices.Sorted(maps.Keys(options.Cache.DefaultNamespaces)); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("namespaces %q", got)
		}
		if options.Metrics.SecureServing || options.Metrics.FilterProvider != nil || options.Metrics.BindAddress != ":8080" || options.Metrics.CertDir != "/tls" {
			t.Errorf("metrics %+v", options.Metrics)
		}
		if got := protocols(options.Metrics.TLSOpts); got != nil {
			t.Errorf("metrics speak only %v", got)
		}
	})
}

func TestTheCacheKeepsNoCopyOfASecretsData(t *testing.T) {
	applied := map[string]string{corev1.LastAppliedConfigAnnotation: `{"stringData":{"password":"q7"}}`}
	written := []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
	for name, test := range map[string]struct {
		object client.Object
		want   map[string]string
	}{
		"metadata":      {&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Annotations: applied, ManagedFields: written, Name: "a"}}, nil},
		"an object":     {&v1alpha1.BuyerUser{ObjectMeta: metav1.ObjectMeta{Annotations: applied, ManagedFields: written, Name: "a"}}, applied},
		"no fields":     {&v1alpha1.BuyerUser{ObjectMeta: metav1.ObjectMeta{Annotations: applied, Name: "a"}}, applied},
		"bare metadata": {&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cacheOptions(settings{}).DefaultTransform(test.object)
			if err != nil {
				t.Fatal(err)
			}
			kept, ok := got.(client.Object)
			if !ok || kept.GetName() != "a" {
				t.Fatalf("got %v", got)
			}
			if diff := cmp.Diff(test.want, kept.GetAnnotations()); diff != "" {
				t.Errorf("annotations (-want +got)\n%s", diff)
			}
			if kept.GetManagedFields() != nil {
				t.Errorf("managed fields %v", kept.GetManagedFields())
			}
		})
	}
	gone := toolscache.DeletedFinalStateUnknown{Key: "shop/a"}
	if got, err := cacheOptions(settings{}).DefaultTransform(gone); err != nil || got != any(gone) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTheCacheKeepsNoExtendedPropertiesThatAreTooLong(t *testing.T) {
	user := &v1alpha1.BuyerUser{}
	user.Spec.XP = &runtime.RawExtension{Raw: []byte(`{"a":"` + strings.Repeat("x", 900_000) + `"}`)}
	got, err := cacheOptions(settings{}).DefaultTransform(user)
	if kept, ok := got.(*v1alpha1.BuyerUser); err != nil || !ok || string(kept.Spec.XP.Raw) != "900008" {
		t.Errorf("got %v, %v", got, err)
	}
}

func protocols(options []func(*tls.Config)) []string {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	for _, apply := range options {
		apply(config)
	}
	return config.NextProtos
}

func TestTheSchemeKnowsWhatTheOperatorReads(t *testing.T) {
	scheme := newScheme()
	for _, kind := range []string{"Marketplace", "BuyerUser", "ImpersonationConfig"} {
		if !scheme.Recognizes(v1alpha1.GroupVersion.WithKind(kind)) {
			t.Errorf("%s is unknown", kind)
		}
	}
	for _, kind := range []string{"Secret", "Namespace"} {
		if !scheme.Recognizes(corev1.SchemeGroupVersion.WithKind(kind)) {
			t.Errorf("%s is unknown", kind)
		}
	}
}

func TestAReplicaIsReadyWhenItKnowsItsObjects(t *testing.T) {
	request := httptest.NewRequest(http.MethodGet, "/readyz", http.NoBody)
	informer := controllertest.NewFakeInformer()
	informers := &informertest.FakeInformers{
		Scheme: newScheme(),
		InformersByGVK: map[schema.GroupVersionKind]toolscache.SharedIndexInformer{
			v1alpha1.GroupVersion.WithKind("BuyerUser"): informer,
		},
	}
	check := synced(informers, &v1alpha1.BuyerUser{})
	if err := check(request); err == nil || err.Error() != "the cache is not filled yet" {
		t.Errorf("while it is filling: %v", err)
	}
	informer.Synced()
	if err := check(request); err != nil {
		t.Errorf("when it is filled: %v", err)
	}
	informers.Error = errors.New("no")
	if err := check(request); err == nil || err.Error() != "getting the informer: no" {
		t.Errorf("when there is none: %v", err)
	}
}

func TestWhatIsWatchedFollowsFromTheFlags(t *testing.T) {
	always := []string{"buyerusers", "impersonationconfigs", "impersonationtokens", "marketplaces"}
	for name, test := range map[string]struct {
		arguments []string
		want      []string
	}{
		"by default":         {nil, append(slices.Clone(always), "namespaces", "secrets")},
		"no Secrets":         {[]string{"--watch-secrets=false"}, append(slices.Clone(always), "namespaces")},
		"some namespaces":    {[]string{"--watch-namespaces=a"}, append(slices.Clone(always), "secrets")},
		"no more than kinds": {[]string{"--watch-namespaces=a", "--watch-secrets=false"}, always},
	} {
		t.Run(name, func(t *testing.T) {
			given, _ := parseFlags(t, test.arguments...)
			if diff := cmp.Diff(test.want, slices.Sorted(maps.Keys(watched(given)))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAListIsSplitAtItsCommas(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, " , ,": nil, "a": {"a"}, "a,b": {"a", "b"}, " a , b ,": {"a", "b"},
	} {
		if diff := cmp.Diff(want, split(text)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	}
}
