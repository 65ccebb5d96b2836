// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"cmp"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
)

// Type is what Prometheus calls the type of a metric.
type Type string

// The types of metrics that there are.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Definition is what users may rely on of one metric. The table in docs/metrics.md is
// made of these.
type Definition struct {
	// Name as it is scraped; of a histogram without _bucket, _sum and _count.
	Name string
	Type Type
	// Help is a sentence for a person.
	Help string
	// Labels in the order in which values are given.
	Labels []string
}

// definitions are written while packages are initialized, and never after.
var definitions []Definition

// Definitions returns every metric that the packages of the program define, in the
// order of their names.
func Definitions() []Definition {
	return slices.SortedFunc(slices.Values(definitions), func(a, b Definition) int { return cmp.Compare(a.Name, b.Name) })
}

// Define notes a metric of a collector that computes it when it is scraped, and
// returns its description. Call it while a package is initialized, and define
// nothing otherwise: what is not defined here is not documented.
func Define(name string, kind Type, help string, labels ...string) *prometheus.Desc {
	definitions = append(definitions, Definition{Name: name, Type: kind, Help: help, Labels: labels})
	return prometheus.NewDesc(name, help, labels, nil)
}

func newCounter(name, help string, labels ...string) *prometheus.CounterVec {
	Define(name, Counter, help, labels...)
	return registered(prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels))
}

func newGauge(name, help string, labels ...string) *prometheus.GaugeVec {
	Define(name, Gauge, help, labels...)
	return registered(prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels))
}

func newHistogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	Define(name, Histogram, help, labels...)
	return registered(prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels))
}

func registered[C prometheus.Collector](collector C) C {
	ctrlmetrics.Registry.MustRegister(collector)
	return collector
}
