// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/internal/audit"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// logged is what the package under test says, at every verbosity.
var logged struct {
	sync.Mutex

	lines []string
}

func TestMain(m *testing.M) {
	ctrllog.SetLogger(funcr.NewJSON(func(line string) {
		logged.Lock()
		defer logged.Unlock()
		logged.lines = append(logged.lines, line)
	}, funcr.Options{Verbosity: 100}))
	os.Exit(m.Run())
}

// take returns the lines since the last call.
func take() []string {
	logged.Lock()
	defer logged.Unlock()
	lines := logged.lines
	logged.lines = nil
	return lines
}

// line is one line of the audit, without what differs from run to run.
type line struct {
	Logger      string   `json:"logger"`
	Message     string   `json:"msg"`
	Level       int      `json:"level"`
	Marketplace string   `json:"marketplace"`
	Namespace   string   `json:"namespace"`
	Kind        string   `json:"kind"`
	Name        string   `json:"name"`
	UID         string   `json:"uid"`
	Generation  int64    `json:"generation"`
	Reason      string   `json:"reason"`
	Method      string   `json:"method"`
	Route       string   `json:"route"`
	Path        string   `json:"path"`
	Fields      []string `json:"fields"`
	Outcome     string   `json:"outcome"`
	Status      int      `json:"status"`
	RequestID   string   `json:"requestID"`
}

func read(t *testing.T, text string) line {
	t.Helper()
	var read line
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		t.Fatal(err)
	}
	return read
}

const (
	usersRoute = "/v1/buyers/{buyerID}/users"
	userRoute  = "/v1/buyers/{buyerID}/users/{userID}"
)

