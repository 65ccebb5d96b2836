// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// Attributes of spans besides OpenTelemetry's own.
const (
	// AttributeMarketplace is the NAMESPACE/NAME of the Marketplace that is called.
	AttributeMarketplace = attribute.Key("ordercloud.marketplace")
	// AttributeRequestID is the answer's X-oc-logid, which OrderCloud's support asks for.
	AttributeRequestID = attribute.Key("ordercloud.request_id")
)

// Passes wraps a reconciler of a kind: every pass is a span with the name of its
// resource, and the trace ID is in what the pass logs.
func Passes(kind string, next reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		ctx, span := otel.Tracer(scope).Start(ctx, "Reconcile "+kind, trace.WithNewRoot(), trace.WithAttributes(
			semconv.K8SNamespaceName(request.Namespace), attribute.String("k8s.resource.kind", kind), attribute.String("k8s.resource.name", request.Name)))
		defer span.End()
		if identity := span.SpanContext(); identity.IsValid() {
			ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("traceID", identity.TraceID().String()))
		}
		result, err := next.Reconcile(ctx, request)
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, "the pass failed")
		}
		return result, err
	})
}

// Calls wraps the way to a marketplace: every request that is sent is a span. Its name
// and attributes hold the path's template, which route returns, and not the path:
// that holds the IDs of users. For the same reason it is no library that does this,
// and no trace context is sent to OrderCloud.
func Calls(marketplace string, route func(*http.Request) string, next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(request *http.Request) (*http.Response, error) {
		template := route(request)
		ctx, span := otel.Tracer(scope).Start(request.Context(), request.Method+" "+template, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			semconv.HTTPRequestMethodKey.String(request.Method), semconv.URLTemplate(template), semconv.ServerAddress(request.URL.Hostname()),
			AttributeMarketplace.String(marketplace)))
		defer span.End()
		response, err := next.RoundTrip(request.WithContext(ctx))
		if err != nil {
			span.SetStatus(codes.Error, "no answer came")
			return nil, err
		}
		came := answer.Of(response, nil)
		span.SetAttributes(semconv.HTTPResponseStatusCode(came.Status), AttributeRequestID.String(came.RequestID))
		if response.StatusCode >= http.StatusBadRequest {
			span.SetStatus(codes.Error, http.StatusText(response.StatusCode))
		}
		return response, nil
	})
}

// roundTrip is a http.RoundTripper in one function.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
