// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/trace"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// Outcomes of a write.
const (
	// OutcomeSucceeded says that OrderCloud carried it out.
	OutcomeSucceeded = "succeeded"
	// OutcomeFailed says that the answer is an error. A status of 500 or above leaves open
	// whether it was carried out.
	OutcomeFailed = "failed"
	// OutcomeLost says that no answer came: it may have been carried out.
	OutcomeLost = "lost"
)

// Transport returns a transport that tells of every write to a marketplace. It has to be
// beneath whatever holds requests back: what it gets, it sends. An attempt for which there
// was no connection has not reached OrderCloud, and is no write.
func Transport(marketplace string, next http.RoundTripper) http.RoundTripper {
	return transport{next: next, logger: log.Log.WithName(LoggerName).WithValues("marketplace", marketplace)}
}

type transport struct {
	next http.RoundTripper
	// logger is not that of the pass: the line is the same whoever writes.
	logger logr.Logger
}

// RoundTrip sends the request.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if !isWrite(request) {
		return t.next.RoundTrip(request)
	}
	var connected atomic.Bool
	sent := request.WithContext(httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}))
	response, err := t.next.RoundTrip(sent)
	if err == nil || connected.Load() {
		t.tell(request, answer.Of(response, err))
	}
	return response, err
}

// isWrite says that a request may change something in OrderCloud. The operator's own
// sign-in changes nothing.
func isWrite(request *http.Request) bool {
	return request.Method != http.MethodGet && request.Method != http.MethodHead && !ordercloud.IsTokenRequest(request)
}

// tell writes the line.
func (t transport) tell(request *http.Request, came answer.Answer) {
	write := writeOf(request)
	t.loggerOf(request).Info(Message,
		"namespace", write.Namespace, "kind", write.Kind, "name", write.Name, "uid", write.UID, "generation", write.Generation,
		"reason", write.Reason, "method", request.Method, "route", ordercloud.RouteOf(request), "path", write.Path,
		"fields", write.Fields, "outcome", outcomeOf(came), "status", came.Status, "requestID", came.RequestID)
}

// loggerOf names the pass and the trace as the other lines of the pass do.
func (t transport) loggerOf(request *http.Request) logr.Logger {
	logger := t.logger
	if pass := controller.ReconcileIDFromContext(request.Context()); pass != "" {
		logger = logger.WithValues("reconcileID", pass)
	}
	if span := trace.SpanContextFromContext(request.Context()); span.HasTraceID() {
		logger = logger.WithValues("traceID", span.TraceID().String())
	}
	return logger
}

func outcomeOf(came answer.Answer) string {
	switch {
	case came.Status == 0:
		return OutcomeLost
	case came.Effect == answer.EffectApplied:
		return OutcomeSucceeded
	default:
		return OutcomeFailed
	}
}

// fieldsOf lists the names of what the body holds, and never a value. A POST sends null
// for what is not declared.
func fieldsOf(request *http.Request) []string {
	var sent map[string]json.RawMessage
	if request.GetBody == nil {
		return []string{}
	}
	body, err := request.GetBody()
	if err != nil {
		return []string{}
	}
	defer body.Close()
	if json.NewDecoder(body).Decode(&sent) != nil {
		return []string{}
	}
	if request.Method == http.MethodPost {
		maps.DeleteFunc(sent, func(_ string, value json.RawMessage) bool { return string(value) == "null" })
	}
	return slices.Sorted(maps.Keys(sent))
}
