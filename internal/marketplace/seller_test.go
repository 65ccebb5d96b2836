// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// use gives the Secret the credentials of a marketplace.
func (w *world) use(box *sandbox.Sandbox) {
	w.t.Helper()
	clientID, clientSecret := box.Credentials()
	edit(w, credentials(), func(secret *corev1.Secret) {
		secret.Data["clientID"], secret.Data["clientSecret"] = []byte(clientID), []byte(clientSecret)
	})
}

// restart is another process, which remembers nothing.
func (w *world) restart() {
	w.registry = marketplace.NewRegistry(w.kube, w.kube, endpoints(w.t, w.url, w.elsewhere()), "ordercloud-operator/test")
	w.registry.UseClock(w.clock)
}

func TestCredentialsOfAnotherSellerAreRefused(t *testing.T) {
	name := func(sellerID string) func(*world) {
		return func(w *world) {
			edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.SellerID = sellerID })
		}
	}
	seen := func(w *world) {
		edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Status.SellerID = "sandbox-marketplace" })
	}
	connect := func(w *world) { w.connect() }
	change := func(w *world) { w.use(w.another) }
	for name, test := range map[string]struct {
		happen []func(*world)
		// expected and found are the sellers of the refusal; both are empty if there is none.
		expected, found string
	}{
		"the first seller that is seen":                    {happen: []func(*world){connect}},
		"another one, before the status tells the first":   {[]func(*world){connect, change}, "sandbox-marketplace", "another-seller"},
		"another one, after a restart":                     {[]func(*world){seen, change, (*world).restart}, "sandbox-marketplace", "another-seller"},
		"another one than declared, from the first moment": {[]func(*world){name("acme-shop")}, "acme-shop", "sandbox-marketplace"},
		"one of another letter case than declared":         {[]func(*world){name("Sandbox-Marketplace")}, "Sandbox-Marketplace", "sandbox-marketplace"},
		"the declared one":                                 {happen: []func(*world){name("sandbox-marketplace"), connect}},
		"a change that is meant":                           {happen: []func(*world){seen, connect, change, name("another-seller")}},
		"a change that is meant, with the old credentials": {[]func(*world){seen, connect, name("another-seller")}, "another-seller", "sandbox-marketplace"},
		"the new seller, when it is no longer declared":    {happen: []func(*world){connect, change, name("another-seller"), connect, name("")}},
		"the old seller again, when it is no longer declared": {
			[]func(*world){
				connect, change, name("another-seller"), connect, name(""), func(w *world) { w.use(w.box) },
			}, "another-seller", "sandbox-marketplace",
		},
		"another one of a Marketplace that was made anew": {happen: []func(*world){connect, change, func(w *world) {
			if err := w.kube.Delete(w.t.Context(), declared()); err != nil {
				w.t.Fatal(err)
			}
			again := declared()
			again.UID, again.Spec.URL = "second", w.url
			if err := w.kube.Create(w.t.Context(), again); err != nil {
				w.t.Fatal(err)
			}
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, declared(), credentials())
			for _, step := range test.happen {
				step(w)
			}
			want := ""
			if test.expected != "" {
				want = v1alpha1.ReasonMarketplaceNotReady + ": Marketplace shop/default is not ready: the credentials belong to seller \"" + test.found +
					"\" at " + w.url + ", and this Marketplace is that of seller \"" + test.expected +
					"\": correct its Secret or, if the change is meant, set spec.sellerID to \"" + test.found + "\"; until then nothing is read or written"
			}
			if diff := cmp.Diff(want, w.refusal()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			_, err := w.prove()
			if problem := failure.As(err); (problem != nil) != (want != "") || problem != nil && (problem.Reason != v1alpha1.ReasonSellerChanged || !problem.Stalled) {
				t.Errorf("got %v", err)
			}
			if want != "" {
				w.expectStanding(shop, marketplace.StandingRefused)
			} else {
				w.expectStanding(shop, marketplace.StandingProven)
			}
			for route := range w.another.Stats().Calls {
				if route != "POST /oauth/token" && route != "GET /v1/me" {
					t.Errorf("the other marketplace was asked %s", route)
				}
			}
		})
	}
}

// other declares a Marketplace "other" in another namespace, and connects to it.
func (w *world) other(clientID, clientSecret, url string) {
	w.t.Helper()
	object, secret := declared(), credentials()
	object.Namespace, object.Name, object.UID, object.Spec.URL = "tenant", "other", "other", url
	secret.Namespace = "tenant"
	secret.Data = map[string][]byte{"clientID": []byte(clientID), "clientSecret": []byte(clientSecret)}
	for _, made := range []client.Object{object, secret} {
		if err := w.kube.Create(w.t.Context(), made); err != nil {
			w.t.Fatal(err)
		}
	}
	_, _ = w.registry.Connect(w.t.Context(), "tenant", v1alpha1.MarketplaceReference{Name: "other"})
}

