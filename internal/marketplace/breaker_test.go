// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"errors"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
)

// failing is an address that nobody answers at.
type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no answer") }

func fail(t *testing.T, turns *limiter.Limiter) {
	t.Helper()
	through := turns.Transport(failing{}, nil)
	for range 10 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/v1/me", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := through.RoundTrip(request); err == nil {
			_ = response.Body.Close()
		}
	}
}

func TestANewAddressBeginsWithAClosedBreakerWhateverBecomesOfTheOldOne(t *testing.T) {
	told := 0
	kept := &entry{counted: metrics.For("shop/moved")}
	defer kept.counted.Forget()
	limits := v1alpha1.RateLimit{RequestsPerSecond: 1000, Concurrency: 8}
	kept.useLimiter(limits, func() { told++ })
	old := kept.turns
	kept.useLimiter(limits, func() { told++ })
	fail(t, old)
	if open := breakerOf(t, "shop/moved"); open != 0 || told != 0 {
		t.Errorf("requests to the old address tell the breaker as %v, %d times", open, told)
	}
	fail(t, kept.turns)
	if open := breakerOf(t, "shop/moved"); open != 1 || told != 1 {
		t.Errorf("an outage is told as %v, %d times", open, told)
	}
	kept.useLimiter(limits, func() { told++ })
	if open := breakerOf(t, "shop/moved"); open != 0 {
		t.Errorf("at the next address the breaker is told as %v", open)
	}
}

func breakerOf(t *testing.T, marketplace string) float64 {
	t.Helper()
	gatherer, ok := ctrlmetrics.Registry.(prometheus.Gatherer)
	if !ok {
		t.Fatal("the registry gathers nothing")
	}
	families, err := gatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "ordercloud_api_breaker_open" {
			continue
		}
		for _, metric := range family.GetMetric() {
			if metric.GetLabel()[0].GetValue() == marketplace {
				return metric.GetGauge().GetValue()
			}
		}
	}
	return -1
}
