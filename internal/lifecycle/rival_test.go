// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// noon is when the first of several that declare the same user was created.
var noon = time.Date(2029, 6, 1, 12, 0, 0, 0, time.UTC)

// another declares the same user as declaredUser, under its own name and with
// another e-mail.
func another(name string, created time.Time) *v1alpha1.BuyerUser {
	user := declaredUser()
	user.Name, user.UID = name, types.UID(name)
	user.CreationTimestamp = metav1.NewTime(created)
	user.Spec.UserID, user.Spec.Email = "jdoe", emailOf(name)
	return user
}

func emailOf(name string) string { return "q7.mail." + name + "@acme.example" }

func first() *v1alpha1.BuyerUser  { return another("first", noon) }
func second() *v1alpha1.BuyerUser { return another("second", noon.Add(time.Second)) }

// claimedAlready bears a claim without ever having made a pass.
func (w *world) claimedAlready(user *v1alpha1.BuyerUser) *v1alpha1.BuyerUser {
	user.Finalizers = []string{v1alpha1.ClaimFinalizer}
	user.Status.Claim = &v1alpha1.Claim{
		State: v1alpha1.ClaimHeld, UID: string(user.UID), Path: userPath, Marketplace: w.here(), Since: metav1.NewTime(noon),
	}
	return user
}

func (w *world) expectConflictWith(user, owner *v1alpha1.BuyerUser) {
	w.t.Helper()
	for kind, want := range map[string]string{
		"Ready": "False Conflict", "Synced": "False Conflict", "Stalled": "True Conflict", "Drifted": "", "Reconciling": "",
	} {
		w.expect(user, kind, want)
	}
	if got := w.whyNotReady(user); !strings.HasPrefix(got, client.ObjectKeyFromObject(owner).String()+" declares "+userPath+", too") {
		w.t.Errorf("the message names another owner: %q", got)
	}
	if bearsFinalizer(user) || user.Status.Claim != nil && user.Status.Claim.Marketplace == w.here() || len(user.Status.Drift) > 0 {
		w.t.Errorf("finalizers %v, claim %+v, drift %v", user.Finalizers, user.Status.Claim, user.Status.Drift)
	}
}

func TestOfTwoThatDeclareTheSameOneKeepsIt(t *testing.T) {
	for name, declare := range map[string]func(*world) (owner, other *v1alpha1.BuyerUser){
		"the older": func(*world) (owner, other *v1alpha1.BuyerUser) { return first(), second() },
		"the older, whatever their names are": func(*world) (owner, other *v1alpha1.BuyerUser) {
			return another("zoe", noon), another("abe", noon.Add(time.Second))
		},
		"of two of the same second the first by name": func(*world) (owner, other *v1alpha1.BuyerUser) {
			return another("abe", noon), another("zoe", noon)
		},
		"of two of the same second and name the first by namespace": func(w *world) (owner, other *v1alpha1.BuyerUser) {
			w.allow(v1alpha1.NamespacesAll)
			visitor := another("jdoe", noon)
			visitor.Namespace, visitor.UID, visitor.Spec.MarketplaceRef.Namespace = "anywhere", "visitor", namespace
			return visitor, another("jdoe", noon)
		},
		"whoever holds the claim, though it is younger": func(w *world) (owner, other *v1alpha1.BuyerUser) {
			return w.claimedAlready(second()), first()
		},
		"of two claims the older": func(w *world) (owner, other *v1alpha1.BuyerUser) {
			return w.claimedAlready(first()), w.claimedAlready(second())
		},
		"a claim in another marketplace is none here": func(w *world) (owner, other *v1alpha1.BuyerUser) {
			elsewhere := w.claimedAlready(second())
			elsewhere.Status.Claim.Marketplace.URL = "https://elsewhere.example"
			return first(), elsewhere
		},
		"one that is suspended, too": func(*world) (owner, other *v1alpha1.BuyerUser) {
			suspended := first()
			suspended.Spec.Suspend = true
			return suspended, second()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			owner, other := declare(w)
			w.declare(owner, other)
			w.settle(other)
			w.expectConflictWith(other, owner)
			for _, write := range w.written() {
				if !strings.HasPrefix(write, "patch ") {
					t.Errorf("who yields writes to OrderCloud: %v", w.written())
				}
			}
			w.expectEvents("Warning Conflict")
			w.settle(owner)
			w.settle(other)
			w.expectConflictWith(other, owner)
			if !owner.Spec.Suspend {
				if status, _ := readyStatus(owner); status != "True" {
					t.Errorf("the owner is not Ready: %s", w.whyNotReady(owner))
				}
				w.expectField(userPath, "Email", owner.Spec.Email)
			}
		})
	}
}

