// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring_test holds alerts, dashboard and documentation against the metrics
// that the operator really has.
package monitoring_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/prometheus/client_golang/prometheus"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	_ "github.com/ordercloud-operator/ordercloud-operator/controllers" // the operator's metrics
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
)

// foreseen are metrics that are not there yet.
var foreseen = []string{"ordercloud_unmanaged_impersonation_configs", "ordercloud_wide_grants"}

var nameInDescription = regexp.MustCompile(`fqName: "(\w+)"`)

// scrapedNames are the names of everything that can be scraped.
func scrapedNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, name := range foreseen {
		names[name] = true
	}
	for _, definition := range metrics.Definitions() {
		names[definition.Name] = true
	}
	registered, ok := ctrlmetrics.Registry.(prometheus.Collector)
	if !ok {
		t.Fatal("the registry does not tell what is registered")
	}
	descriptions := make(chan *prometheus.Desc)
	go func() {
		defer close(descriptions)
		registered.Describe(descriptions)
	}()
	for description := range descriptions {
		if found := nameInDescription.FindStringSubmatch(description.String()); found != nil {
			names[found[1]] = true
		}
	}
	// What a histogram is scraped as.
	for name := range names {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			names[name+suffix] = true
		}
	}
	return names
}

// metricsIn are the names of the metrics in an expression.
func metricsIn(t *testing.T, expression string) []string {
	t.Helper()
	parsed, err := metricsql.Parse(expression)
	if err != nil {
		t.Errorf("%s: %v", expression, err)
		return nil
	}
	var names []string
	metricsql.VisitAll(parsed, func(part metricsql.Expr) {
		metric, ok := part.(*metricsql.MetricExpr)
		if !ok {
			return
		}
		for _, filters := range metric.LabelFilterss {
			for _, filter := range filters {
				if filter.Label == "__name__" {
					names = append(names, filter.Value)
				}
			}
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// expectMetrics fails unless every metric of an expression can be scraped.
func expectMetrics(t *testing.T, where, expression string, scraped map[string]bool) {
	t.Helper()
	names := metricsIn(t, expression)
	if len(names) == 0 {
		t.Errorf("%s names no metric: %s", where, expression)
	}
	for _, name := range names {
		if !scraped[name] {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
}

func TestAlertsNameMetricsThatExist(t *testing.T) {
	scraped := scrapedNames(t)
	for name, rule := range readRules(t).alerts(t) {
		expectMetrics(t, name, rule.Expr, scraped)
	}
}

func TestWhatIsNotScrapedIsNoticed(t *testing.T) {
	scraped := scrapedNames(t)
	for _, name := range []string{"ordercloud_resources", "ordercloud_api_limiter_wait_seconds_bucket", "workqueue_depth", "process_resident_memory_bytes"} {
		if !scraped[name] {
			t.Errorf("%s is not found", name)
		}
	}
	for _, expression := range []string{`sum by (kind) (rate(ordercloud_resorces{state="ready"}[5m]))`, `absent(ordercloud_operator_leeder)`} {
		if names := metricsIn(t, expression); len(names) != 1 || scraped[names[0]] {
			t.Errorf("%s names %q, which exists", expression, names)
		}
	}
}
