// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package readable

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
)

var unreadable = metrics.Define("ordercloud_kind_unreadable", metrics.Gauge,
	"1 while a kind cannot be read because the API server holds an object of it that cannot be decoded, else 0. None of the kind's objects is worked on meanwhile.",
	"kind")

// collector computes the metric when it is scraped.
type collector struct{ kinds *kinds }

// Describe sends what the collector collects.
func (c collector) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- unreadable }

// Collect tells of every kind in the cache whether it can be read.
func (c collector) Collect(collected chan<- prometheus.Metric) {
	for _, kind := range c.kinds.everything() {
		value := 0.0
		if _, problem := kind.state(); problem != nil {
			value = 1
		}
		collected <- prometheus.MustNewConstMetric(unreadable, prometheus.GaugeValue, value, kind.name)
	}
}