func TestAConflictUnmakesReadyAndIsToldOnce(t *testing.T) {
	for name, before := range map[string]func(*world, *v1alpha1.BuyerUser){
		"of one that was Ready": func(*world, *v1alpha1.BuyerUser) {},
		"of one that showed a drift": func(w *world, user *v1alpha1.BuyerUser) {
			w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
			w.settle(user)
			w.expect(user, "Drifted", "True Drifted")
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementEnforce })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			younger, older := second(), w.claimedAlready(first())
			w.ready(younger)
			before(w, younger)
			w.declare(older)
			w.events()
			w.forget()
			w.mustPass(younger)
			w.expectConflictWith(younger, older)
			w.mustPass(younger)
			w.expectWrites("patch status", "patch finalizers")
			w.expectEvents("Warning Conflict")

			// Who was put off deletes nothing when it goes.
			w.remove(younger)
			if w.read(younger) || w.inOrderCloud(userPath) == nil {
				t.Error("the resource is left, or the user is not")
			}
		})
	}
}

func TestWhoeverOnlyWatchesIsInNobodysWay(t *testing.T) {
	w := begin(t)
	watcher, owner := first(), second()
	watcher.Spec.ManagementPolicy, watcher.Spec.Email = v1alpha1.ManagementObserve, owner.Spec.Email
	w.declare(watcher)
	w.ready(owner)
	w.settle(watcher)
	w.expect(watcher, "Ready", "True InSync")
	w.settle(owner)
	w.expect(owner, "Ready", "True Created")

	// And it inherits nothing.
	w.remove(owner)
	w.mustPass(owner)
	w.expectNothingLeft(owner, userPath)
	if w.read(watcher); isClaimed(watcher) {
		t.Error("who only watches holds a claim")
	}
}

func TestWhoIsDeletedAndHoldsNothingIsInNobodysWay(t *testing.T) {
	w := begin(t)
	leaving, owner := first(), second()
	leaving.Finalizers = []string{"example.com/theirs"}
	w.declare(leaving)
	w.remove(leaving)
	w.ready(owner)
	w.expect(owner, "Ready", "True Created")
}

func TestWhoMayNotReferToTheMarketplaceIsInNobodysWay(t *testing.T) {
	for name, claimed := range map[string]bool{"and never might": false, "and no longer may": true} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			stranger, owner := first(), second()
			if claimed {
				w.claimedAlready(stranger)
			}
			stranger.Namespace, stranger.Spec.MarketplaceRef.Namespace = "strangers", namespace
			w.declare(stranger)
			w.ready(owner)
			w.expectField(userPath, "Email", owner.Spec.Email)
			w.settle(stranger)
			w.expect(stranger, "Synced", "False NamespaceNotAllowed")

			// And it inherits nothing.
			w.remove(owner)
			w.mustPass(owner)
			w.expectNothingLeft(owner, userPath)
		})
	}
}

