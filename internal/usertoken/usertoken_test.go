// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

func TestASecretHoldsAProvenToken(t *testing.T) {
	w := begin(t)
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
	w.expectCondition(v1alpha1.SyncedCondition, "True Issued")
	secret := w.secret("walk-in-token")
	if got := w.user(string(secret.Data["token"])); got != "walk-in" {
		t.Errorf("the token stands for %q", got)
	}
	if string(secret.Data["url"]) != w.url {
		t.Errorf("url is %q", secret.Data["url"])
	}
	if !metav1.IsControlledBy(secret, w.object()) {
		t.Error("the Secret does not go with the ImpersonationToken")
	}
	// OrderCloud says one second less than the lifetime.
	end := w.clock.Now().Add(10*time.Minute - time.Second)
	if got := w.expiration(); !got.Equal(end) {
		t.Errorf("expiration is %s, not %s", got, end)
	}
	status := w.object().Status
	want := v1alpha1.ImpersonationTokenStatus{
		ObservedGeneration: 1, SecretName: "walk-in-token", User: "buyers/acme/users/walk-in",
		IssuedTime: new(metav1.NewTime(w.clock.Now())), ExpirationTime: new(metav1.NewTime(end)),
		Roles: []string{"MeAdmin", "Shopper"}, Impersonator: "operator@shop.example", Username: "walk-in@acme.example",
	}
	status.Conditions, status.RefreshTime = nil, nil
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := w.events(); !slices.Equal(got, []string{"Normal TokenIssued Secret walk-in-token holds a token for buyers/acme/users/walk-in"}) {
		t.Errorf("the events are %q", got)
	}
}

func TestTheSecretNeverHoldsAnExpiredToken(t *testing.T) {
	for name, refreshBefore := range map[string]time.Duration{
		"refreshed shortly before":                time.Minute,
		"refreshed long before, which is bounded": time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, func(token *v1alpha1.ImpersonationToken) {
				token.Spec.RefreshBefore = &metav1.Duration{Duration: refreshBefore}
			})
			w.pass()
			seen := map[string]bool{w.token(): true}
			began, refreshes := w.clock.Now(), 0
			for len(seen) <= 20 {
				// Every other refresh meets a short outage.
				if len(seen) != refreshes && len(seen)%2 == 0 {
					w.box.Inject(sandbox.Fault{Path: "/v1/buyers/*/users/*/accesstoken", Status: http.StatusServiceUnavailable, Count: 3})
				}
				refreshes = len(seen)
				w.clock.Step(w.pass())
				if token := w.token(); w.user(token) != "walk-in" || !w.clock.Now().Before(w.expiration()) {
					t.Fatalf("after %d refreshes the Secret holds a token that is no good", len(seen)-1)
				}
				seen[w.token()] = true
			}
			t.Logf("%d refreshes in %s by the sandbox's clock, with %d requests", len(seen)-1, w.clock.Since(began), w.issued())
			w.expectNoToken(slices.Collect(maps.Keys(seen))...)
		})
	}
}

func TestARefreshThatFailsKeepsTheTokenUntilItExpires(t *testing.T) {
	w := begin(t)
	w.pass()
	before, end := w.token(), w.expiration()
	w.box.Inject(sandbox.Fault{Path: "/v1/buyers/*/users/*/accesstoken", Status: http.StatusServiceUnavailable})
	w.runFor(6 * time.Minute)
	if w.token() != before {
		t.Fatal("the token was taken away while it was good")
	}
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
	if got := w.expectCondition(v1alpha1.SyncedCondition, "False Unavailable"); !strings.HasSuffix(got, "; the token in the Secret is good until it expires") {
		t.Errorf("it says %q", got)
	}
	for w.clock.Now().Before(end) {
		w.clock.Step(w.pass())
	}
	w.pass()
	if w.token() != "" {
		t.Error("the Secret holds an expired token")
	}
	w.expectCondition(v1alpha1.ReadyCondition, "False Unavailable")
	if w.object().Status.ExpirationTime != nil {
		t.Error("the status tells of a token that is gone")
	}
	w.box.ClearFaults()
	w.connect() // the breaker of the former client is open
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
}

