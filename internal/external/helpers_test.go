// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external_test

import (
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/look"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

const (
	namespace    = "shop"
	userPath     = "buyers/acme/users/jdoe"
	storefrontID = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1"
	operatorID   = "5A3D0C5E-1D7B-4C0E-9A43-0000000000A1"

	firstPassword  = "First-Horse-71"
	secondPassword = "Second-Horse-72"
)

// world is a sandbox with a client of it, and what Kubernetes holds.
type world struct {
	t   *testing.T
	box *sandbox.Sandbox
	// connection is used by no other test.
	connection *marketplace.Connection
	kube       client.WithWatch
	url        string
	// answer, when set, answers a request instead of the sandbox, or rewrites
	// what the sandbox answered: set it before the first call.
	answer func(request *http.Request, status int, body string) (int, string)

	lock sync.Mutex
	// bodies are what was sent to change OrderCloud, by method.
	bodies map[string]string
}

func begin(t *testing.T, objects ...client.Object) *world {
	t.Helper()
	box, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, box: box, bodies: map[string]string{}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	w.url = server.URL
	clientID, secret := box.Credentials()
	turns := limiter.New(limiter.Limits{RequestsPerSecond: 1000, Concurrency: 8}, limiter.Observer{})
	reached, err := ordercloud.New(ordercloud.Config{
		Around: func(attempt http.RoundTripper) http.RoundTripper {
			return turns.Transport(attempt, ordercloud.IsTokenRequest)
		},
		BaseURL: server.URL, ClientID: clientID, ClientSecret: ordercloud.Secret(secret), UserAgent: "ordercloud-operator/test",
		Scopes: []string{
			"SetSecurityProfile", "BuyerUserAdmin", "ApiClientReader", "SecurityProfileReader", "BuyerReader",
			"UserGroupReader", "AdminUserGroupReader", "AdminUserReader",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.connection = &marketplace.Connection{Client: reached, Looks: look.New(reached, turns, look.Observer{}), Tenancy: tenant.Unbound()}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	w.kube = fake.NewClientBuilder().WithScheme(scheme).
		WithIndex(&v1alpha1.BuyerUser{}, lifecycle.PathIndex, lifecycle.IndexPath(external.BuyerUsers{})).WithObjects(objects...).Build()
	return w
}

func (w *world) serve(writer http.ResponseWriter, request *http.Request) {
	sent, _ := io.ReadAll(request.Body)
	request.Body = io.NopCloser(strings.NewReader(string(sent)))
	isAPI := strings.HasPrefix(request.URL.Path, "/v1/")
	if isAPI && request.Method != http.MethodGet {
		w.lock.Lock()
		w.bodies[request.Method] = string(sent)
		w.lock.Unlock()
	}
	answer := httptest.NewRecorder()
	w.box.ServeHTTP(answer, request)
	status, body := answer.Code, answer.Body.String()
	if w.answer != nil && isAPI {
		status, body = w.answer(request, status, body)
	}
	maps.Copy(writer.Header(), answer.Header())
	writer.Header().Del("Content-Length")
	writer.WriteHeader(status)
	_, _ = io.WriteString(writer, body)
}

func declaredUser() *v1alpha1.BuyerUser {
	return &v1alpha1.BuyerUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "jdoe"},
		Spec: v1alpha1.BuyerUserSpec{
			BuyerID: "acme", Username: "jdoe@acme.example", FirstName: "Jane", LastName: "Doe", Email: "jdoe@acme.example",
		},
	}
}

// inOrderCloud is the user of the declaration above, with changes.
func inOrderCloud(changes map[string]any) map[string]any {
	user := map[string]any{
		"ID": "jdoe", "Username": "jdoe@acme.example", "FirstName": "Jane", "LastName": "Doe", "Email": "jdoe@acme.example", "Active": true,
	}
	maps.Copy(user, changes)
	return user
}

func declaredConfig() *v1alpha1.ImpersonationConfig {
	return &v1alpha1.ImpersonationConfig{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "desk"},
		Spec: v1alpha1.ImpersonationConfigSpec{
			ImpersonationGroupID: "customer-service", BuyerID: "acme", SecurityProfileID: "cs-rep", ClientID: storefrontID,
		},
	}
}

func passwordSecret(password string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "jdoe-password", UID: "uid"},
		Data:       map[string][]byte{"password": []byte(password)},
	}
}

func (w *world) bindUser(user *v1alpha1.BuyerUser) lifecycle.External {
	return external.BuyerUsers{Reader: w.kube, Secrets: w.kube}.Bind(user, w.connection)
}

func (w *world) bindConfig(config *v1alpha1.ImpersonationConfig) lifecycle.External {
	return external.ImpersonationConfigs{Reader: w.kube}.Bind(config, w.connection)
}

func (w *world) mutate(method, path string, body map[string]any) {
	w.t.Helper()
	if err := w.box.Mutate(sandbox.Mutation{Method: method, Path: path, Body: body}); err != nil {
		w.t.Fatal(err)
	}
}

// look resolves the references and looks the object up.
func (w *world) look(bound lifecycle.External, claimed bool) (lifecycle.Observation, error) {
	w.t.Helper()
	if _, err := bound.Resolve(w.t.Context(), claimed); err != nil {
		return lifecycle.Observation{}, err
	}
	return bound.Observe(w.t.Context())
}

func (w *world) observe(bound lifecycle.External) lifecycle.Observation {
	w.t.Helper()
	seen, err := w.look(bound, true)
	if err != nil {
		w.t.Fatal(err)
	}
	return seen
}

// expectDifferences compares the names of what differs.
func expectDifferences(t *testing.T, seen lifecycle.Observation, want ...string) {
	t.Helper()
	got := seen.Differences.Names()
	if !seen.Exists || !slices.Equal(got, want) {
		t.Errorf("exists %v, differs in %v, want %v", seen.Exists, got, want)
	}
}

// expectSent compares the body of the last write, as JSON.
func (w *world) expectSent(method, want string) {
	w.t.Helper()
	w.lock.Lock()
	body := w.bodies[method]
	w.lock.Unlock()
	var sent, wanted any
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		w.t.Fatalf("%s sent %q: %v", method, body, err)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, sent); diff != "" {
		w.t.Errorf("%s sent (-want +got)\n%s", method, diff)
	}
}

// expectFailure compares what a person reads; URL stands for the marketplace.
func (w *world) expectFailure(err error, reason, message string) {
	w.t.Helper()
	problem := failure.As(err)
	if problem == nil {
		w.t.Fatalf("%v is no failure that a person reads", err)
	}
	if diff := cmp.Diff(reason+": "+strings.ReplaceAll(message, "URL", w.url), problem.Reason+": "+problem.Message); diff != "" {
		w.t.Errorf("(-want +got)\n%s", diff)
	}
}
