// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/audit"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/fence"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/look"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
	"github.com/ordercloud-operator/ordercloud-operator/internal/usertoken"
)

const (
	namespace    = "shop"
	name         = "walk-in"
	storefrontID = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1"
	issuing      = "POST /v1/buyers/{buyerID}/users/{userID}/accesstoken"
	interval     = 5 * time.Minute
)

// world is a sandbox whose clock the test moves, and what Kubernetes holds.
type world struct {
	namespaceLabels

	t     *testing.T
	clock *clocktesting.FakeClock
	box   *sandbox.Sandbox
	kube  client.WithWatch
	url   string
	// problem of the marketplace, when it has one.
	problem error
	// lastLook, when set, is called right before a token is asked for.
	lastLook func() error
	// answer, when set, may rewrite what the sandbox answered.
	answer func(request *http.Request, status int, body string) (int, string)
	// mayWrite, when set, decides on writes of Secrets.
	mayWrite func(verb string, secret client.Object) error

	connection *marketplace.Connection
	// shared is the Marketplace when it has tenants.
	shared     *v1alpha1.Marketplace
	recorder   *events.FakeRecorder
	logged     bytes.Buffer
	reconciler *usertoken.Reconciler
}

// begin makes a world in which the operator's user may act as every user of acme, and
// an ImpersonationToken for one of them.
func begin(t *testing.T, edit ...func(*v1alpha1.ImpersonationToken)) *world {
	t.Helper()
	// A whole second: the API server keeps no fractions.
	w := &world{t: t, clock: clocktesting.NewFakeClock(time.Now().Truncate(time.Second)), recorder: events.NewFakeRecorder(1000)}
	box, err := sandbox.New(sandbox.WithClock(w.clock.Now))
	if err != nil {
		t.Fatal(err)
	}
	w.box = box
	server := httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	w.url = server.URL
	w.mutate(http.MethodPatch, "apiclients/"+storefrontID, map[string]any{"AccessTokenDuration": 10})
	w.allow("acme")
	w.connect()

	token := &v1alpha1.ImpersonationToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: "token-uid", Generation: 1},
		Spec: v1alpha1.ImpersonationTokenSpec{
			BuyerID: "acme", UserID: "walk-in", ClientName: "Storefront", Roles: []v1alpha1.Role{"Shopper", "MeAdmin"}, SecretName: "walk-in-token",
		},
		Status: v1alpha1.ImpersonationTokenStatus{ObservedGeneration: -1},
	}
	for _, each := range edit {
		each(token)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	w.kube = interceptor.NewClient(
		fake.NewClientBuilder().WithScheme(scheme).
			WithIndex(&v1alpha1.BuyerUser{}, lifecycle.PathIndex, lifecycle.IndexPath(external.BuyerUsers{})).WithObjects(token).WithStatusSubresource(token, &v1alpha1.ImpersonationConfig{}).
			WithIndex(&v1alpha1.ImpersonationConfig{}, lifecycle.MarketplaceIndex, marketplaceOf).Build(),
		interceptor.Funcs{Create: w.create, Update: w.update},
	)
	w.restart()
	return w
}

func marketplaceOf(object client.Object) []string {
	config, _ := object.(*v1alpha1.ImpersonationConfig)
	return []string{marketplace.Key(config.Namespace, config.Spec.MarketplaceRef).String()}
}

func (w *world) create(ctx context.Context, next client.WithWatch, object client.Object, options ...client.CreateOption) error {
	if err := w.mayWriteSecret("create", object); err != nil {
		return err
	}
	return next.Create(ctx, object, options...)
}

func (w *world) update(ctx context.Context, next client.WithWatch, object client.Object, options ...client.UpdateOption) error {
	if err := w.mayWriteSecret("update", object); err != nil {
		return err
	}
	return next.Update(ctx, object, options...)
}

func (w *world) mayWriteSecret(verb string, object client.Object) error {
	if _, isSecret := object.(*corev1.Secret); !isSecret || w.mayWrite == nil {
		return nil
	}
	return w.mayWrite(verb, object)
}