func TestARefreshAfterTheGrantIsGoneSaysWhy(t *testing.T) {
	w := begin(t)
	w.pass()
	w.events()
	w.mutate(http.MethodDelete, "impersonationconfig/tokens-acme", nil)
	end := w.expiration()
	for w.clock.Now().Before(end) {
		w.clock.Step(w.pass())
	}
	w.pass()
	message := w.expectCondition(v1alpha1.ReadyCondition, "False NotGranted")
	if want := "no impersonation config lets the operator's user in OrderCloud act as buyers/acme/users/walk-in in application Storefront, or its security profile has no roles (Impersonation.ConfigError): declare an ImpersonationConfig for them whose impersonator is that user, a group of it, or every admin"; message != want {
		t.Errorf("it says %q", message)
	}
	if got := len(w.events()); got != 1 {
		t.Errorf("%d events tell of one failure", got)
	}
	w.allow("acme")
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
}

func TestARevokedTokenIsReplacedWithinTheInterval(t *testing.T) {
	w := begin(t, longLived)
	w.mutate(http.MethodPatch, "apiclients/"+storefrontID, map[string]any{"AccessTokenDuration": 600})
	wait := w.pass()
	before := w.token()
	w.mutate(http.MethodDelete, "buyers/acme/users/walk-in/tokens", nil)
	if wait > interval {
		t.Fatalf("it is looked at after %s only", wait)
	}
	w.clock.Step(wait)
	w.pass()
	if w.token() == before || w.user(w.token()) != "walk-in" {
		t.Error("the Secret does not hold a new token")
	}
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
	if got := w.events(); len(got) != 2 || !strings.HasPrefix(got[1], "Normal TokenRevoked ") {
		t.Errorf("the events are %q", got)
	}
}

func TestATokenOfAUserWhoIsSwitchedOffIsDroppedAndSaysWhy(t *testing.T) {
	w := begin(t, longLived)
	w.clock.Step(w.pass())
	w.mutate(http.MethodPatch, "buyers/acme/users/walk-in", map[string]any{"Active": false})
	w.clock.Step(w.pass())
	w.pass()
	w.expectCondition(v1alpha1.StalledCondition, "True Rejected")
	if w.token() != "" {
		t.Error("the Secret still holds a token")
	}
	w.mutate(http.MethodPatch, "buyers/acme/users/walk-in", map[string]any{"Active": true})
	w.clock.Step(time.Minute)
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
}

func TestASecretThatSomebodyTouchedIsPutRightAtOnce(t *testing.T) {
	for name, touch := range map[string]func(*world, *corev1.Secret) error{
		"deleted": func(w *world, secret *corev1.Secret) error { return w.kube.Delete(w.t.Context(), secret) },
		"emptied": func(w *world, secret *corev1.Secret) error {
			secret.Data = nil
			return w.kube.Update(w.t.Context(), secret)
		},
		"another token written in": func(w *world, secret *corev1.Secret) error {
			secret.Data["token"] = secret.Data["token"][:len(secret.Data["token"])-4]
			return w.kube.Update(w.t.Context(), secret)
		},
		"another end written in": func(w *world, secret *corev1.Secret) error {
			secret.Data["expiration"] = []byte("never")
			return w.kube.Update(w.t.Context(), secret)
		},
		"another url written in": func(w *world, secret *corev1.Secret) error {
			secret.Data["url"] = []byte("https://elsewhere.example")
			return w.kube.Update(w.t.Context(), secret)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, longLived)
			w.pass()
			if err := touch(w, w.secret("walk-in-token")); err != nil {
				t.Fatal(err)
			}
			w.pass()
			if w.user(w.token()) != "walk-in" || string(w.secret("walk-in-token").Data["url"]) != w.url {
				t.Error("the Secret does not hold a good token")
			}
			w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
		})
	}
}

func TestWhatOthersAddToTheSecretStays(t *testing.T) {
	w := begin(t)
	w.pass()
	secret := w.secret("walk-in-token")
	secret.Data["note"], secret.Labels = []byte("mine"), map[string]string{"team": "desk"}
	if err := w.kube.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	before := w.token()
	w.runFor(10 * time.Minute)
	secret = w.secret("walk-in-token")
	if w.token() == before || string(secret.Data["note"]) != "mine" || secret.Labels["team"] != "desk" {
		t.Errorf("it is %v with the labels %v", slices.Collect(maps.Keys(secret.Data)), secret.Labels)
	}
}

