// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

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

// parse reads the flags, and whether only the version is asked for. Whatever is
// left over is an error: the flag package stops reading at the first argument
// that is no flag, and would leave out a limit that comes after it. So is a value that
// cannot be meant.
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
		"Comma-separated base URLs that may be contacted, scheme://host[:port]; a host may begin with *. for all its subdomains; plain http, and the port *, are for loopback hosts only.")
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
	return parsed, *showVersion, impossible(parsed, flags)
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