// marketplace declares one more Marketplace, "main", at the same address.
func (w *world) marketplace(clientID, clientSecret string) {
	w.t.Helper()
	const name = "main"
	w.declare(
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("secret-" + name)},
			Data:       map[string][]byte{"clientID": []byte(clientID), "clientSecret": []byte(clientSecret)},
		},
		&v1alpha1.Marketplace{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("marketplace-" + name)},
			Spec: v1alpha1.MarketplaceSpec{
				URL: w.server.URL + "/", CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: name},
				RateLimit: v1alpha1.RateLimit{RequestsPerSecond: 1000, Concurrency: 16},
			},
		})
}

// anotherClient is an API client that may do what the operator's may.
func (w *world) anotherClient() (clientID, clientSecret string) {
	w.mutate(http.MethodPatch, "apiclients/"+storefront, map[string]any{
		"ClientSecret": "q7-another-secret", "DefaultContextUserName": "operator@shop.example",
	})
	return storefront, "q7-another-secret"
}

// Neither a client ID nor a URL says which marketplace it is: OrderCloud does.
func TestTwoMarketplacesAreOneWhenOrderCloudNamesTheSameSeller(t *testing.T) {
	for name, credentials := range map[string]func(*world) (clientID, clientSecret string){
		"the same credentials": func(w *world) (string, string) { return w.box.Credentials() },
		"the same credentials, the ID in small letters": func(w *world) (string, string) {
			clientID, clientSecret := w.box.Credentials()
			return strings.ToLower(clientID), clientSecret
		},
		"another API client": (*world).anotherClient,
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			clientID, clientSecret := credentials(w)
			w.marketplace(clientID, clientSecret)
			one, other := first(), second()
			other.Spec.MarketplaceRef.Name, other.Spec.Email = "main", one.Spec.Email
			w.ready(one)
			w.declare(other)
			w.settle(other)
			w.expectConflictWith(other, one)

			w.remove(one)
			w.mustPass(one)
			w.settle(other)
			w.expectTakenOver(one, other)
		})
	}
}

func TestWhoIsRefusedByOrderCloudIsInNobodysWay(t *testing.T) {
	w := begin(t)
	clientID, _ := w.box.Credentials()
	w.marketplace(clientID, "not-the-secret")
	owner, other := second(), w.claimedAlready(first())
	other.Spec.MarketplaceRef.Name = "main"
	w.declare(other)
	w.settle(other)
	w.ready(owner)
	w.expect(owner, "Ready", "True Created")

	// And it inherits nothing.
	w.remove(owner)
	w.mustPass(owner)
	w.expectNothingLeft(owner, userPath)
}

func TestWhoElseDeclaresAnObjectIsLookedUpInTheIndex(t *testing.T) {
	w := begin(t)
	owner := first()
	w.declare(owner, second())
	w.mustPass(owner)
	w.mustPass(owner)
	w.remove(owner)
	w.mustPass(owner)
	if w.read(owner) {
		t.Error("the resource is left")
	}
	ofPass := []string{
		"path=" + w.server.URL + " " + w.here().SellerID + " " + userPath,
		"path=" + namespace + "/default " + userPath,
	}
	want := append(slices.Repeat(ofPass, 2), "path="+userPath)
	if diff := cmp.Diff(want, w.lists); diff != "" {
		t.Errorf("lists (-want +got)\n%s", diff)
	}
}

func TestWhoeverWaitedTakesOverWhenTheOtherOneOnlyWatches(t *testing.T) {
	w := begin(t)
	owner, waiting := first(), second()
	w.ready(owner)
	w.declare(waiting)
	w.settle(waiting)
	edit(w, owner, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
	edit(w, waiting, func(user *v1alpha1.BuyerUser) { user.Spec.AdoptionPolicy = v1alpha1.AdoptAlways })
	w.settle(waiting)
	w.expect(waiting, "Ready", "True Updated")
	w.settle(owner)
	w.expect(owner, "Ready", "False Drifted")
	if meta.IsStatusConditionTrue(conditionsOf(waiting), v1alpha1.DriftedCondition) || waiting.Status.LastDrift != nil {
		t.Errorf("told as drift: %+v", waiting.Status.LastDrift)
	}
}
