// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package inventory counts the declared objects when metrics are scraped: how many
// are in which state, which Marketplace fails and why, and when tokens expire.
package inventory

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
)

// Labels of the metrics. marketplace is NAMESPACE/NAME.
const (
	labelKind        = "kind"
	labelNamespace   = "namespace"
	labelMarketplace = "marketplace"
	labelState       = "state"
	labelReason      = "reason"
)

var (
	resources = metrics.Define("ordercloud_resources", metrics.Gauge,
		"Objects by kind, by the namespace that they are in, by the Marketplace that they refer to and by state. Every object is in exactly one state.",
		labelKind, labelNamespace, labelMarketplace, labelState)
	failing = metrics.Define("ordercloud_marketplace_failing", metrics.Gauge,
		"1 while the latest check of a Marketplace did not succeed, with the reason of its condition Synced; else there is none.",
		labelMarketplace, labelReason)
	interval = metrics.Define("ordercloud_marketplace_interval_seconds", metrics.Gauge,
		"Seconds within which something of a Marketplace is to be compared: the shortest interval of its objects that are ready or drifted; none while there are no such objects.",
		labelMarketplace)
	limit = metrics.Define("ordercloud_api_requests_limit_per_second", metrics.Gauge,
		"Requests per second that spec.rateLimit of a Marketplace admits on average.", labelMarketplace)
	expiry = metrics.Define("ordercloud_token_expiry_timestamp_seconds", metrics.Gauge,
		"When the first of the tokens expires that the ImpersonationTokens of a namespace keep, in seconds since 1970. Tokens of objects that are suspended or being deleted do not count.",
		labelNamespace, labelMarketplace)
)

// Collector computes the metrics of objects from the cache. It is registered only
// while this replica leads: others have the same objects in their caches, and would
// count each of them again.
type Collector struct {
	reader client.Reader
}

var (
	_ prometheus.Collector           = (*Collector)(nil)
	_ manager.LeaderElectionRunnable = (*Collector)(nil)
)

// New returns a collector of the objects in a cache, to be added to the manager of
// that cache. It makes sure that the cache watches every kind: a scrape must not be
// what starts a watch.
func New(ctx context.Context, objects cache.Cache) (*Collector, error) {
	for _, kind := range []client.Object{
		&v1alpha1.Marketplace{}, &v1alpha1.BuyerUser{}, &v1alpha1.ImpersonationConfig{}, &v1alpha1.ImpersonationToken{},
	} {
		if _, err := objects.GetInformer(ctx, kind, cache.BlockUntilSynced(false)); err != nil {
			return nil, fmt.Errorf("watching %T: %w", kind, err)
		}
	}
	return &Collector{reader: objects}, nil
}

// NeedLeaderElection says that only the leader runs the collector.
func (c *Collector) NeedLeaderElection() bool { return true }

// Start has the metrics scraped until the context ends.
func (c *Collector) Start(ctx context.Context) error {
	if err := ctrlmetrics.Registry.Register(c); err != nil {
		return fmt.Errorf("registering the metrics of objects: %w", err)
	}
	defer ctrlmetrics.Registry.Unregister(c)
	metrics.Leads(true)
	defer metrics.Leads(false)
	<-ctx.Done()
	return nil
}

// Describe sends what the collector collects.
func (c *Collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{resources, failing, interval, limit, expiry} {
		descriptions <- description
	}
}

// Collect counts the objects in the cache. What cannot be counted is left out and
// logged: an error here would take all other metrics away with it.
func (c *Collector) Collect(collected chan<- prometheus.Metric) {
	ctx := context.Background()
	counted := newCount()
	if err := c.count(ctx, counted); err != nil {
		log.Log.WithName("inventory").Error(err, "Objects could not be counted")
	}
	counted.collect(collected)
}

func (c *Collector) count(ctx context.Context, counted *count) error {
	var (
		marketplaces v1alpha1.MarketplaceList
		users        v1alpha1.BuyerUserList
		configs      v1alpha1.ImpersonationConfigList
		tokens       v1alpha1.ImpersonationTokenList
	)
	var problems []error
	for _, list := range []client.ObjectList{&marketplaces, &users, &configs, &tokens} {
		if err := c.reader.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			problems = append(problems, fmt.Errorf("listing %T: %w", list, err))
		}
	}
	// Marketplaces first: others have their interval.
	for index := range marketplaces.Items {
		counted.marketplace(&marketplaces.Items[index])
	}
	for index := range users.Items {
		counted.managed("BuyerUser", &users.Items[index])
	}
	for index := range configs.Items {
		counted.managed("ImpersonationConfig", &configs.Items[index])
	}
	for index := range tokens.Items {
		counted.token(&tokens.Items[index])
	}
	return errors.Join(problems...)
}
