// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/tools/leaderelection"
)

const (
	// mostWorkers is more than any marketplace answers at once; each takes memory.
	mostWorkers = 10_000
	// mostVerboseLevel is the last that fits the logger's numbers: later ones begin again.
	mostVerboseLevel = 127
)

// impossible returns an error for the first flag whose value cannot be meant, with a
// sentence that says what can.
func impossible(given settings, flags *flag.FlagSet) error {
	for _, problem := range []error{
		impossibleAddresses(given),
		impossibleLease(given),
		impossibleNamespaces(given),
		impossibleWork(given),
		impossibleLogLevel(flags.Lookup("zap-log-level").Value.String()),
	} {
		if problem != nil {
			return problem
		}
	}
	return nil
}

func impossibleAddresses(given settings) error {
	var taken []string
	for _, each := range []struct{ flag, address string }{
		{"metrics-bind-address", given.metricsAddress},
		{"health-probe-bind-address", given.probeAddress},
		{"pprof-bind-address", given.profilingAddress},
	} {
		if each.address == "0" {
			continue
		}
		_, port, err := net.SplitHostPort(each.address)
		if err != nil {
			return fmt.Errorf("--%s=%s is no address: write [host]:port, such as :8081, or 0 to switch it off", each.flag, each.address)
		}
		if number, err := strconv.ParseUint(port, 10, 16); err != nil {
			return fmt.Errorf("--%s=%s: the port must be a number from 0 to 65535", each.flag, each.address)
		} else if number != 0 && slices.Contains(taken, each.address) {
			return fmt.Errorf("--%s=%s is the address of another flag: metrics, probes and profiles need one each", each.flag, each.address)
		}
		taken = append(taken, each.address)
	}
	return nil
}

// impossibleLease refuses what the election would refuse when it begins, by its names
// here.
func impossibleLease(given settings) error {
	const lease, renew, retry = "--leader-election-lease-duration", "--leader-election-renew-deadline", "--leader-election-retry-period"
	switch {
	case given.retryPeriod <= 0:
		return fmt.Errorf("%s=%s must be more than 0", retry, given.retryPeriod)
	case given.leaseDuration < time.Second:
		return fmt.Errorf("%s=%s must be at least 1s: a lease says it in whole seconds", lease, given.leaseDuration)
	case given.renewDeadline >= given.leaseDuration:
		return fmt.Errorf("%s=%s must be less than %s=%s: a leader has to stop before another one takes over",
			renew, given.renewDeadline, lease, given.leaseDuration)
	case given.renewDeadline.Seconds() <= leaderelection.JitterFactor*given.retryPeriod.Seconds():
		return fmt.Errorf("%s=%s must be more than %g times %s=%s: else the leader gives up before it has tried twice",
			renew, given.renewDeadline, leaderelection.JitterFactor, retry, given.retryPeriod)
	}
	return nil
}

func impossibleNamespaces(given settings) error {
	watched := split(given.watchNamespaces)
	if given.watchNamespaces != "" && len(watched) == 0 {
		return fmt.Errorf("--watch-namespaces=%q names no namespace: leave it out to manage all", given.watchNamespaces)
	}
	for _, namespace := range watched {
		if len(validation.IsDNS1123Label(namespace)) > 0 {
			return fmt.Errorf("--watch-namespaces: %q can be no namespace's name", namespace)
		}
	}
	if lease := given.leaderNamespace; lease != "" && len(validation.IsDNS1123Label(lease)) > 0 {
		return fmt.Errorf("--leader-election-namespace: %q can be no namespace's name", lease)
	}
	return nil
}

func impossibleWork(given settings) error {
	switch {
	case given.concurrency < 1 || given.concurrency > mostWorkers:
		return fmt.Errorf("--max-concurrent-reconciles=%d must be from 1 to %d", given.concurrency, mostWorkers)
	case given.orphanAfter < 0:
		return fmt.Errorf("--orphan-after=%s must not be negative: 0 waits for ever", given.orphanAfter)
	case len(split(given.allowedEndpoints)) == 0:
		return fmt.Errorf("--allowed-endpoints=%q names no base URL: no Marketplace could be contacted", given.allowedEndpoints)
	}
	return nil
}

func impossibleLogLevel(asked string) error {
	if number, err := strconv.Atoi(strings.TrimSpace(asked)); err == nil && number > mostVerboseLevel {
		return fmt.Errorf("--zap-log-level=%s must be a word or a number up to %d; those above 5 tell no more", asked, mostVerboseLevel)
	}
	return nil
}