func TestASecretOfSomebodyElseIsNotTouched(t *testing.T) {
	w := begin(t)
	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "walk-in-token"}, Data: map[string][]byte{"token": []byte("theirs")}}
	if err := w.kube.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "False NotOwned")
	if w.token() != "theirs" || w.issued() != 0 {
		t.Errorf("it was touched, or a token asked for %d times", w.issued())
	}
	if err := w.kube.Delete(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
}

func TestATokenOfAnotherUserIsDropped(t *testing.T) {
	for name, body := range map[string]string{
		"another user":                  `{"ID": "jdoe", "Username": "jdoe", "Active": true, "Buyer": {"ID": "acme"}}`,
		"the same ID in another buyer":  `{"ID": "walk-in", "Username": "walk-in", "Active": true, "Buyer": {"ID": "globex"}}`,
		"the same ID among the admins":  `{"ID": "walk-in", "Username": "walk-in", "Active": true, "Seller": {"ID": "shop"}}`,
		"the same ID in another letter": `{"ID": "Walk-In", "Username": "walk-in", "Active": true, "Buyer": {"ID": "acme"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.answer = func(request *http.Request, status int, answered string) (int, string) {
				if request.URL.Path == "/v1/me" {
					return http.StatusOK, body
				}
				return status, answered
			}
			w.pass()
			w.expectCondition(v1alpha1.ReadyCondition, "False Rejected")
			if w.secret("walk-in-token") != nil {
				t.Error("it was published")
			}
		})
	}
}

func TestEveryRefusalSaysWhatToDo(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*world)
		edit    func(*v1alpha1.ImpersonationToken)
		want    string
		says    string
	}{
		"no config applies": {
			prepare: func(w *world) { w.mutate(http.MethodDelete, "impersonationconfig/tokens-acme", nil) },
			want:    "False NotGranted", says: "declare an ImpersonationConfig",
		},
		"the profile has no roles": {
			prepare: func(w *world) {
				w.mutate(http.MethodPatch, "securityprofiles/cs-rep", map[string]any{"Roles": []any{}})
			},
			want: "False NotGranted", says: "its security profile has no roles",
		},
		"none of the roles": {
			edit: func(token *v1alpha1.ImpersonationToken) { token.Spec.Roles = []v1alpha1.Role{"OrderAdmin"} },
			want: "False NotGranted", says: "ask for roles that the security profile of the impersonation config has",
		},
		"the application is not there": {
			edit: func(token *v1alpha1.ImpersonationToken) { token.Spec.ClientName, token.Spec.ClientID = "", "no-client" },
			want: "False ReferenceNotFound", says: "API client no-client does not exist in",
		},
		"no application has the name": {
			edit: func(token *v1alpha1.ImpersonationToken) { token.Spec.ClientName = "Storefrnt" },
			want: "False ReferenceNotFound", says: `is named "Storefrnt": correct clientName`,
		},
		"the buyer cannot reach the application": {
			prepare: func(w *world) {
				w.mutate(http.MethodPatch, "apiclients/"+storefrontID, map[string]any{"AllowAnyBuyer": false})
			},
			want: "False NotGranted", says: "buyer acme is not assigned to application Storefront",
		},
		"the operator lacks BuyerImpersonation": {
			prepare: func(w *world) {
				w.mutate(http.MethodPatch, "securityprofiles/operator", map[string]any{"Roles": []any{"ApiClientReader"}})
			},
			want: "False AccessDenied", says: "the operator's token lacks BuyerImpersonation",
		},
		"the user is not there": {
			edit: func(token *v1alpha1.ImpersonationToken) { token.Spec.UserID = "nobody" },
			want: "False ReferenceNotFound", says: `user "nobody" does not exist in`,
		},
		"the user is switched off": {
			prepare: func(w *world) {
				w.mutate(http.MethodPatch, "buyers/acme/users/walk-in", map[string]any{"Active": false})
			},
			want: "False Rejected", says: "is not active in OrderCloud (Auth.UserNotActive)",
		},
		"the BuyerUser is not there": {
			edit: func(token *v1alpha1.ImpersonationToken) {
				token.Spec.BuyerID, token.Spec.UserID, token.Spec.UserRef = "", "", &v1alpha1.BuyerUserReference{Name: "jdoe"}
			},
			want: "False ReferenceNotFound", says: "BuyerUser shop/jdoe does not exist: create it",
		},
		"OrderCloud is down": {
			prepare: func(w *world) {
				w.box.Inject(sandbox.Fault{Path: "/v1/*", Status: http.StatusServiceUnavailable})
				w.box.Inject(sandbox.Fault{Path: "/v1/buyers/*/users/*/accesstoken", Status: http.StatusServiceUnavailable})
			},
			edit: func(token *v1alpha1.ImpersonationToken) {
				token.Spec.ClientName, token.Spec.ClientID = "", storefrontID
			},
			want: "False Unavailable", says: "the operator tries again by itself",
		},
		"the Secret may not be written": {
			prepare: func(w *world) {
				w.mayWrite = func(string, client.Object) error {
					return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "walk-in-token", nil)
				}
			},
			want: "False AccessDenied", says: "bind the ClusterRole impersonation-token-writer-role",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, func(token *v1alpha1.ImpersonationToken) {
				if test.edit != nil {
					test.edit(token)
				}
			})
			if test.prepare != nil {
				test.prepare(w)
			}
			wait := w.pass()
			if got := w.expectCondition(v1alpha1.ReadyCondition, test.want); !strings.Contains(got, test.says) {
				t.Errorf("it says %q", got)
			}
			if w.secret("walk-in-token") != nil {
				t.Error("there is a Secret")
			}
			if wait > interval {
				t.Errorf("it is tried again after %s only", wait)
			}
			if before := w.object().ResourceVersion; w.pass() > interval || w.object().ResourceVersion != before {
				t.Error("the same failure is written again")
			}
		})
	}
}

func TestATokenThatWasJustDeclaredWaitsForItsGrant(t *testing.T) {
	w := begin(t)
	w.mutate(http.MethodDelete, "impersonationconfig/tokens-acme", nil)
	object := w.object()
	object.CreationTimestamp = metav1.NewTime(w.clock.Now())
	if err := w.kube.Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	wait := w.pass()
	w.expectCondition(v1alpha1.ReconcilingCondition, "True NotGranted")
	if wait > 2*time.Second {
		t.Errorf("it is tried again after %s only", wait)
	}
	w.clock.Step(2 * time.Minute)
	w.pass()
	w.expectCondition(v1alpha1.StalledCondition, "True NotGranted")
}

func TestNoTokenIsAskedForThatCouldNotBeKept(t *testing.T) {
	w := begin(t)
	w.mayWrite = func(string, client.Object) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "walk-in-token", nil)
	}
	w.pass()
	if w.issued() != 0 {
		t.Error("OrderCloud issued a token that nobody gets")
	}
}

func TestAnotherDeclarationGetsAnotherToken(t *testing.T) {
	w := begin(t, longLived)
	w.mutate(http.MethodPut, "buyers/acme/users/jdoe", map[string]any{
		"Username": "jdoe@acme.example", "FirstName": "Joan", "LastName": "Doe", "Email": "jdoe@acme.example", "Active": true,
	})
	w.pass()
	w.declare(func(token *v1alpha1.ImpersonationToken) { token.Spec.UserID = "jdoe" })
	w.pass()
	if got := w.user(w.token()); got != "jdoe" {
		t.Errorf("the token stands for %q", got)
	}
	before := w.token()
	w.declare(func(token *v1alpha1.ImpersonationToken) {
		token.Spec.Roles = []v1alpha1.Role{"OrderReader", "OrderAdmin"}
	})
	w.pass()
	if w.token() == before {
		t.Error("the token has the roles of before")
	}
	if got := w.expectCondition(v1alpha1.ReadyCondition, "True Issued"); !strings.Contains(got, "OrderCloud left out OrderAdmin") {
		t.Errorf("it says %q", got)
	}
	if got := w.object().Status.Roles; !slices.Equal(got, []string{"OrderReader"}) {
		t.Errorf("the roles are %q", got)
	}
	before = w.token()
	w.declare(func(token *v1alpha1.ImpersonationToken) {
		token.Spec.RefreshBefore = &metav1.Duration{Duration: time.Minute}
	})
	w.pass()
	if w.token() != before {
		t.Error("a token was thrown away that is for what is declared")
	}
}

func TestATokenThatIsNotDeclaredAnyMoreGoes(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(*v1alpha1.ImpersonationToken)
		goes bool
	}{
		"for another user": {
			edit: func(token *v1alpha1.ImpersonationToken) { token.Spec.UserID = "nobody" },
			goes: true,
		},
		"for another application": {
			edit: func(token *v1alpha1.ImpersonationToken) { token.Spec.ClientName, token.Spec.ClientID = "", "no-client" },
			goes: true,
		},
		"with other roles, it stays until it expires": {
			edit: func(token *v1alpha1.ImpersonationToken) { token.Spec.Roles = []v1alpha1.Role{"OrderAdmin"} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, longLived)
			w.pass()
			before := w.token()
			w.declare(test.edit)
			w.pass()
			if goes := w.token() != before; goes != test.goes {
				t.Errorf("the token goes: %v", goes)
			}
			if w.object().Status.Conditions[0].Status != metav1.ConditionFalse {
				t.Error("it is Ready with a token that is not declared")
			}
		})
	}
}

func TestAnotherSecretReplacesTheFormerOne(t *testing.T) {
	w := begin(t, longLived)
	w.pass()
	before := w.token()
	w.declare(func(token *v1alpha1.ImpersonationToken) { token.Spec.SecretName = "" })
	w.pass()
	if w.secret("walk-in-token") != nil {
		t.Error("the former Secret is still there")
	}
	if secret := w.secret(name); secret == nil || w.user(string(secret.Data["token"])) != "walk-in" {
		t.Error("there is no token in the Secret with the object's name")
	}
	// One that came to be somebody else's meanwhile is left alone.
	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "walk-in-token"}, Data: map[string][]byte{"token": []byte(before)}}
	if err := w.kube.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	w.pass()
	if w.secret("walk-in-token") == nil {
		t.Error("a Secret of somebody else was deleted")
	}
}

func TestASuspendedTokenIsLeftAloneAndExpires(t *testing.T) {
	w := begin(t)
	w.pass()
	before, calls := w.token(), w.box.Stats().Total
	w.declare(func(token *v1alpha1.ImpersonationToken) { token.Spec.Suspend = true })
	wait := w.pass()
	w.expectCondition(v1alpha1.SyncedCondition, "Unknown Suspended")
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
	w.clock.Step(wait)
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "False Suspended")
	if w.token() != before || w.box.Stats().Total != calls {
		t.Error("something was read or written")
	}
	w.declare(func(token *v1alpha1.ImpersonationToken) { token.Spec.Suspend = false })
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
}

func TestARestartCostsNoNewToken(t *testing.T) {
	w := begin(t, longLived)
	w.pass()
	before, version := w.token(), w.object().ResourceVersion
	w.box.ResetStats()
	w.restart()
	wait := w.pass()
	if calls := w.box.Stats().Calls; w.token() != before || calls["GET /v1/me"] != 0 || calls[issuing] != 0 {
		t.Errorf("it cost %v", calls)
	}
	if w.object().ResourceVersion != version {
		t.Error("it cost a write")
	}
	if wait > interval {
		t.Errorf("the token is looked at after %s only", wait)
	}
	w.clock.Step(wait)
	w.pass()
	if w.box.Stats().Calls["GET /v1/me"] != 1 {
		t.Error("the token was not looked at within the interval")
	}
}

func TestACrashBeforeTheStatusIsWrittenLosesNothing(t *testing.T) {
	w := begin(t, longLived)
	w.pass()
	before := w.token()
	object := w.object()
	object.Status = v1alpha1.ImpersonationTokenStatus{ObservedGeneration: -1}
	if err := w.kube.Status().Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	w.restart()
	w.pass()
	if w.token() != before || w.issued() != 1 {
		t.Error("there is another token")
	}
	status := w.object().Status
	if status.IssuedTime == nil || status.Username == "" || !slices.Equal(status.Roles, []string{"MeAdmin", "Shopper"}) {
		t.Errorf("the status is %+v", status)
	}
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
}

func TestALookIsMadeWhenSomebodyAsks(t *testing.T) {
	w := begin(t, longLived)
	w.pass()
	w.mutate(http.MethodDelete, "buyers/acme/users/walk-in/tokens", nil)
	object := w.object()
	object.Annotations = map[string]string{v1alpha1.ReconcileAtAnnotation: "now"}
	if err := w.kube.Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	w.pass()
	if w.user(w.token()) != "walk-in" {
		t.Error("the revoked token is still there")
	}
	if got := w.object().Status.LastHandledReconcileAt; got != "now" {
		t.Errorf("lastHandledReconcileAt is %q", got)
	}
}

// longLived lets the token's end be far away.
func longLived(token *v1alpha1.ImpersonationToken) {
	token.Spec.RefreshBefore = &metav1.Duration{Duration: time.Second}
}
