// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/guard"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
)

// unit is one Marketplace, its reconciler and the sandbox behind it.
type unit struct {
	t   *testing.T
	box *sandbox.Sandbox
	// another is the marketplace of another seller at the same address.
	another    *sandbox.Sandbox
	kube       client.WithWatch
	clock      *clocktesting.FakeClock
	recorder   *events.FakeRecorder
	reconciler *marketplaceReconciler
	grants     *grantsReconciler
	// start is what a restart of the operator does: nothing is remembered.
	start    func()
	declared *v1alpha1.Marketplace
	patches  int
	// lists counts those of the cache.
	lists int
	// listed, unless nil, is called when a list of impersonation configs is made and
	// not answered yet.
	listed func()
}

// serve answers as OrderCloud.
func (u *unit) serve(w http.ResponseWriter, r *http.Request) {
	if u.listed == nil || r.URL.Path != "/v1/impersonationconfig" {
		sandbox.Region(u.box, u.another).ServeHTTP(w, r)
		return
	}
	made := httptest.NewRecorder()
	sandbox.Region(u.box, u.another).ServeHTTP(made, r)
	u.listed()
	w.WriteHeader(made.Code)
	_, _ = w.Write(made.Body.Bytes())
}

func beginUnit(t *testing.T, seed func(*sandbox.Seed), objects ...client.Object) *unit {
	t.Helper()
	given := sandbox.DefaultSeed()
	if seed != nil {
		seed(&given)
	}
	box, err := sandbox.New(sandbox.WithSeed(given))
	if err != nil {
		t.Fatal(err)
	}
	another, err := sandbox.New(sandbox.WithSeed(given.OfSeller("another-seller")))
	if err != nil {
		t.Fatal(err)
	}
	u := &unit{t: t, box: box, another: another, recorder: events.NewFakeRecorder(100)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(u.serve))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	clientID, clientSecret := box.Credentials()
	u.clock = clocktesting.NewFakeClock(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
	u.declared = &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "default", Generation: 1},
		Spec: v1alpha1.MarketplaceSpec{
			URL: server.URL, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
			UnmanagedImpersonationConfigs: v1alpha1.GrantsIgnore,
		},
	}
	u.kube = fake.NewClientBuilder().WithScheme(scheme).
		WithStatusSubresource(&v1alpha1.Marketplace{}).
		WithIndex(&v1alpha1.BuyerUser{}, byMarketplace, marketplaceOf).
		WithIndex(&v1alpha1.ImpersonationConfig{}, byMarketplace, marketplaceOf).
		WithIndex(&v1alpha1.ImpersonationToken{}, byMarketplace, marketplaceOf).
		WithIndex(&v1alpha1.ImpersonationConfig{}, lifecycle.PathIndex, lifecycle.IndexPath(external.ImpersonationConfigs{})).
		WithIndex(&v1alpha1.ImpersonationConfig{}, lifecycle.ExclusiveIndex, lifecycle.IndexExclusive(external.ImpersonationConfigs{})).
		WithObjects(u.declared, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "ordercloud"},
			Data:       map[string][]byte{"clientID": []byte(clientID), "clientSecret": []byte(clientSecret)},
		}).WithObjects(objects...).Build()
	counting := interceptor.NewClient(u.kube, interceptor.Funcs{
		List: func(ctx context.Context, from client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			u.lists++
			return from.List(ctx, list, options...)
		},
		SubResourcePatch: func(ctx context.Context, to client.Client, name string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
			u.patches++
			return to.SubResource(name).Patch(ctx, object, patch, options...)
		},
	})
	endpoints, err := marketplace.ParseEndpoints([]string{server.URL})
	if err != nil {
		t.Fatal(err)
	}
	u.start = func() {
		u.reconciler = &marketplaceReconciler{
			client: counting, recorder: u.recorder, clock: u.clock, started: u.clock.Now(), checks: map[types.NamespacedName]check{},
			registry: marketplace.NewRegistry(counting, counting, endpoints, "ordercloud-operator/test"),
		}
		u.reconciler.registry.UseClock(u.clock)
		u.reconciler.guard = &guard.Guard{Client: counting, Clock: u.clock, Kinds: guardedKinds(), Admission: u.reconciler.registry}
		u.grants = newGrantsReconciler(u.reconciler)
		u.grants.longestCompany = 0 // nobody else looks
	}
	u.start()
	return u
}