// connect makes a client whose writes are told, and a sandbox behind it.
func connect(t *testing.T) (client *ordercloud.Client, box *sandbox.Sandbox, stop func()) {
	t.Helper()
	box, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(box)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // dropped connections are meant
	server.Start()
	t.Cleanup(server.Close)
	clientID, secret := box.Credentials()
	base := ordercloud.NewTransport()
	client, err = ordercloud.New(ordercloud.Config{
		BaseURL: server.URL, ClientID: clientID, ClientSecret: ordercloud.Secret(secret), UserAgent: "ordercloud-operator/test",
		Scopes: []string{"BuyerUserAdmin", "BuyerImpersonation"}, Transport: base,
		Around: func(attempt http.RoundTripper) http.RoundTripper { return audit.Transport("shop/default", attempt) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, box, func() {
		server.Close()
		base.CloseIdleConnections()
	}
}

func newUser() ordercloud.BuyerUser {
	return ordercloud.BuyerUser{
		ID: "jdoe", Username: "q7.username@acme.example", Password: "First-Horse-71", FirstName: "Qwerta", LastName: "Yxcvbo",
		Email: "q7.mail@acme.example", Active: true, XP: json.RawMessage(`{"shoe":"Zzolp"}`),
	}
}

// mark is what the engine says of its writes.
var mark = audit.Write{
	Namespace: "shop", Kind: "BuyerUser", Name: "john", UID: "f7a1", Generation: 3, Path: "buyers/acme/users/jdoe", Reason: "Created",
}

func create(ctx context.Context, client *ordercloud.Client) error {
	_, err := client.BuyerUsers("acme").Create(ctx, newUser())
	return err
}

func remove(ctx context.Context, client *ordercloud.Client) error {
	return client.BuyerUsers("acme").Delete(ctx, "walk-in")
}

func patch(ctx context.Context, client *ordercloud.Client) error {
	_, err := client.BuyerUsers("acme").Patch(ctx, "walk-in", map[string]any{"Phone": nil, "Email": "q7.mail@acme.example"})
	return err
}

// told is the line of a write that the engine has marked.
func told(change func(*line)) line {
	want := line{
		Logger: "audit", Message: "Write to OrderCloud", Marketplace: "shop/default", Namespace: "shop", Kind: "BuyerUser", Name: "john",
		UID: "f7a1", Generation: 3, Reason: "Created", Path: "buyers/acme/users/jdoe", Fields: []string{},
	}
	change(&want)
	return want
}

var created = []string{"Active", "Email", "FirstName", "ID", "LastName", "Password", "Username", "xp"}

func TestEveryWriteThatIsSentHasOneLine(t *testing.T) {
	for name, test := range map[string]struct {
		fault *sandbox.Fault
		write func(context.Context, *ordercloud.Client) error
		// fields that the caller names, if it does.
		fields []string
		want   []line
	}{
		"a create": {write: create, want: []line{told(func(l *line) {
			l.Method, l.Route, l.Fields, l.Outcome, l.Status = http.MethodPost, usersRoute, created, audit.OutcomeSucceeded, http.StatusCreated
		})}},
		"a patch of nothing that the caller names": {write: patch, want: []line{told(func(l *line) {
			l.Method, l.Route, l.Fields, l.Outcome, l.Status = http.MethodPatch, userRoute, []string{"Email", "Phone"}, audit.OutcomeSucceeded, http.StatusOK
		})}},
		"a patch of what the caller names": {write: patch, fields: []string{"xp.shoe"}, want: []line{told(func(l *line) {
			l.Method, l.Route, l.Fields, l.Outcome, l.Status = http.MethodPatch, userRoute, []string{"xp.shoe"}, audit.OutcomeSucceeded, http.StatusOK
		})}},
		"a deletion": {write: remove, want: []line{told(func(l *line) {
			l.Method, l.Route, l.Outcome, l.Status = http.MethodDelete, userRoute, audit.OutcomeSucceeded, http.StatusNoContent
		})}},
		"a refused write": {write: create, fault: &sandbox.Fault{Method: http.MethodPost, Status: http.StatusConflict, Code: "IdExists", Path: "/v1/**"},
			want: []line{told(func(l *line) {
				l.Method, l.Route, l.Fields, l.Outcome, l.Status = http.MethodPost, usersRoute, created, audit.OutcomeFailed, http.StatusConflict
			})}},
		"a write whose answer is lost": {write: create, fault: &sandbox.Fault{Kind: sandbox.FaultLostAnswer, Path: "/v1/buyers/acme/users"},
			want: []line{told(func(l *line) {
				l.Method, l.Route, l.Fields, l.Outcome = http.MethodPost, usersRoute, created, audit.OutcomeLost
			})}},
		"a deletion that is repeated": {write: remove, fault: &sandbox.Fault{Kind: sandbox.FaultLostAnswer, Method: http.MethodDelete, Count: 1},
			want: []line{
				told(func(l *line) { l.Method, l.Route, l.Outcome = http.MethodDelete, userRoute, audit.OutcomeLost }),
				told(func(l *line) {
					l.Method, l.Route, l.Outcome, l.Status = http.MethodDelete, userRoute, audit.OutcomeFailed, http.StatusNotFound
				}),
			}},
	} {
		t.Run(name, func(t *testing.T) {
			client, box, _ := connect(t)
			if test.fault != nil {
				box.Inject(*test.fault)
			}
			take()
			marked := mark
			marked.Fields = test.fields
			_ = test.write(audit.With(t.Context(), marked), client)
			lines := take()
			var got []line
			for _, text := range lines {
				expectNothingPrivate(t, text)
				each := read(t, text)
				if (each.RequestID == "") != (each.Outcome == audit.OutcomeLost) {
					t.Errorf("the request ID is %q where the outcome is %s", each.RequestID, each.Outcome)
				}
				each.RequestID = ""
				got = append(got, each)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if sent := box.Stats().Writes(); sent != len(got) {
				t.Errorf("%d writes have %d lines", sent, len(got))
			}
		})
	}
}

// expectNothingPrivate says that a line tells no value of newUser.
func expectNothingPrivate(t *testing.T, text string) {
	t.Helper()
	for _, value := range []string{"q7.username", "q7.mail", "Qwerta", "Yxcvbo", "Zzolp", "First-Horse-71"} {
		if strings.Contains(text, value) {
			t.Errorf("%q is told: %s", value, text)
		}
	}
}

func TestTheRequestIDIsTheOneThatOrderCloudAnswers(t *testing.T) {
	client, box, _ := connect(t)
	box.Inject(sandbox.Fault{Method: http.MethodPost, Path: "/v1/**", Status: http.StatusBadRequest})
	take()
	err := create(t.Context(), client)
	lines := take()
	if len(lines) != 1 || ordercloud.RequestID(err) == "" || read(t, lines[0]).RequestID != ordercloud.RequestID(err) {
		t.Errorf("the error has %q, the lines are %v", ordercloud.RequestID(err), lines)
	}
}

func TestAWriteThatNobodyMarksIsToldAllTheSame(t *testing.T) {
	client, _, _ := connect(t)
	take()
	if err := patch(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	lines := take()
	if len(lines) != 1 {
		t.Fatalf("the lines are %v", lines)
	}
	got := read(t, lines[0])
	got.RequestID = ""
	want := line{
		Logger: "audit", Message: "Write to OrderCloud", Marketplace: "shop/default", Method: http.MethodPatch, Route: userRoute,
		Path: "buyers/acme/users/walk-in", Fields: []string{"Email", "Phone"}, Outcome: audit.OutcomeSucceeded, Status: http.StatusOK,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestLooksAndSignInsAreNoWrites(t *testing.T) {
	client, box, _ := connect(t)
	take()
	if _, err := client.BuyerUsers("acme").Get(t.Context(), "walk-in"); err != nil {
		t.Fatal(err)
	}
	if lines := take(); len(lines) != 0 || box.Stats().Calls["POST /oauth/token"] != 1 {
		t.Errorf("the calls are %v, the lines %v", box.Stats().Calls, lines)
	}
}

func TestAWriteForWhichThereIsNoConnectionIsNone(t *testing.T) {
	client, _, stop := connect(t)
	if _, err := client.Me(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	take()
	if err := create(t.Context(), client); !ordercloud.IsUnavailable(err) {
		t.Fatal(err)
	}
	if lines := take(); len(lines) != 0 {
		t.Errorf("the lines are %v", lines)
	}
}

func TestAWriteThatItsCallerGivesUpIsLost(t *testing.T) {
	client, box, _ := connect(t)
	if _, err := client.Me(t.Context()); err != nil {
		t.Fatal(err)
	}
	box.Inject(sandbox.Fault{Method: http.MethodPost, Kind: sandbox.FaultHang})
	take()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- create(ctx, client) }()
	for box.Stats().Writes() == 0 {
		select {
		case err := <-done:
			t.Fatalf("it did not hang: %v", err)
		default:
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	lines := take()
	if len(lines) != 1 || read(t, lines[0]).Outcome != audit.OutcomeLost {
		t.Errorf("the lines are %v", lines)
	}
}
