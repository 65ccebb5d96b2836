// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"runtime"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// defaultMarketplace changes the Marketplace of the world.
func (w *world) defaultMarketplace(change func(*v1alpha1.Marketplace)) {
	w.t.Helper()
	declared := &v1alpha1.Marketplace{}
	declared.Namespace, declared.Name = namespace, "default"
	edit(w, declared, change)
}

// A write waits long for its turn, and a person stops it meanwhile.
func TestWhatAPersonStopsBeforeItIsSentIsNotSent(t *testing.T) {
	withSpec := func(change func(*v1alpha1.BuyerUser)) func(*world, *v1alpha1.BuyerUser) {
		return func(w *world, user *v1alpha1.BuyerUser) { edit(w, user, change) }
	}
	for name, stop := range map[string]func(*world, *v1alpha1.BuyerUser){
		"with Observe":   withSpec(func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve }),
		"with suspend":   withSpec(func(user *v1alpha1.BuyerUser) { user.Spec.Suspend = true }),
		"with an edit":   withSpec(func(user *v1alpha1.BuyerUser) { user.Spec.Email = "next@acme.example" }),
		"by deleting it": func(w *world, user *v1alpha1.BuyerUser) { w.remove(user) },
		"by withdrawing the permission": func(w *world, _ *v1alpha1.BuyerUser) {
			w.allow(v1alpha1.NamespacesSame)
		},
		"by confirming another seller": func(w *world, _ *v1alpha1.BuyerUser) {
			w.defaultMarketplace(func(declared *v1alpha1.Marketplace) { declared.Spec.SellerID = "another-seller" })
		},
		"by pointing the Marketplace elsewhere": func(w *world, _ *v1alpha1.BuyerUser) {
			w.defaultMarketplace(func(declared *v1alpha1.Marketplace) { declared.Spec.URL = "https://127.0.0.1:1" })
		},
	} {
		for write, prepare := range map[string]func(*world, *v1alpha1.BuyerUser){
			"an update": func(w *world, user *v1alpha1.BuyerUser) {
				w.mustPass(user)
				w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
			},
			"a create": func(*world, *v1alpha1.BuyerUser) {},
		} {
			t.Run(write+", "+name, func(t *testing.T) {
				w := begin(t)
				w.allow(v1alpha1.NamespacesAll)
				user := declaredUser()
				user.Namespace, user.Spec.MarketplaceRef.Namespace = "tenant", namespace
				w.declare(user)
				prepare(w, user)
				before := w.inOrderCloud(userPath)
				w.beforeLastLook = func() { stop(w, user) }
				_, _ = w.pass(user)
				if w.beforeLastLook != nil {
					t.Fatal("there was no last look")
				}
				for _, write := range w.written() {
					if write == patchUser || before == nil && write == postUser {
						t.Errorf("it was sent: %v", w.written())
					}
				}
			})
		}
	}
}

func TestADeletionThatIsStoppedBeforeItIsSentIsNotSent(t *testing.T) {
	for name, stop := range map[string]func(*world, *v1alpha1.BuyerUser){
		"with Retain": func(w *world, user *v1alpha1.BuyerUser) {
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.DeletionPolicy = v1alpha1.DeletionRetain })
		},
		"with Observe": func(w *world, user *v1alpha1.BuyerUser) {
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
		},
		"by handing it over": func(w *world, user *v1alpha1.BuyerUser) {
			w.read(user)
			w.recordClaim(user, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.ready(user)
			w.remove(user)
			w.beforeLastLook = func() { stop(w, user) }
			w.mustPass(user)
			w.settle(user)
			if w.inOrderCloud(userPath) == nil {
				t.Errorf("it was deleted: %v", w.written())
			}
			if w.read(user) {
				t.Error("the resource is left")
			}
		})
	}
}

// The real limiter, with one request at a time: the deletion waits behind a look.
func TestTheLastLookComesAfterTheTurn(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.ready(user)
	w.defaultMarketplace(func(declared *v1alpha1.Marketplace) {
		declared.Spec.RateLimit = v1alpha1.RateLimit{RequestsPerSecond: 1000, Concurrency: 1}
	})
	busy := declaredUser()
	busy.Name, busy.UID, busy.Spec.ManagementPolicy = "busy", "busy", v1alpha1.ManagementObserve
	w.declare(busy)
	w.remove(user)
	w.held = make(chan struct{})
	ended := make(chan struct{}, 2)
	pass := func(object client.Object) {
		_, _ = w.users.Reconcile(t.Context(), requestOf(object))
		ended <- struct{}{}
	}
	go pass(busy)
	w.until(func() bool { return w.arrived.Load() == 1 })
	go pass(user)
	w.until(func() bool {
		waits, _ := w.users.Marketplaces.(interface {
			Delay(key types.NamespacedName) time.Duration
		})
		return waits.Delay(client.ObjectKey{Namespace: namespace, Name: "default"}) > 0
	})
	edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.DeletionPolicy = v1alpha1.DeletionRetain })
	close(w.held)
	<-ended
	<-ended
	if w.inOrderCloud(userPath) == nil {
		t.Error("deleted though Retain was set before the DELETE was sent")
	}
}