func (u *unit) pass() ctrl.Result {
	u.t.Helper()
	result, err := u.reconciler.Reconcile(u.t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(u.declared)})
	if err != nil {
		u.t.Fatal(err)
	}
	if err := u.kube.Get(u.t.Context(), client.ObjectKeyFromObject(u.declared), u.declared); err != nil {
		u.t.Fatal(err)
	}
	return result
}

func (u *unit) expect(want map[string]string) {
	u.t.Helper()
	got := map[string]string{}
	for _, condition := range u.declared.Status.Conditions {
		got[condition.Type] = string(condition.Status) + " " + condition.Reason
	}
	if diff := cmp.Diff(want, got); diff != "" {
		u.t.Errorf("conditions (-want +got)\n%s", diff)
	}
}

func (u *unit) edit(object client.Object, change func()) {
	u.t.Helper()
	if err := u.kube.Get(u.t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		u.t.Fatal(err)
	}
	change()
	if err := u.kube.Update(u.t.Context(), object); err != nil {
		u.t.Fatal(err)
	}
}

func (u *unit) writeSecret(clientSecret string) {
	u.t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "ordercloud"}}
	u.edit(secret, func() { secret.Data["clientSecret"] = []byte(clientSecret) })
}

func user(name string, change func(*v1alpha1.BuyerUser)) *v1alpha1.BuyerUser {
	object := &v1alpha1.BuyerUser{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	if change != nil {
		change(object)
	}
	return object
}

func token(name string, change func(*v1alpha1.ImpersonationToken)) *v1alpha1.ImpersonationToken {
	object := &v1alpha1.ImpersonationToken{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	if change != nil {
		change(object)
	}
	return object
}

var inSync = map[string]string{"Ready": "True InSync", "Synced": "True InSync"}

func TestAMarketplaceThatWorksIsReadyAndQuiet(t *testing.T) {
	u := beginUnit(t, nil)
	if result := u.pass(); result.RequeueAfter != 10*time.Minute {
		t.Errorf("looks again after %s", result.RequeueAfter)
	}
	u.expect(inSync)
	if len(u.declared.Status.Roles) == 0 || u.declared.Status.URL == "" || u.declared.Status.ObservedGeneration != 1 {
		t.Errorf("status %+v", u.declared.Status)
	}
	calls := u.box.Stats().Total
	u.clock.Step(time.Minute)
	for range 3 {
		if result := u.pass(); result.RequeueAfter != 9*time.Minute {
			t.Errorf("looks again after %s", result.RequeueAfter)
		}
	}
	if u.patches != 1 || u.box.Stats().Total != calls {
		t.Errorf("%d patches, %d calls", u.patches, u.box.Stats().Total-calls)
	}
	u.clock.Step(9 * time.Minute)
	u.pass()
	if u.box.Stats().Total == calls {
		t.Error("does not look when it is due")
	}
}

func TestAMarketplacesObjectsAreCounted(t *testing.T) {
	conditions := func(statuses map[string]metav1.ConditionStatus) []metav1.Condition {
		var list []metav1.Condition
		for kind, status := range statuses {
			meta.SetStatusCondition(&list, metav1.Condition{Type: kind, Status: status, Reason: "x"})
		}
		return list
	}
	u := beginUnit(t, nil,
		user("new", nil),
		user("ready", func(user *v1alpha1.BuyerUser) {
			user.Status.Conditions = conditions(map[string]metav1.ConditionStatus{"Ready": "True", "Synced": "True", "Drifted": "False"})
		}),
		user("drifted", func(user *v1alpha1.BuyerUser) {
			user.Status.Conditions = conditions(map[string]metav1.ConditionStatus{"Ready": "False", "Synced": "True", "Drifted": "True"})
		}),
		user("out", func(user *v1alpha1.BuyerUser) {
			user.Status.Conditions = conditions(map[string]metav1.ConditionStatus{"Ready": "True", "Synced": "False"})
		}),
		user("elsewhere", func(user *v1alpha1.BuyerUser) { user.Spec.MarketplaceRef.Name = "other" }),
		user("visitor", func(user *v1alpha1.BuyerUser) {
			user.Namespace = "visitors"
			user.Spec.MarketplaceRef = v1alpha1.MarketplaceReference{Namespace: "shop", Name: "default"}
		}),
		&v1alpha1.ImpersonationConfig{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "desk"}},
		token("issued", func(token *v1alpha1.ImpersonationToken) {
			token.Status.Conditions = conditions(map[string]metav1.ConditionStatus{"Ready": "True", "Synced": "True"})
		}),
		token("refused", func(token *v1alpha1.ImpersonationToken) {
			token.Status.Conditions = conditions(map[string]metav1.ConditionStatus{"Ready": "False", "Synced": "False"})
		}))
	u.pass()
	want := []v1alpha1.ObjectCounts{
		{Kind: "BuyerUser", Total: 4, Ready: 2, Drifted: 1, Failed: 1},
		{Kind: "ImpersonationConfig", Total: 1},
		{Kind: "ImpersonationToken", Total: 2, Ready: 1, Failed: 1},
	}
	if diff := cmp.Diff(want, u.declared.Status.Objects); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	u.edit(u.declared, func() { u.declared.Spec.AllowedNamespaces.From = v1alpha1.NamespacesAll })
	u.pass()
	want[0].Total++
	if diff := cmp.Diff(want, u.declared.Status.Objects); diff != "" {
		t.Errorf("with the visitor (-want +got)\n%s", diff)
	}
}

func TestARoleThatObjectsNeedIsMissed(t *testing.T) {
	onlyReads := func(seed *sandbox.Seed) {
		seed.Objects["securityprofiles/operator"]["Roles"] = []string{"BuyerUserReader"}
	}
	u := beginUnit(t, onlyReads, user("watched", func(user *v1alpha1.BuyerUser) {
		user.Spec.ManagementPolicy = v1alpha1.ManagementObserve
	}))
	u.pass()
	u.expect(inSync)
	if err := u.kube.Create(t.Context(), user("written", nil)); err != nil {
		t.Fatal(err)
	}
	u.pass()
	u.expect(map[string]string{"Ready": "False AccessDenied", "Synced": "False AccessDenied", "Stalled": "True AccessDenied"})
	if diff := cmp.Diff([]string{"BuyerUserAdmin"}, u.declared.Status.MissingRoles); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	const want = "the token lacks BuyerUserAdmin, which BuyerUsers need: " +
		"assign a security profile with it to the API client's default context user"
	if got := meta.FindStatusCondition(u.declared.Status.Conditions, "Ready").Message; got != want {
		t.Errorf("got %q", got)
	}

	// The token is good for hours, and only another one shows the new role.
	err := u.box.Mutate(sandbox.Mutation{
		Method: http.MethodPatch, Path: "securityprofiles/operator", Body: map[string]any{"Roles": []any{"BuyerUserAdmin"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	u.clock.Step(time.Minute)
	u.pass()
	u.expect(inSync)
}

func TestSinceWhenOrderCloudCannotBeAskedIsKept(t *testing.T) {
	u := beginUnit(t, nil)
	u.pass()
	remove := u.box.Inject(sandbox.Fault{Status: http.StatusInternalServerError})
	u.clock.Step(10 * time.Minute)
	began := u.clock.Now()
	u.pass()
	remove()
	u.box.Inject(sandbox.Fault{Status: http.StatusTooManyRequests})
	for range 3 {
		u.clock.Step(time.Minute)
		u.pass()
	}
	if since := u.declared.Status.UnavailableSince; since == nil || began.Sub(since.Time).Abs() > time.Second {
		t.Errorf("since %v, want %s", since, began)
	}
}

func TestRefusedCredentialsUnmakeReadyAndAnOutageDoesNot(t *testing.T) {
	t.Run("an outage", func(t *testing.T) {
		u := beginUnit(t, nil)
		u.pass()
		u.box.Inject(sandbox.Fault{Status: http.StatusInternalServerError})
		u.clock.Step(10 * time.Minute)
		u.pass()
		u.expect(map[string]string{"Ready": "True InSync", "Synced": "False Unavailable"})
		if u.declared.Status.UnavailableSince == nil {
			t.Error("it is not told since when")
		}
		if got := <-u.recorder.Events; !strings.HasPrefix(got, "Warning Unavailable ") {
			t.Errorf("told %q", got)
		}
		// Ever later, and told once.
		for _, wait := range []string{"2s", "4s", "8s", "16s"} {
			u.clock.SetTime(u.reconciler.checks[client.ObjectKeyFromObject(u.declared)].due)
			if result := u.pass(); result.RequeueAfter.String() != wait {
				t.Errorf("looks again after %s, want %s", result.RequeueAfter, wait)
			}
		}
		// The breaker has opened: the check is due when it lets a probe through.
		u.clock.SetTime(u.reconciler.checks[client.ObjectKeyFromObject(u.declared)].due)
		if result := u.pass(); result.RequeueAfter > time.Second {
			t.Errorf("looks again after %s", result.RequeueAfter)
		}
		if len(u.recorder.Events) != 0 {
			t.Errorf("told again: %s", <-u.recorder.Events)
		}
		u.box.ClearFaults()
		// By now the breaker is open, and it goes by real time.
		for !meta.IsStatusConditionTrue(u.declared.Status.Conditions, v1alpha1.SyncedCondition) {
			u.clock.Step(time.Minute)
			u.pass()
			time.Sleep(time.Millisecond)
		}
		u.expect(inSync)
		if since := u.declared.Status.UnavailableSince; since != nil {
			t.Errorf("it is out of reach since %s", since)
		}
	})
	t.Run("a wrong secret", func(t *testing.T) {
		u := beginUnit(t, nil)
		_, right := u.box.Credentials()
		u.pass()
		u.writeSecret("q7-wrong")
		if result := u.pass(); result.RequeueAfter != schedule.FirstRecheck+schedule.FirstRetry {
			t.Errorf("looks again after %s", result.RequeueAfter)
		}
		u.expect(map[string]string{"Ready": "False CredentialsInvalid", "Synced": "False CredentialsInvalid", "Stalled": "True CredentialsInvalid"})
		if u.declared.Status.UnavailableSince != nil {
			t.Error("it answers, and it is said to be out of reach")
		}
		if got := <-u.recorder.Events; strings.Contains(got, "q7-wrong") || !strings.HasPrefix(got, "Warning CredentialsInvalid ") {
			t.Errorf("told %q", got)
		}
		u.writeSecret(right)
		u.pass() // at once: a new Secret is a new client
		u.expect(inSync)
	})
}

func TestALookIsMadeAtOnceWhenAPersonAsks(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.Marketplace){
		"by the annotation": func(declared *v1alpha1.Marketplace) {
			declared.Annotations = map[string]string{v1alpha1.ReconcileAtAnnotation: "now"}
		},
		"by a change of the spec": func(declared *v1alpha1.Marketplace) { declared.Generation = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			u := beginUnit(t, nil)
			u.pass()
			calls := u.box.Stats().Total
			u.edit(u.declared, func() { change(u.declared) })
			u.pass()
			if u.box.Stats().Total == calls {
				t.Error("no look")
			}
			if u.declared.Status.LastHandledReconcileAt != u.declared.Annotations[v1alpha1.ReconcileAtAnnotation] {
				t.Errorf("acknowledged %q", u.declared.Status.LastHandledReconcileAt)
			}
		})
	}
}

func TestAMarketplaceThatIsGoneIsForgotten(t *testing.T) {
	u := beginUnit(t, nil)
	u.pass()
	if err := u.kube.Delete(t.Context(), u.declared); err != nil {
		t.Fatal(err)
	}
	if _, err := u.reconciler.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(u.declared)}); err != nil {
		t.Fatal(err)
	}
	if len(u.reconciler.checks) != 0 {
		t.Errorf("remembers %d checks", len(u.reconciler.checks))
	}
}

func TestAStopWhileItAuthenticatesIsNoFailure(t *testing.T) {
	u := beginUnit(t, nil)
	u.pass()
	patches := u.patches
	u.clock.Step(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := u.reconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(u.declared)}); err == nil {
		t.Error("the look was not cancelled")
	}
	if u.patches != patches || len(u.recorder.Events) != 0 {
		t.Errorf("%d patches, %d events", u.patches-patches, len(u.recorder.Events))
	}
}