// connect makes the operator's client of the marketplace.
func (w *world) connect() {
	w.t.Helper()
	clientID, secret := w.box.Credentials()
	turns := limiter.New(limiter.Limits{RequestsPerSecond: 1000, Concurrency: 8}, limiter.Observer{})
	reached, err := ordercloud.New(ordercloud.Config{
		Around: func(attempt http.RoundTripper) http.RoundTripper {
			return turns.Transport((*fence.Fence)(nil).Transport(
				audit.Transport(namespace+"/default", attempt), ordercloud.IsTokenRequest), ordercloud.IsTokenRequest)
		},
		BaseURL: w.url, ClientID: clientID, ClientSecret: ordercloud.Secret(secret),
		UserAgent: "ordercloud-operator/test", Scopes: marketplace.RolesAskedFor(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.connection = &marketplace.Connection{Client: reached, Looks: look.New(reached, turns, look.Observer{}), Tenancy: tenant.Unbound(), Interval: interval}
}

// Connect returns the connection to the sandbox.
func (w *world) Connect(context.Context, string, v1alpha1.MarketplaceReference) (*marketplace.Connection, error) {
	if w.problem != nil {
		return &marketplace.Connection{Interval: interval}, w.problem
	}
	return w.connection, nil
}

// CheckNow is the last look at the Marketplace.
func (w *world) CheckNow(context.Context, string, v1alpha1.MarketplaceReference, claim.Marketplace) (tenant.Tenancy, error) {
	if w.lastLook == nil {
		return w.connection.Tenancy, nil
	}
	return w.connection.Tenancy, w.lastLook()
}

// Tenancy is what a namespace may declare.
func (w *world) Tenancy(_ context.Context, of string, _ v1alpha1.MarketplaceReference) (tenant.Tenancy, error) {
	if w.shared == nil {
		return w.connection.Tenancy, w.problem
	}
	if marketplace.IsNotAdmitted(w.problem) {
		return tenant.Tenancy{}, w.problem
	}
	return w.tenancyOf(of), nil
}

// restart begins anew, with no memory of before.
func (w *world) restart() {
	w.reconciler = &usertoken.Reconciler{
		Client: w.kube, Secrets: w.kube, Recorder: w.recorder, Marketplaces: w, Clock: w.clock,
	}
}

func (w *world) serve(writer http.ResponseWriter, request *http.Request) {
	answer := httptest.NewRecorder()
	w.box.ServeHTTP(answer, request)
	status, body := answer.Code, answer.Body.String()
	if w.answer != nil {
		status, body = w.answer(request, status, body)
	}
	maps.Copy(writer.Header(), answer.Header())
	writer.Header().Del("Content-Length")
	writer.WriteHeader(status)
	_, _ = io.WriteString(writer, body)
}

func (w *world) mutate(method, path string, body map[string]any) {
	w.t.Helper()
	if err := w.box.Mutate(sandbox.Mutation{Method: method, Path: path, Body: body}); err != nil {
		w.t.Fatal(err)
	}
}

// allow lets the operator's user act as the users of a buyer.
func (w *world) allow(buyerID string) {
	w.t.Helper()
	w.mutate(http.MethodPost, "impersonationconfig", map[string]any{
		"ID": "tokens-" + buyerID, "ImpersonationUserID": "operator", "BuyerID": buyerID, "SecurityProfileID": "cs-rep", "ClientID": storefrontID,
	})
}

// pass makes one pass and returns how long it waits.
func (w *world) pass() time.Duration {
	w.t.Helper()
	result, err := w.attempt()
	if err != nil {
		w.t.Fatal(err)
	}
	w.expectSoundConditions()
	return result.RequeueAfter
}

func (w *world) attempt() (ctrl.Result, error) {
	logger := funcr.New(func(prefix, args string) { w.logged.WriteString(prefix + args + "\n") }, funcr.Options{})
	ctx := ctrllog.IntoContext(w.t.Context(), logger)
	return w.reconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKey{Namespace: namespace, Name: name}})
}

// runFor makes passes when they are due, for some time.
func (w *world) runFor(duration time.Duration) {
	w.t.Helper()
	until := w.clock.Now().Add(duration)
	for w.clock.Now().Before(until) {
		w.clock.Step(min(w.pass(), until.Sub(w.clock.Now())))
	}
	w.pass()
}

func (w *world) object() *v1alpha1.ImpersonationToken {
	w.t.Helper()
	object := &v1alpha1.ImpersonationToken{}
	if err := w.kube.Get(w.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, object); err != nil {
		w.t.Fatal(err)
	}
	return object
}

// declare changes the declaration as an edit does.
func (w *world) declare(edit func(*v1alpha1.ImpersonationToken)) {
	w.t.Helper()
	object := w.object()
	edit(object)
	object.Generation++
	if err := w.kube.Update(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
}

// secret is the Secret of that name, or nil.
func (w *world) secret(name string) *corev1.Secret {
	w.t.Helper()
	secret := &corev1.Secret{}
	err := w.kube.Get(w.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, secret)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return secret
}

// token is what the Secret holds; empty when there is none.
func (w *world) token() string {
	w.t.Helper()
	secret := w.secret("walk-in-token")
	if secret == nil {
		return ""
	}
	return string(secret.Data["token"])
}

func (w *world) expiration() time.Time {
	w.t.Helper()
	expiration, err := time.Parse(time.RFC3339, string(w.secret("walk-in-token").Data["expiration"]))
	if err != nil {
		w.t.Fatal(err)
	}
	return expiration
}

// user is the user whom a token stands for, as OrderCloud says; empty when it takes
// the token for none.
func (w *world) user(token string) string {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+"/v1/me", http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	w.box.ServeHTTP(answer, request) // past what the test makes of answers
	var me struct {
		ID string `json:"ID"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &me); err != nil {
		w.t.Fatal(err)
	}
	return me.ID
}

func (w *world) issued() int { return w.box.Stats().Calls[issuing] }

func (w *world) expectCondition(kind, want string) string {
	w.t.Helper()
	condition := meta.FindStatusCondition(w.object().Status.Conditions, kind)
	if condition == nil {
		w.t.Fatalf("there is no condition %s", kind)
	}
	if got := string(condition.Status) + " " + condition.Reason; got != want {
		w.t.Fatalf("%s is %s, not %s: %s", kind, got, want, condition.Message)
	}
	return condition.Message
}

// expectSoundConditions holds after every pass of every test.
func (w *world) expectSoundConditions() {
	w.t.Helper()
	object := w.object()
	conditions := object.Status.Conditions
	isReady := meta.IsStatusConditionTrue(conditions, v1alpha1.ReadyCondition)
	present := 0
	for _, kind := range []string{v1alpha1.ReconcilingCondition, v1alpha1.StalledCondition} {
		if meta.FindStatusCondition(conditions, kind) != nil {
			present++
		}
	}
	if isReady && present != 0 || !isReady && present != 1 {
		w.t.Errorf("Ready is %v beside %d of Reconciling and Stalled", isReady, present)
	}
	if isReady != (object.Status.ExpirationTime != nil && isReady) {
		w.t.Error("it is Ready without a token")
	}
}

// events are the events so far, since the last call.
func (w *world) events() []string {
	var list []string
	for {
		select {
		case event := <-w.recorder.Events:
			list = append(list, event)
		default:
			return list
		}
	}
}

func (w *world) expectNoToken(tokens ...string) {
	w.t.Helper()
	status, err := json.Marshal(w.object())
	if err != nil {
		w.t.Fatal(err)
	}
	said := string(status) + strings.Join(w.events(), "\n") + w.logged.String()
	for _, token := range tokens {
		// The last part of a JWT is its signature: without it a token is of no use.
		if signature := token[strings.LastIndex(token, ".")+1:]; strings.Contains(said, signature) || strings.Contains(said, token) {
			w.t.Error("a token is told")
		}
	}
}
