// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
)

const lastLookName = "ordercloud_last_successful_look_timestamp_seconds"

// gather lists the series of a Marketplace as "name{labels} value"; of a histogram
// the number of observations.
func gather(t *testing.T, marketplace string) []string {
	t.Helper()
	families, err := ctrlmetrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "ordercloud_") {
			continue
		}
		for _, metric := range family.GetMetric() {
			var labels []string
			isOurs := false
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetName()+"="+label.GetValue())
				isOurs = isOurs || label.GetName() == "marketplace" && label.GetValue() == marketplace
			}
			if family.GetName() == lastLookName {
				metric.GetGauge().Value = new(float64(1)) // the time of day
			}
			value := metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
			if isOurs {
				found = append(found, fmt.Sprintf("%s{%s} %v", family.GetName(), strings.Join(labels, ","), value))
			}
		}
	}
	slices.Sort(found)
	return found
}

func TestEveryMarketplaceIsCountedByItself(t *testing.T) {
	shop, other := For("shop/default"), For("other/default")
	defer other.Forget()
	shop.Request(http.MethodGet, "/v1/buyers/{buyerID}/users", http.StatusOK, time.Second)
	shop.Request(http.MethodGet, "/v1/buyers/{buyerID}/users", http.StatusOK, time.Second)
	shop.Request(http.MethodPost, "/oauth/token", 0, time.Second)
	shop.LimiterWaited(time.Second)
	shop.BreakerChanged(true)
	shop.Looked(90)
	shop.LookCalled()
	shop.LookSucceeded()
	want := []string{
		`ordercloud_api_breaker_open{marketplace=shop/default} 1`,
		`ordercloud_api_limiter_wait_seconds{marketplace=shop/default} 1`,
		`ordercloud_api_request_duration_seconds{marketplace=shop/default,method=GET,route=/v1/buyers/{buyerID}/users} 2`,
		`ordercloud_api_request_duration_seconds{marketplace=shop/default,method=POST,route=/oauth/token} 1`,
		`ordercloud_api_requests_total{code=200,marketplace=shop/default,method=GET,route=/v1/buyers/{buyerID}/users} 2`,
		`ordercloud_api_requests_total{code=error,marketplace=shop/default,method=POST,route=/oauth/token} 1`,
		`ordercloud_last_successful_look_timestamp_seconds{marketplace=shop/default} 1`,
		`ordercloud_look_batches_total{marketplace=shop/default} 1`,
		`ordercloud_looks_total{marketplace=shop/default} 90`,
	}
	if diff := cmp.Diff(want, gather(t, "shop/default")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	shop.BreakerChanged(false)
	if got := gather(t, "shop/default"); got[0] != `ordercloud_api_breaker_open{marketplace=shop/default} 0` {
		t.Errorf("the breaker has closed: %s", got[0])
	}

	shop.Forget()
	if got := gather(t, "shop/default"); len(got) != 0 {
		t.Errorf("a Marketplace that is gone is still counted: %s", got)
	}
	if got := gather(t, "other/default"); len(got) != 3 {
		t.Errorf("and another one no more: %s", got)
	}
}

func TestWhatIsStillUnderWayBringsNoForgottenMarketplaceBack(t *testing.T) {
	gone := For("gone/default")
	gone.Forget()
	gone.Request(http.MethodGet, "/v1/me", http.StatusOK, time.Second)
	gone.LimiterWaited(time.Second)
	gone.BreakerChanged(true)
	gone.Looked(3)
	gone.LookCalled()
	gone.LookSucceeded()
	if left := gather(t, "gone/default"); len(left) != 0 {
		t.Errorf("it is counted: %q", left)
	}
	defer For("gone/default").Forget()
	if back := gather(t, "gone/default"); len(back) == 0 {
		t.Error("a Marketplace of the same name is not counted")
	}
}