func TestTwoMarketplacesAreTheSameIfOrderCloudNamesOneSellerAtOneURL(t *testing.T) {
	other := types.NamespacedName{Namespace: "tenant", Name: "other"}
	for name, test := range map[string]struct {
		declare func(*world)
		same    bool
	}{
		"the same credentials":             {func(w *world) { w.other(clientID, clientSecret, w.url) }, true},
		"another spelling of the URL":      {func(w *world) { w.other(clientID, clientSecret, strings.ToUpper(w.url[:4])+w.url[4:]+"/") }, true},
		"another API client of the seller": {func(w *world) { w.other(anotherClientID, clientSecret, w.url) }, true},
		"the client ID and a wrong secret": {func(w *world) { w.other(clientID, "q7-wrong", w.url) }, false},
		"another URL":                      {func(w *world) { w.other(clientID, clientSecret, w.elsewhere()) }, false},
		"another seller": {func(w *world) {
			id, secret := w.another.Credentials()
			w.other(id, secret, w.url)
		}, false},
		"no answer because of an outage": {func(w *world) {
			w.box.Inject(sandbox.Fault{Status: http.StatusServiceUnavailable})
			w.other(clientID, clientSecret, w.url)
		}, false},
		"nobody has asked": {func(*world) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, declared(), credentials())
			at := w.connect().Marketplace
			test.declare(w)
			if w.registry.AreSame(shop, other) != test.same || w.registry.AreSame(other, shop) != test.same {
				t.Errorf("they are the same: %v", !test.same)
			}
			if !w.registry.AreSame(other, other) {
				t.Error("a Marketplace is not the same as itself")
			}
			want := []types.NamespacedName{shop}
			if test.same {
				want = append(want, other)
			}
			if got := w.registry.Peers(at); !slices.Equal(got, want) {
				t.Errorf("peers %v", got)
			}
			if got := w.registry.Peers(claim.Marketplace{URL: w.url}); len(got) != 0 {
				t.Errorf("peers of what is not proven: %v", got)
			}
		})
	}
}

func TestBeforeAWriteTheAPIServerIsAskedPastTheCache(t *testing.T) {
	visiting := v1alpha1.MarketplaceReference{Namespace: "shop"}
	for name, test := range map[string]struct {
		change func(*world)
		want   string
	}{
		"nothing has changed": {func(*world) {}, ""},
		"the interval": {func(w *world) {
			edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.Interval = &metav1.Duration{Duration: 1} })
		}, ""},
		"its own seller is declared": {func(w *world) {
			edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.SellerID = "sandbox-marketplace" })
		}, ""},
		"the Marketplace is gone": {func(w *world) {
			if err := w.kube.Delete(w.t.Context(), declared()); err != nil {
				w.t.Fatal(err)
			}
		}, "MarketplaceNotFound: Marketplace shop/default does not exist: create it"},
		"the address": {func(w *world) {
			edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.URL = w.elsewhere() })
		}, "MarketplaceNotReady: the address of Marketplace shop/default has changed before the write was sent: it is planned again with what is declared now"},
		"another seller is declared": {func(w *world) {
			edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.SellerID = "another-seller" })
		}, "MarketplaceNotReady: spec.sellerID of Marketplace shop/default has changed before the write was sent: it is planned again with what is declared now"},
		"another Secret": {func(w *world) {
			edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.CredentialsSecretRef.Name = "another" })
		}, "MarketplaceNotReady: spec.credentialsSecretRef of Marketplace shop/default has changed before the write was sent: it is planned again with what is declared now"},
		"only its own namespace is let in": {func(w *world) {
			edit(w, declared(), func(declared *v1alpha1.Marketplace) {
				declared.Spec.AllowedNamespaces = v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSame}
			})
		}, `NamespaceNotAllowed: Marketplace shop/default does not let namespace "tenant" refer to it: its spec.allowedNamespaces decides`},
		"the label of the namespace": {func(w *world) {
			tenant := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "tenant"}}
			edit(w, tenant, func(namespace *corev1.Namespace) { namespace.Labels = nil })
		}, `NamespaceNotAllowed: Marketplace shop/default does not let namespace "tenant" refer to it: its spec.allowedNamespaces decides`},
		"labels may no longer be read": {func(w *world) { w.failingFor = "tenant" },
			`NamespaceNotAllowed: Marketplace shop/default lets namespaces in by their labels, and the API server does not let the operator read those ` +
				`of namespace "tenant": grant its role get on namespaces there, or set spec.allowedNamespaces.from of the Marketplace to All`},
	} {
		t.Run(name, func(t *testing.T) {
			tenant := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "tenant", Labels: map[string]string{"team": "shop"}}}
			w := begin(t, selecting(map[string]string{"team": "shop"}), credentials(), tenant)
			w.asking() // labels are remembered for a while
			connection, err := w.registry.Connect(t.Context(), "tenant", visiting)
			if err != nil {
				t.Fatal(err)
			}
			test.change(w)
			_, err = w.registry.CheckNow(t.Context(), "tenant", visiting, connection.Marketplace)
			got := ""
			if problem := failure.As(err); problem != nil {
				got = problem.Reason + ": " + problem.Message
			} else if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
