// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace/noop"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tracing"
)

// record keeps the spans of a test.
func record(t *testing.T) *tracetest.InMemoryExporter {
	t.Helper()
	kept := tracetest.NewInMemoryExporter()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(kept)))
	t.Cleanup(func() { otel.SetTracerProvider(noop.NewTracerProvider()) })
	return kept
}

// connect makes a client of a sandbox, whose calls are spans.
func connect(t *testing.T) (client *ordercloud.Client, secret string) {
	t.Helper()
	box, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	clientID, secret := box.Credentials()
	client, err = ordercloud.New(ordercloud.Config{
		BaseURL: server.URL, ClientID: clientID, ClientSecret: ordercloud.Secret(secret), UserAgent: "ordercloud-operator/test",
		Scopes: []string{"BuyerUserAdmin"},
		Around: func(attempt http.RoundTripper) http.RoundTripper {
			return tracing.Calls("shop/default", ordercloud.RouteOf, attempt)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, secret
}

func TestASpanTellsNoSecretThatAnAnswersIDRepeats(t *testing.T) {
	kept := record(t)
	host := roundTrip(func(request *http.Request) (*http.Response, error) {
		header := http.Header{"X-Oc-Logid": {"id-" + request.Header.Get("Authorization")}}
		return &http.Response{StatusCode: http.StatusOK, Header: header, Body: http.NoBody}, nil
	})
	attempt := answer.Transport(host, time.Minute, (*answer.Budget)(nil).Share())
	calls := tracing.Calls("shop/default", func(*http.Request) string { return "/v1/me" }, attempt)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://ordercloud.example/v1/me", http.NoBody)
	request.Header.Set("Authorization", "Bearer canary-token")
	if _, err := calls.RoundTrip(request); err != nil {
		t.Fatal(err)
	}
	for _, known := range kept.GetSpans()[0].Attributes {
		if known.Key == tracing.AttributeRequestID && known.Value.AsString() != "id-Bearer(redacted)" {
			t.Errorf("got %q", known.Value.AsString())
		}
	}
}

func TestAPassAndItsCallsAreOneTrace(t *testing.T) {
	kept := record(t)
	client, secret := connect(t)
	var logged bytes.Buffer
	logger := funcr.New(func(_, args string) { logged.WriteString(args) }, funcr.Options{})
	pass := tracing.Passes("BuyerUser", reconcile.Func(func(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
		log.FromContext(ctx).Info("Looking")
		_, err := client.BuyerUsers("acme").Get(ctx, "walk-in")
		if err == nil {
			_, err = client.BuyerUsers("acme").Get(ctx, "nobody")
		}
		return reconcile.Result{}, err
	}))
	request := reconcile.Request{}
	request.Namespace, request.Name = "shop", "jdoe"
	if _, err := pass.Reconcile(log.IntoContext(t.Context(), logger), request); !ordercloud.IsNotFound(err) {
		t.Fatal(err)
	}
	spans := kept.GetSpans()
	counts := map[string]int{}
	for _, span := range spans {
		counts[span.Name]++
	}
	want := map[string]int{"Reconcile BuyerUser": 1, "GET /v1/buyers/{buyerID}/users/{userID}": 2, "POST /oauth/token": 1}
	if !maps.Equal(counts, want) {
		t.Fatalf("the spans are %v", counts)
	}
	root := spans[slices.IndexFunc(spans, func(span tracetest.SpanStub) bool { return span.Name == "Reconcile BuyerUser" })]
	failed := 0
	for _, span := range spans {
		if !strings.HasPrefix(span.Name, "GET ") {
			continue
		}
		if span.Parent.SpanID() != root.SpanContext.SpanID() {
			t.Errorf("%s is not part of the pass", span.Name)
		}
		if span.Status.Code == codes.Error {
			failed++
		}
		expectAttribute(t, span, "ordercloud.request_id", "-")
		expectAttribute(t, span, "ordercloud.marketplace", "shop/default")
		expectAttribute(t, span, "http.response.status_code", "0") // 200 and 404
	}
	if failed != 1 || root.Status.Code != codes.Error {
		t.Errorf("%d calls and the pass (%v) are told to have failed", failed, root.Status.Code)
	}
	if !strings.Contains(logged.String(), root.SpanContext.TraceID().String()) {
		t.Errorf("the log does not tell the trace: %s", logged.String())
	}
	for _, personal := range []string{"walk-in", "nobody", "acme", secret, "Bearer"} {
		if strings.Contains(fmt.Sprintf("%+v", spans), personal) {
			t.Errorf("%q is told", personal)
		}
	}
}

// expectAttribute says that a span has an attribute with that in its value.
func expectAttribute(t *testing.T, span tracetest.SpanStub, key, part string) {
	t.Helper()
	for _, each := range span.Attributes {
		if string(each.Key) == key && strings.Contains(each.Value.String(), part) {
			return
		}
	}
	t.Errorf("%s has no %s with %q: %v", span.Name, key, part, span.Attributes)
}

func TestACallThatNobodyAnswersIsAFailedSpan(t *testing.T) {
	kept := record(t)
	dead := errors.New("connection refused")
	calls := tracing.Calls("shop/default", ordercloud.RouteOf, roundTrip(func(*http.Request) (*http.Response, error) { return nil, dead }))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/v1/me", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := calls.RoundTrip(request)
	if response != nil || !errors.Is(err, dead) {
		t.Fatalf("got %v", err)
	}
	if spans := kept.GetSpans(); len(spans) != 1 || spans[0].Status.Code != codes.Error {
		t.Errorf("the spans are %v", spans)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// collector is an OTLP endpoint.
type collector struct {
	*httptest.Server

	lock sync.Mutex
	got  []byte
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		var body io.Reader = request.Body
		if request.Header.Get("Content-Encoding") == "gzip" {
			if unzipped, err := gzip.NewReader(request.Body); err == nil {
				body = unzipped
			}
		}
		content, _ := io.ReadAll(body)
		c.lock.Lock()
		defer c.lock.Unlock()
		c.got = append(c.got, content...)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) received() string {
	c.lock.Lock()
	defer c.lock.Unlock()
	return string(c.got)
}

func TestTracesGoWhereTheEnvironmentSaysAndNowhereOtherwise(t *testing.T) {
	for name, test := range map[string]struct {
		environment map[string]string
		exports     bool
	}{
		"nothing is set":                   {},
		"an endpoint":                      {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "URL"}, true},
		"an endpoint for traces":           {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "URL/v1/traces"}, true},
		"an exporter and an endpoint":      {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "URL"}, true},
		"an endpoint, and no exporter":     {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "URL"}, false},
		"an endpoint, and no SDK":          {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "URL"}, false},
		"an endpoint, and nothing sampled": {map[string]string{"OTEL_TRACES_SAMPLER": "always_off", "OTEL_EXPORTER_OTLP_ENDPOINT": "URL"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { otel.SetTracerProvider(noop.NewTracerProvider()) })
			endpoint := newCollector(t)
			for key, value := range test.environment {
				t.Setenv(key, strings.ReplaceAll(value, "URL", endpoint.URL))
			}
			stop, err := tracing.Start(t.Context(), "v1.2.3")
			if err != nil {
				t.Fatal(err)
			}
			pass := tracing.Passes("BuyerUser", reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) { return reconcile.Result{}, nil }))
			if _, err := pass.Reconcile(t.Context(), reconcile.Request{}); err != nil {
				t.Fatal(err)
			}
			if err := stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := endpoint.received()
			if exported := strings.Contains(got, "Reconcile BuyerUser"); exported != test.exports {
				t.Errorf("exported: %v", exported)
			}
			if test.exports && (!strings.Contains(got, "ordercloud-operator") || !strings.Contains(got, "v1.2.3")) {
				t.Error("the traces do not say where they come from")
			}
		})
	}
}

func TestAWrongVariableStopsTheStart(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
	if _, err := tracing.Start(t.Context(), "dev"); err == nil || !strings.Contains(err.Error(), "OTEL_") {
		t.Errorf("got %v", err)
	}
}
