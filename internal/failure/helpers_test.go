// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package failure_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const (
	storefront    = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1"
	operatorRoles = "SetSecurityProfile BuyerUserAdmin BuyerUserReader BuyerReader"
)

// world is a sandbox and a client of it.
type world struct {
	box    *sandbox.Sandbox
	server *httptest.Server
	client *ordercloud.Client
	secret string
	// before sees every request first, and says whether it has answered it.
	before atomic.Pointer[interception]
}

type interception func(http.ResponseWriter, *http.Request) bool

func begin(t *testing.T) *world {
	t.Helper()
	box, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{box: box}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0) // dropped connections are meant
	w.server.Start()
	t.Cleanup(w.server.Close)
	t.Cleanup(box.ClearFaults)
	_, w.secret = box.Credentials()
	w.connect(t, w.secret, operatorRoles)
	return w
}

// connect replaces the client by one with another secret or other roles.
func (w *world) connect(t *testing.T, secret, roles string) {
	t.Helper()
	clientID, _ := w.box.Credentials()
	client, err := ordercloud.New(ordercloud.Config{
		BaseURL: w.server.URL, ClientID: clientID, ClientSecret: ordercloud.Secret(secret),
		UserAgent: "ordercloud-operator/test", Scopes: strings.Fields(roles),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.client = client
}

func (w *world) serve(writer http.ResponseWriter, request *http.Request) {
	if before := w.before.Load(); before != nil && (*before)(writer, request) {
		return
	}
	w.box.ServeHTTP(writer, request)
}

// answerInstead answers every call of the API, as something between the operator
// and OrderCloud may.
func (w *world) answerInstead(status int, body string) {
	answer := interception(func(writer http.ResponseWriter, request *http.Request) bool {
		if !strings.HasPrefix(request.URL.Path, "/v1/") {
			return false
		}
		writer.WriteHeader(status)
		_, _ = io.WriteString(writer, body)
		return true
	})
	w.before.Store(&answer)
}

// onRequest calls a function when a request for the path arrives.
func (w *world) onRequest(pattern string, do func()) {
	watch := interception(func(_ http.ResponseWriter, request *http.Request) bool {
		if matches, _ := path.Match(pattern, request.URL.Path); matches {
			do()
		}
		return false
	})
	w.before.Store(&watch)
}

func (w *world) mutate(t *testing.T, method, object string, body map[string]any) {
	t.Helper()
	if err := w.box.Mutate(sandbox.Mutation{Method: method, Path: object, Body: body}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) call(doing string) failure.Call {
	user := jane()
	return failure.Call{
		Doing: doing, BaseURL: w.server.URL,
		Personal: []string{user.Username, user.Email, user.FirstName, user.LastName, *user.Phone, user.Password.Reveal()},
	}
}

// expectNothingPersonal scans what goes into status, events and logs.
func (w *world) expectNothingPersonal(t *testing.T, got *failure.Failure) {
	t.Helper()
	user := jane()
	for _, private := range []string{
		user.Username, user.Email, user.FirstName, user.LastName, *user.Phone, user.Password.Reveal(), w.secret, "walk-in@",
	} {
		if strings.Contains(got.Message, private) || strings.Contains(got.Error(), private) {
			t.Errorf("%q is told: %s | %s", private, got.Message, got.Error())
		}
	}
}

// jane has values that occur in no message by chance.
func jane() ordercloud.BuyerUser {
	phone := "555-0100"
	return ordercloud.BuyerUser{
		ID: "jdoe", Username: "q7.username@acme.example", Password: "Long-Enough-1", FirstName: "Qwerta", LastName: "Yxcvbo",
		Email: "q7.mail@acme.example", Phone: &phone, Active: true,
	}
}

func codeOf(err error) string {
	refused, ok := errors.AsType[*ordercloud.Error](err)
	if !ok || len(refused.Errors) == 0 {
		return "no code"
	}
	return refused.Errors[0].Code
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
