// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
)

func value(t *testing.T, collector prometheus.Collector) float64 {
	t.Helper()
	return testutil.ToFloat64(collector)
}

func TestEveryMetricIsDefinedAndFollowsTheConventions(t *testing.T) {
	shop := For("lint/default")
	defer shop.Forget()
	shop.Request(http.MethodGet, "/v1/me", http.StatusOK, time.Second)
	shop.LimiterWaited(time.Second)
	shop.LookSucceeded()
	DriftDetected("BuyerUser", []string{"Phone"}, nil)
	DriftCorrected("BuyerUser", []string{"Phone"}, nil)
	Orphaned("lint/default")
	SetUnmanagedConfigs("lint/default", 1)
	SetWideGrants("lint/default", 1, 1)

	families, err := ctrlmetrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	gathered := map[string]Type{}
	for _, family := range families {
		if strings.HasPrefix(family.GetName(), "ordercloud_") {
			gathered[family.GetName()] = Type(strings.ToLower(family.GetType().String()))
		}
	}
	var names []string
	for _, definition := range Definitions() {
		names = append(names, definition.Name)
		if got := gathered[definition.Name]; got != definition.Type {
			t.Errorf("%s is a %q, and defined as a %q", definition.Name, got, definition.Type)
		}
		delete(gathered, definition.Name)
	}
	for name := range gathered {
		t.Errorf("%s is not defined: make it with newCounter, newGauge, newHistogram or Define", name)
	}
	problems, err := testutil.GatherAndLint(ctrlmetrics.Registry, names...)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}
