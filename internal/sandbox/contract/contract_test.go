// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox/contract"
)

// recorder is a test that keeps what is reported.
type recorder struct {
	mutex    sync.Mutex
	errors   []string
	logs     []string
	cleanups []func()
}

func (r *recorder) Helper() {}

func (r *recorder) Logf(format string, arguments ...any) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.logs = append(r.logs, fmt.Sprintf(format, arguments...))
}

func (r *recorder) Errorf(format string, arguments ...any) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, arguments...))
}

func (r *recorder) Cleanup(do func()) { r.cleanups = append(r.cleanups, do) }

// exchange is one request and the answer that a fake gives it.
type exchange struct {
	method, path, body string
	status             int
	answer             any
	header             map[string]string
}

func validUser() map[string]any {
	return map[string]any{"ID": "a", "Username": "a", "Active": true, "Phone": nil, "FailedLoginAttempts": 0}
}

func (e exchange) run(t *testing.T) *recorder {
	t.Helper()
	reported := &recorder{}
	handler := contract.Handler(reported, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-oc-logid", "1")
		w.Header().Set("Content-Type", "application/json")
		for name, value := range e.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(e.status)
		if e.answer != nil {
			_ = json.NewEncoder(w).Encode(e.answer)
		}
	}))
	request := httptest.NewRequestWithContext(t.Context(), e.method, e.path, strings.NewReader(e.body))
	request.Header.Set("Content-Type", "application/json")
	handler.ServeHTTP(httptest.NewRecorder(), request)
	for _, cleanup := range reported.cleanups {
		cleanup()
	}
	return reported
}

func TestWhatTheDocumentDoesNotAllowIsReported(t *testing.T) {
	if _, found := contract.Find(); !found {
		t.Skip("the official OpenAPI document is not at hand")
	}
	const user = `{"Username":"a","FirstName":"a","LastName":"a","Email":"a","Active":true,"Password":"Sesame-Open-1"%s}`
	tests := map[string]struct {
		exchange exchange
		want     string // part of the report; empty for none
	}{
		"a good answer":          {exchange{"GET", "/v1/buyers/b/users/a", "", 200, validUser(), nil}, ""},
		"a misspelled field":     {exchange{"GET", "/v1/buyers/b/users/a", "", 200, map[string]any{"UserName": "a"}, nil}, "UserName"},
		"a wrong type":           {exchange{"GET", "/v1/buyers/b/users/a", "", 200, map[string]any{"Active": "yes"}, nil}, "/Active"},
		"a wrong status":         {exchange{"DELETE", "/v1/buyers/b/users/a", "", 200, nil, nil}, "DELETE /buyers/{buyerID}/users/{userID}"},
		"a good request":         {exchange{"POST", "/v1/buyers/b/users", fmt.Sprintf(user, ""), 201, validUser(), nil}, ""},
		"a request that lacks":   {exchange{"POST", "/v1/buyers/b/users", `{"Password":"Sesame-Open-1"}`, 201, validUser(), nil}, "Username"},
		"a field we made up":     {exchange{"POST", "/v1/buyers/b/users", fmt.Sprintf(user, `,"Nick":"a"`), 201, validUser(), nil}, "Nick"},
		"a refused bad request":  {exchange{"POST", "/v1/buyers/b/users", `{}`, 400, map[string]any{"Errors": []any{map[string]any{"ErrorCode": "X", "Message": "Y"}}}, nil}, ""},
		"a refusal without code": {exchange{"POST", "/v1/buyers/b/users", `{}`, 400, map[string]any{"Errors": []any{map[string]any{}}}, nil}, "ErrorCode"},
		"a refusal without list": {exchange{"POST", "/v1/buyers/b/users", `{}`, 400, map[string]any{}, nil}, "Errors"},
		"an unknown route":       {exchange{"GET", "/v1/shops", "", 200, map[string]any{}, nil}, "no route"},
		"no log ID":              {exchange{"GET", "/v1/buyers/b/users/a", "", 200, validUser(), map[string]string{"X-oc-logid": ""}}, "X-oc-logid"},
		"a sort that is no sort": {exchange{"GET", "/v1/buyers?sortBy=ID,Colour", "", 200, map[string]any{"Items": []any{}}, nil}, "sortBy"},
		"two sorts":              {exchange{"GET", "/v1/buyers?sortBy=ID,!Name&xp.a=1&ID=a|b", "", 200, map[string]any{"Items": []any{}}, nil}, ""},
		"spoiled on purpose":     {exchange{"GET", "/v1/buyers/b/users/a", "", 200, []int{}, map[string]string{contract.FaultHeader: "malformed-body"}}, ""},
		"not in the document":    {exchange{"GET", "/env", "", 200, []int{}, nil}, ""},
		"any buyer's config": {exchange{
			"PUT", "/v1/impersonationconfig/a", `{"SecurityProfileID":"a","ClientID":"a"}`, 200, map[string]any{"ID": "a"}, nil,
		}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			reported := strings.Join(test.exchange.run(t).errors, "\n")
			if (test.want == "") != (reported == "") || !strings.Contains(reported, test.want) {
				t.Errorf("reported %q, want something with %q", reported, test.want)
			}
			if strings.Contains(reported, "Sesame") {
				t.Error("the report shows a password")
			}
		})
	}
}

func TestTheNumberOfExchangesIsLogged(t *testing.T) {
	if _, found := contract.Find(); !found {
		t.Skip("the official OpenAPI document is not at hand")
	}
	reported := exchange{"GET", "/v1/buyers/b/users/a", "", 200, validUser(), nil}.run(t)
	if len(reported.logs) != 1 || !strings.Contains(reported.logs[0], "validated") {
		t.Errorf("the logs are %q", reported.logs)
	}
}

func TestWithoutTheDocumentTheHandlerPassesThrough(t *testing.T) {
	t.Setenv("ORDERCLOUD_OPENAPI", "")
	t.Chdir(t.TempDir())
	reported := exchange{"GET", "/v1/shops", "", 200, []int{}, nil}.run(t)
	if len(reported.errors) != 0 || len(reported.logs) != 1 || !strings.Contains(reported.logs[0], "not at hand") {
		t.Errorf("errors %q, logs %q", reported.errors, reported.logs)
	}
}
