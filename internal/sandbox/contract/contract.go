// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package contract holds what a test suite and its sandbox say to each other
// against OrderCloud's official OpenAPI document, where that is at hand. It is
// for tests.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"github.com/getkin/kin-openapi/openapi3filter"
)

// T is what the package needs of *testing.T, *testing.B and Ginkgo's
// GinkgoTB.
type T interface {
	Helper()
	Logf(format string, arguments ...any)
	Errorf(format string, arguments ...any)
	Cleanup(func())
}

// FaultHeader marks answers that the sandbox has spoiled on purpose. They are
// not validated.
const FaultHeader = "X-Sandbox-Fault"

// Handler passes requests to next and reports, as test errors, every exchange
// that the official document does not allow: the request when it was answered
// with success, and the answer always. Reports name method, route and reason,
// never a value.
//
// Without the document (see [Find]) it only says so and returns next. With it,
// the number of exchanges that were validated is logged when the test ends.
// The handler is safe for use by any number of goroutines.
func Handler(t T, next http.Handler) http.Handler {
	t.Helper()
	if _, found := Find(); !found {
		t.Logf("contract: the official OpenAPI document is not at hand; exchanges are not validated")
		return next
	}
	document, err := load()
	if err != nil {
		t.Errorf("contract: %v", err)
		return next
	}
	checked := &checker{t: t, document: document, next: next}
	t.Cleanup(checked.finish)
	return checked
}

// checker validates exchanges until its test ends.
type checker struct {
	t        T
	document *document
	next     http.Handler

	mutex     sync.Mutex
	validated int
	skipped   int
	finished  bool
}

func (c *checker) finish() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.finished = true
	c.t.Logf("contract: %d exchanges validated against the official document, %d are not in it", c.validated, c.skipped)
}

// report adds an error to the test, unless the test is over: a request may
// outlive it.
func (c *checker) report(r *http.Request, path, reason string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.finished {
		c.t.Errorf("contract: %s %s: %s", r.Method, path, reason)
	}
}

func (c *checker) count(counter *int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	*counter++
}

// ServeHTTP implements [http.Handler].
func (c *checker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if undocumented(r) {
		c.count(&c.skipped)
		c.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	seen := &tee{ResponseWriter: w}
	c.next.ServeHTTP(seen, r)
	if seen.status == 0 || w.Header().Get(FaultHeader) != "" {
		return // the connection was dropped, or the answer spoiled on purpose
	}
	c.count(&c.validated)
	c.check(r, body, seen)
}

func (c *checker) check(r *http.Request, body []byte, seen *tee) {
	if seen.Header().Get("X-oc-logid") == "" {
		c.report(r, r.URL.Path, "the answer has no X-oc-logid")
	}
	if seen.status >= http.StatusBadRequest {
		// The document has no refusals, and a refused request may be wrong.
		c.checkRefusal(r, seen)
		return
	}
	// The request is validated anew, as it arrived: next has read the other.
	arrived := r.Clone(context.WithoutCancel(r.Context()))
	arrived.Body = io.NopCloser(bytes.NewReader(body))
	route, parameters, err := c.document.router.FindRoute(arrived)
	if err != nil {
		c.report(r, r.URL.Path, "succeeded, but is no route of the document")
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: arrived, PathParams: parameters, Route: route, Options: options(),
	}
	if err := openapi3filter.ValidateRequest(arrived.Context(), input); err != nil {
		c.report(r, route.Path, "the request is not as documented: "+describe(err))
	}
	answered := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: seen.status, Header: seen.Header(), Options: options(),
	}
	answered.SetBodyBytes(seen.body.Bytes())
	if err := openapi3filter.ValidateResponse(arrived.Context(), answered); err != nil {
		c.report(r, route.Path, "the answer is not as documented: "+describe(err))
	}
}

// checkRefusal holds a refusal against the documented shape of errors.
func (c *checker) checkRefusal(r *http.Request, seen *tee) {
	var refused struct {
		Errors []struct{ ErrorCode, Message string }
	}
	if err := json.Unmarshal(seen.body.Bytes(), &refused); err != nil || len(refused.Errors) == 0 {
		c.report(r, r.URL.Path, "the refusal has no Errors")
		return
	}
	for _, each := range refused.Errors {
		if each.ErrorCode == "" || each.Message == "" {
			c.report(r, r.URL.Path, "an error has no ErrorCode or no Message")
		}
	}
}

func options() *openapi3filter.Options {
	return &openapi3filter.Options{
		MultiError:            true,
		IncludeResponseStatus: true,
		AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
		SkipSettingDefaults:   true,
		// OrderCloud ignores read-only fields in bodies [I].
		ExcludeReadOnlyValidations: true,
	}
}

// tee copies an answer while it passes.
type tee struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (t *tee) WriteHeader(status int) {
	t.status = status
	t.ResponseWriter.WriteHeader(status)
}

func (t *tee) Write(data []byte) (int, error) {
	if t.status == 0 {
		t.status = http.StatusOK
	}
	t.body.Write(data)
	return t.ResponseWriter.Write(data)
}

// Unwrap lets the sandbox drop the connection.
func (t *tee) Unwrap() http.ResponseWriter { return t.ResponseWriter }
