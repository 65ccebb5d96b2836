// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

const metricsPage = `# HELP apiserver_request_total Counter of apiserver requests
# TYPE apiserver_request_total counter
apiserver_request_total{code="201",dry_run="",group="ordercloud.io",resource="buyerusers",subresource="",verb="POST"} 100
apiserver_request_total{code="200",group="ordercloud.io",resource="buyerusers",subresource="",verb="PATCH"} 1e+02
apiserver_request_total{code="200",group="ordercloud.io",resource="impersonationconfigs",subresource="status",verb="PATCH"} 10
apiserver_request_total{code="200",group="ordercloud.io",resource="marketplaces",subresource="status",verb="PATCH"} 7
apiserver_request_total{code="200",group="ordercloud.io",resource="buyerusers",subresource="",verb="LIST"} 5
apiserver_request_total{code="200",group="ordercloud.io",resource="buyerusers",subresource="",verb="WATCH"} 5
apiserver_request_total{code="201",group="events.k8s.io",resource="events",subresource="",verb="POST"} 42
apiserver_request_total{code="200",group="coordination.k8s.io",resource="leases",subresource="",verb="PUT"} 1000
apiserver_request_total_more{verb="POST"} 1
process_resident_memory_bytes 7.3728e+07
go_goroutines 12 1700000000000
`

func TestParseMetrics(t *testing.T) {
	samples, err := parseMetrics(strings.NewReader(metricsPage), memoryMetric, goroutinesMetric)
	if err != nil {
		t.Fatal(err)
	}
	if len(samples) != 2 || samples[0].value != 7.3728e+07 || samples[1].value != 12 {
		t.Errorf("got %v", samples)
	}
}

func TestParseSample(t *testing.T) {
	for rest, want := range map[string]sample{
		` 1`:                             {value: 1},
		`{} 2`:                           {value: 2},
		`{a="b"} 3`:                      {value: 3, labels: map[string]string{"a": "b"}},
		`{a="b",c="d",} 4 17`:            {value: 4, labels: map[string]string{"a": "b", "c": "d"}},
		`{a="with } and , and \"q\""} 5`: {value: 5, labels: map[string]string{"a": `with } and , and "q"`}},
		`{a="b\\c\nd",e=""} +Inf`:        {value: math.Inf(1), labels: map[string]string{"a": "b\\c\nd", "e": ""}},
	} {
		got, err := parseSample("metric", rest)
		if err != nil || got.value != want.value || !maps.Equal(got.labels, want.labels) {
			t.Errorf("%s: got %v, %v", rest, got, err)
		}
	}
	for _, rest := range []string{``, ` `, `{a="b"}`, `{a="b`, `{a`, `{a="b" 1`, ` one`} {
		if got, err := parseSample("metric", rest); err == nil {
			t.Errorf("%q: got %v, want an error", rest, got)
		}
	}
}

func TestCountWrites(t *testing.T) {
	samples, err := parseMetrics(strings.NewReader(metricsPage), requestsMetric)
	if err != nil {
		t.Fatal(err)
	}
	got := countWrites(samples)
	if want := (kubernetesWrites{objects: 210, marketplaces: 7, events: 42}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got.declared() != 217 {
		t.Errorf("got %v writes of the project's kinds", got.declared())
	}
}

// TestOwnWritesAreLeftOut sends what the benchmark sends, and compares with what
// the API server would count.
func TestOwnWritesAreLeftOut(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	own := &ownWrites{}
	client := &http.Client{Transport: countingTransport{next: http.DefaultTransport, writes: own}}
	const users = "/apis/ordercloud.io/v1alpha1/namespaces/shop/buyerusers"
	for _, sent := range [][2]string{
		{http.MethodPost, users},
		{http.MethodPatch, users + "/jdoe/status"},
		{http.MethodDelete, users},
		{http.MethodGet, users},
		{http.MethodPatch, "/apis/ordercloud.io/v1alpha1/namespaces/shop/marketplaces/default"},
		{http.MethodPost, "/api/v1/namespaces"},
		{http.MethodPost, "/api/v1/namespaces/shop/secrets"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), sent[0], server.URL+sent[1], http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	if got, want := own.read(), (kubernetesWrites{objects: 3, marketplaces: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestMetricsAreSummedOverTheirLabels(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("workqueue_depth{name=\"buyeruser\",priority=\"0\"} 3\nworkqueue_depth{name=\"marketplace\"} 1\n" +
			"controller_runtime_active_workers{controller=\"buyeruser\"} 0\nunrelated 5\n"))
	}))
	defer server.Close()
	running := &operator{Command: shipped.Command{MetricsURL: server.URL}, scraper: server.Client()}
	read, err := running.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if read[depthMetric] != 4 || read[looksMetric] != 0 || len(read) != 2 || read.isIdle() {
		t.Errorf("got %v", read)
	}
	if !(readings{}).isIdle() || (readings{workersMetric: 1}).isIdle() {
		t.Error("idle is no worker and no waiting object")
	}
}
