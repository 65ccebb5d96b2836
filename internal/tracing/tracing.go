// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tracing tells by OpenTelemetry what a pass did and what it asked OrderCloud.
// It is off unless the standard OTEL_ variables of the environment ask for it.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	ctrl "sigs.k8s.io/controller-runtime"
)

// serviceName is what traces say they come from, unless OTEL_SERVICE_NAME says
// otherwise.
const serviceName = "ordercloud-operator"

// scope is the name of the instrumentation.
const scope = "github.com/ordercloud-operator/ordercloud-operator"

// Start begins to export traces if the environment asks for it, as
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
// has it. Stop sends what was not sent yet. The error says which variable is wrong.
func Start(ctx context.Context, version string) (stop func(context.Context) error, err error) {
	if !isAskedFor(os.Getenv) {
		return func(context.Context) error { return nil }, nil
	}
	exporter, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the OTEL_ variables: %w", err)
	}
	// What the environment says comes last, and wins.
	described, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName(serviceName), semconv.ServiceVersion(version)), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("describing the operator to OpenTelemetry: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(described))
	otel.SetTracerProvider(provider)
	logger := ctrl.Log.WithName("tracing")
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Error(err, "Exporting traces failed") }))
	logger.Info("Exporting traces")
	return provider.Shutdown, nil
}

// isAskedFor is stricter than the SDK, which exports to localhost when nothing is set.
func isAskedFor(environment func(string) string) bool {
	if strings.EqualFold(environment("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	if exporter := environment("OTEL_TRACES_EXPORTER"); exporter != "" {
		return exporter != "none"
	}
	return environment("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || environment("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}