func requestOf(object client.Object) ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKeyFromObject(object)}
}

// until waits for a state.
func (w *world) until(isReached func() bool) {
	for !isReached() {
		if w.t.Context().Err() != nil {
			return
		}
		runtime.Gosched()
	}
}

func otherSeed() sandbox.Seed { return sandbox.DefaultSeed().OfSeller("another-seller") }

// otherSeller puts another marketplace behind the same URL, and gives the Marketplace the
// credentials of that. It holds a user of the same ID.
func (w *world) otherSeller() {
	w.t.Helper()
	other, err := sandbox.New(sandbox.WithSeed(otherSeed()))
	if err != nil {
		w.t.Fatal(err)
	}
	w.box = other
	clientID, clientSecret := w.box.Credentials()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ordercloud"}}
	edit(w, secret, func(secret *corev1.Secret) {
		secret.Data = map[string][]byte{"clientID": []byte(clientID), "clientSecret": []byte(clientSecret)}
	})
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "victim@x.example", "Password": "Victims-Own-73"}))
}

func TestNothingOfAnotherSellerIsTouched(t *testing.T) {
	for name, isConfirmed := range map[string]bool{"credentials of another seller": false, "the other seller is confirmed": true} {
		for _, isDeleted := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", and the resource is deleted"}[isDeleted], func(t *testing.T) {
				w := begin(t)
				w.declare(passwordSecret(firstPassword))
				user := withPassword(v1alpha1.PasswordEnforce)
				user.Spec.AdoptionPolicy = v1alpha1.AdoptNever
				w.ready(user)
				w.otherSeller()
				if isConfirmed {
					w.defaultMarketplace(func(declared *v1alpha1.Marketplace) { declared.Spec.SellerID = otherSeed().MarketplaceID })
				}
				if isDeleted {
					w.remove(user)
				}
				w.forget()
				w.mustPass(user)
				w.expectField(userPath, "Email", "victim@x.example")
				if password, _ := w.box.Password(userPath); password != "Victims-Own-73" {
					t.Error("the password of the other seller's user was written")
				}
				if isDeleted {
					return
				}
				want := "False MarketplaceNotReady"
				if isConfirmed {
					want = "False NotOwned"
					w.expect(user, "Ready", want)
				}
				w.expect(user, "Synced", want)
			})
		}
	}
}

// Credentials are not needed where nothing is to be done.
func TestWhatWasClaimedElsewhereIsLetGoAndNamed(t *testing.T) {
	for name, move := range map[string]func(*world){
		"the Marketplace has another URL, and no Secret": func(w *world) {
			w.defaultMarketplace(func(declared *v1alpha1.Marketplace) { declared.Spec.URL = "https://sandboxapi.ordercloud.io" })
			w.lose("Secret")
		},
		"another seller is confirmed": func(w *world) {
			w.otherSeller()
			w.defaultMarketplace(func(declared *v1alpha1.Marketplace) { declared.Spec.SellerID = otherSeed().MarketplaceID })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.ready(user)
			there := w.here()
			move(w)
			w.start()
			w.events()
			w.remove(user)
			w.mustPass(user)
			if w.read(user) {
				t.Fatalf("not let go: %s", w.whyNotReady(user))
			}
			told := w.drainEvents()
			want := "Warning Orphaned " + userPath + " was claimed in " + there.URL + " (seller " + there.SellerID + "), and the Marketplace reaches "
			if len(told) != 1 || told[0][:min(len(want), len(told[0]))] != want {
				t.Errorf("told %v, want %s", told, want)
			}
		})
	}
}

func TestReadyIsAboutTheMarketplaceThatTheResourceRefersToNow(t *testing.T) {
	for name, policy := range map[string]v1alpha1.ManagementPolicy{"enforced": v1alpha1.ManagementEnforce, "observed": v1alpha1.ManagementObserve} {
		for where, url := range map[string]string{
			"to a URL where nobody answers": "http://127.0.0.1:1", "to a URL that is not allowed": "https://api.ordercloud.io",
		} {
			t.Run(name+", pointed "+where, func(t *testing.T) {
				w := begin(t)
				w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil))
				user := declaredUser()
				user.Spec.ManagementPolicy = policy
				w.ready(user)
				w.startWith("http://127.0.0.1:1")
				w.defaultMarketplace(func(declared *v1alpha1.Marketplace) { declared.Spec.URL = url })
				w.mustPass(user)
				if status, reason := readyStatus(user); status != metav1.ConditionFalse {
					t.Errorf("Ready %s %s", status, reason)
				}
				w.expect(user, "Drifted", "")
			})
		}
	}
}

// An outage of the same marketplace takes Ready from nobody.
func TestAnotherSpellingOfTheURLIsTheSameMarketplace(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	user.Spec.AdoptionPolicy = v1alpha1.AdoptNever
	w.ready(user)
	w.defaultMarketplace(func(declared *v1alpha1.Marketplace) { declared.Spec.URL += "/" })
	w.forget()
	w.settle(user)
	w.expectWrites()
	w.expect(user, "Ready", "True Created")
}
