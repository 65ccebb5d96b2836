// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// later lets the limiter forget a refusal, and looks again.
func (w *world) later(object client.Object) {
	w.t.Helper()
	w.start()
	w.clock.SetTime(w.clock.Now().Add(interval))
	w.settle(object)
}

// A restore of staging takes objects away and brings them back as production has them. In
// between, creating them again is refused in one way or another.
func TestARefusedRecreationGivesNoObjectAway(t *testing.T) {
	for name, refuse := range map[string]sandbox.Fault{
		"OrderCloud asks to slow down":  {Status: http.StatusTooManyRequests},
		"the token lacks a role":        {Status: http.StatusForbidden, Code: "Auth.InsufficientRoles"},
		"the buyer is not there either": {Status: http.StatusNotFound, Code: "NotFound"},
		"the username is still taken":   {Status: http.StatusConflict, Code: "User.UsernameMustBeUnique"},
		"something in between refuses":  {Status: http.StatusForbidden},
		"OrderCloud has a failure":      {Status: http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.ready(user)
			w.mutate(http.MethodDelete, userPath, nil)
			refuse.Method, refuse.Path = http.MethodPost, "/v1/buyers/*/users"
			w.box.Inject(refuse)
			w.mustPass(user)
			if !isClaimed(user) || user.Status.Claim.State != v1alpha1.ClaimHeld {
				t.Errorf("the claim is %+v", user.Status.Claim)
			}
			w.box.ClearFaults()
			w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
			w.later(user)
			w.expectField(userPath, "Email", user.Spec.Email)
			w.remove(user)
			w.settle(user)
			w.expectNothingLeft(user, userPath)
		})
	}
}

func TestAMissingPasswordSecretGivesNoUserAway(t *testing.T) {
	w := begin(t)
	w.declare(passwordSecret(firstPassword))
	user := withPassword(v1alpha1.PasswordInitial)
	w.ready(user)
	w.remove(passwordSecret(""))
	w.mutate(http.MethodDelete, userPath, nil)
	w.mustPass(user)
	w.expect(user, "Synced", "False ReferenceNotFound")
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
	w.later(user)
	w.expectField(userPath, "Email", user.Spec.Email)
}

func TestAGrantThatComesBackWidenedIsNarrowedAgain(t *testing.T) {
	w := begin(t)
	config := declaredConfig()
	w.ready(config)
	w.mutate(http.MethodDelete, configPath, nil)
	w.mutate(http.MethodDelete, "usergroups/customer-service", nil)
	w.mustPass(config)
	w.expect(config, "Ready", "False ReferenceNotFound")
	w.mutate(http.MethodPost, "usergroups", map[string]any{"ID": "customer-service", "Name": "Customer service"})
	w.mutate(http.MethodPost, "impersonationconfig", map[string]any{
		"ID": "desk", "ImpersonationGroupID": nil, "BuyerID": nil, "SecurityProfileID": "cs-rep", "ClientID": storefront,
	})
	w.settle(config)
	readyConfig(w, config)
	w.remove(config)
	w.settle(config)
	w.expectNothingLeft(config, configPath)
}

// unborn declares a user whose creation fails, and lets somebody else make one of that ID.
func unborn(t *testing.T, fault sandbox.Fault, policy v1alpha1.AdoptionPolicy) (*world, *v1alpha1.BuyerUser) {
	t.Helper()
	w := begin(t)
	user := declaredUser()
	user.Spec.AdoptionPolicy = policy
	w.declare(user)
	fault.Method, fault.Path = http.MethodPost, "/v1/buyers/*/users"
	w.box.Inject(fault)
	w.mustPass(user)
	w.box.ClearFaults()
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
	return w, user
}

func TestACreateThatNeverTookEffectGivesNoRightToWhatOthersMakeLater(t *testing.T) {
	for name, fault := range map[string]sandbox.Fault{
		"the connection drops before it is handled": {Kind: sandbox.FaultDropConnection},
		"an outage":                      {Status: http.StatusServiceUnavailable},
		"OrderCloud asks to slow down":   {Status: http.StatusTooManyRequests},
		"OrderCloud refuses it":          {Status: http.StatusBadRequest, Code: "ValidationFailure"},
		"a page of something in between": {Status: http.StatusForbidden},
	} {
		for _, policy := range []v1alpha1.AdoptionPolicy{v1alpha1.AdoptNever, v1alpha1.AdoptIfIdentical} {
			t.Run(name+", "+string(policy), func(t *testing.T) {
				w, user := unborn(t, fault, policy)
				w.later(user)
				w.expectForeign(user)
				w.remove(user)
				w.settle(user)
				w.expectField(userPath, "Email", "theirs@x.example")
			})
			t.Run(name+", "+string(policy)+", and it is deleted at once", func(t *testing.T) {
				w, user := unborn(t, fault, policy)
				w.remove(user)
				w.later(user)
				w.expectField(userPath, "Email", "theirs@x.example")
				if w.read(user) {
					t.Error("the resource is left")
				}
			})
		}
	}
}

// The breaker holds the create back: nothing was sent.
func TestACreateThatIsHeldBackClaimsNothing(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.onWrite("patch status", func() {
		connection, err := w.users.Marketplaces.Connect(t.Context(), namespace, v1alpha1.MarketplaceReference{})
		if err != nil {
			t.Error(err)
			return
		}
		defer w.box.Inject(sandbox.Fault{Status: http.StatusInternalServerError})()
		for range 6 {
			_, _ = connection.Client.Me(t.Context())
		}
	})
	w.mustPass(user)
	w.expectWrites("patch finalizers", "patch status", "patch status")
	w.expect(user, "Synced", "False Unavailable")
	if user.Status.Claim != nil {
		t.Errorf("nothing was sent, and the claim is %+v", user.Status.Claim)
	}
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
	w.later(user)
	w.expectForeign(user)
}

func TestACreateWhoseEffectIsNotKnownIsRecognizedByWhatItSent(t *testing.T) {
	for name, test := range map[string]struct {
		fault  sandbox.Fault
		happen func(*world, *v1alpha1.BuyerUser)
	}{
		"its answer is lost": {fault: sandbox.Fault{Kind: sandbox.FaultLostAnswer, Count: 1}},
		"a gateway answers 429 to a create that was applied": {
			fault: sandbox.Fault{Status: http.StatusTooManyRequests, Count: 4}, // however often it is sent
			happen: func(w *world, _ *v1alpha1.BuyerUser) {
				w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil))
			},
		},
		"it is declared in another way before the next look": {
			fault: sandbox.Fault{Kind: sandbox.FaultLostAnswer, Count: 1},
			happen: func(w *world, user *v1alpha1.BuyerUser) {
				edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.FirstName = "Another" })
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			user.Spec.AdoptionPolicy = v1alpha1.AdoptNever
			w.declare(user)
			test.fault.Method, test.fault.Path = http.MethodPost, "/v1/buyers/*/users"
			w.box.Inject(test.fault)
			w.mustPass(user)
			if user.Status.Claim == nil || user.Status.Claim.State != v1alpha1.ClaimPending {
				t.Fatalf("the claim is %+v", user.Status.Claim)
			}
			if test.happen != nil {
				test.happen(w, user)
			}
			w.later(user)
			if status, reason := readyStatus(user); status != metav1.ConditionTrue || user.Status.Claim.State != v1alpha1.ClaimHeld {
				t.Fatalf("Ready %s %s, claim %+v", status, reason, user.Status.Claim)
			}
			w.expectField(userPath, "FirstName", user.Spec.FirstName)
			w.remove(user)
			w.settle(user)
			w.expectNothingLeft(user, userPath)
		})
	}
}

// It is deleted before a look could tell what had become of its create.
func TestAPendingUserIsDeletedOnlyIfItIsWhatWasSent(t *testing.T) {
	for name, wasApplied := range map[string]bool{"the create took effect": true, "it did not": false} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.declare(user)
			fault := sandbox.Fault{Method: http.MethodPost, Path: "/v1/buyers/*/users", Kind: sandbox.FaultDropConnection, Count: 1}
			if wasApplied {
				fault.Kind = sandbox.FaultLostAnswer
			}
			w.box.Inject(fault)
			w.mustPass(user)
			if !wasApplied {
				w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Phone": "1"}))
			}
			w.remove(user)
			w.settle(user)
			if w.read(user) {
				t.Error("the resource is left")
			}
			if gone := w.inOrderCloud(userPath) == nil; gone != wasApplied {
				t.Errorf("gone from OrderCloud: %v", gone)
			}
		})
	}
}

func TestACreationThatIsRefusedForDaysCostsNoWrite(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.BuyerUser){
		"the buyer is missing":  func(user *v1alpha1.BuyerUser) { user.Spec.BuyerID = "nobody" },
		"the username is taken": func(user *v1alpha1.BuyerUser) { user.Spec.Username = "walk-in@acme.example" },
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			change(user)
			w.declare(user)
			w.mustPass(user)
			if status, reason := readyStatus(user); status != metav1.ConditionFalse {
				t.Fatalf("Ready %s %s", status, reason)
			}
			// After the first minute the username is known to stay taken.
			w.clock.SetTime(w.clock.Now().Add(time.Minute))
			w.mustPass(user)
			w.forget()
			for range 21 {
				w.mustPass(user)
				w.clock.SetTime(w.clock.Now().Add(time.Minute))
			}
			for _, write := range w.written() {
				if strings.HasPrefix(write, "patch") {
					t.Fatalf("writes of the resource: %v", w.written())
				}
			}
			if user.Status.Claim != nil {
				t.Errorf("the claim is %+v", user.Status.Claim)
			}

			// A typo is corrected in place, and the creation claims again.
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec = declaredUser().Spec })
			w.later(user)
			readyUser(w, user)
		})
	}
}

func TestACopyOfAResourceBringsNoClaimAlong(t *testing.T) {
	for name, copied := range map[string]func(*world, *v1alpha1.BuyerUser){
		"finalizer and annotation of an earlier version": func(w *world, user *v1alpha1.BuyerUser) {
			user.Finalizers = []string{v1alpha1.ClaimFinalizer}
			user.Annotations = map[string]string{v1alpha1.ClaimedInAnnotation: w.server.URL}
		},
		"a status that a backup has restored": func(w *world, user *v1alpha1.BuyerUser) {
			w.claimedAlready(user)
			user.UID = "copy"
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
			user := declaredUser()
			copied(w, user)
			w.declare(user)
			w.settle(user)
			w.expectForeign(user)
			w.later(user)
			w.expectForeign(user)
			w.remove(user)
			w.settle(user)
			w.expectField(userPath, "Email", "theirs@x.example")
		})
	}
}

// stale is a cache that lags: it shows a user as it was.
type stale struct {
	client.Client

	user *v1alpha1.BuyerUser
}

func (s stale) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if user, ok := object.(*v1alpha1.BuyerUser); ok && key == client.ObjectKeyFromObject(s.user) {
		s.user.DeepCopyInto(user)
		return nil
	}
	return s.Client.Get(ctx, key, object, options...)
}

func TestAStaleCacheAfterAFailOverWritesNothing(t *testing.T) {
	w := begin(t)
	user := w.claimedAlready(declaredUser())
	w.declare(user)
	before := user.DeepCopy()
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
	w.recordClaim(user, nil) // by the process before this one
	w.users.Client = stale{w.users.Client, before}
	w.forget()
	_, _ = w.pass(user)
	w.expectWrites()
	w.expectField(userPath, "Email", "theirs@x.example")
}

func TestADeletionIsNotCarriedOutTwiceFromAStaleCache(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.ready(user)
	w.remove(user)
	w.read(user)
	before := user.DeepCopy()
	w.mustPass(user)
	w.expectNothingLeft(user, userPath)
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil))
	w.users.Client = stale{w.users.Client, before}
	w.forget()
	_, _ = w.pass(before)
	w.expectWrites()
	if w.inOrderCloud(userPath) == nil {
		t.Error("the user that somebody else made meanwhile is deleted")
	}
}

// What is gone has nothing to hand over, though a cache still shows it.
func TestAStaleCacheHandsNothingOver(t *testing.T) {
	w := begin(t)
	gone, waiting := first(), second()
	waiting.Spec.AdoptionPolicy = v1alpha1.AdoptNever
	w.ready(gone)
	w.remove(gone)
	w.read(gone)
	before := gone.DeepCopy()
	w.mustPass(gone)
	w.expectNothingLeft(gone, userPath)
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
	w.declare(waiting)
	w.settle(waiting)
	w.expect(waiting, "Ready", "False NotOwned")
	w.forget()
	operator := w.users.Client
	w.users.Client = stale{operator, before}
	_, _ = w.pass(before)
	w.users.Client = operator
	w.settle(waiting)
	w.expectForeign(waiting)
}

func TestWhatAnEarlierVersionClaimedIsStillOwned(t *testing.T) {
	for name, change := range map[string]func(*world, *v1alpha1.BuyerUser){
		"in sync":             func(*world, *v1alpha1.BuyerUser) {},
		"the URL has a slash": func(w *world, user *v1alpha1.BuyerUser) { user.Annotations[v1alpha1.ClaimedInAnnotation] += "/" },
		"the URL is in capital letters": func(w *world, user *v1alpha1.BuyerUser) {
			user.Annotations[v1alpha1.ClaimedInAnnotation] = strings.ToUpper(w.server.URL)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil))
			user := declaredUser()
			user.Spec.AdoptionPolicy = v1alpha1.AdoptNever
			user.Finalizers = []string{v1alpha1.ClaimFinalizer}
			user.Annotations = map[string]string{v1alpha1.ClaimedInAnnotation: w.server.URL}
			change(w, user)
			w.declare(user)
			user.Status.Path, user.Status.ObservedGeneration = userPath, 1
			if err := w.kube.Status().Update(t.Context(), user); err != nil {
				t.Fatal(err)
			}
			w.forget()
			w.settle(user)
			w.expectWrites("patch status")
			readyUser(w, user)
			if claimed := user.Status.Claim; claimed == nil || claimed.State != v1alpha1.ClaimHeld || claimed.Marketplace != w.here() {
				t.Errorf("the claim is %+v", claimed)
			}
			w.remove(user)
			w.settle(user)
			w.expectNothingLeft(user, userPath)
		})
	}
}

func TestIDsThatDifferInLetterCaseAreInConflict(t *testing.T) {
	w := begin(t)
	owner, other := first(), second()
	other.Spec.UserID = "JDoe"
	w.ready(owner)
	w.declare(other)
	w.settle(other)
	w.expect(other, "Ready", "False Conflict")

	// Whether OrderCloud takes them for one is not known, so neither inherits from the other.
	w.remove(owner)
	w.mustPass(owner)
	w.expectNothingLeft(owner, userPath)
}

func TestTheHeirsOwnClaimStaysAsItIs(t *testing.T) {
	w := begin(t)
	leaver, heir := first(), second()
	w.ready(heir)
	w.claimedAlready(leaver)
	leaver.Spec.Suspend = true
	w.declare(leaver)
	before := heir.Status.Claim.DeepCopy()
	w.tick(time.Hour)
	w.remove(leaver)
	w.settle(leaver)
	w.read(heir)
	if got := heir.Status.Claim; got == nil || *got != *before {
		t.Errorf("the heir's claim was %+v and is %+v", before, got)
	}
	w.remove(heir)
	w.settle(heir)
	w.expectNothingLeft(heir, userPath)
}

// With what is left of a claim elsewhere nothing is inherited here.
func TestAClaimInAnotherMarketplaceIsHandedToNobody(t *testing.T) {
	w := begin(t)
	leaver, heir := first(), second()
	w.ready(heir)
	w.claimedAlready(leaver)
	leaver.Status.Claim.Marketplace.SellerID = "another-seller"
	w.declare(leaver)
	before := heir.Status.Claim.DeepCopy()
	w.remove(leaver)
	w.settle(leaver)
	w.read(heir)
	if got := heir.Status.Claim; got == nil || *got != *before {
		t.Errorf("the heir's claim was %+v and is %+v", before, got)
	}
	if w.inOrderCloud(userPath) == nil {
		t.Error("the user of the other one was deleted")
	}
}

func TestAConflictIsStalledOnlyWhenNothingWillEndIt(t *testing.T) {
	for name, test := range map[string]struct {
		happen func(w *world, owner, waiting *v1alpha1.BuyerUser)
		want   string
	}{
		"in the first minute of a resource": {func(w *world, _, _ *v1alpha1.BuyerUser) {
			w.clock.SetTime(noon.Add(time.Second))
		}, "Reconciling"},
		"after its first minute": {func(w *world, _, _ *v1alpha1.BuyerUser) {
			w.clock.SetTime(noon.Add(time.Second + time.Minute))
		}, "Stalled"},
		"while the owner is being deleted": {func(w *world, owner, _ *v1alpha1.BuyerUser) {
			edit(w, owner, func(user *v1alpha1.BuyerUser) { user.Finalizers = append(user.Finalizers, "example.com/theirs") })
			w.remove(owner)
		}, "Reconciling"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			owner, waiting := first(), second()
			w.ready(owner)
			test.happen(w, owner, waiting)
			w.declare(waiting)
			result, err := w.pass(waiting)
			if err != nil {
				t.Fatal(err)
			}
			w.expect(waiting, "Ready", "False Conflict")
			w.expect(waiting, test.want, "True Conflict")
			if test.want == "Reconciling" && result.RequeueAfter > 2*time.Minute {
				t.Errorf("looks again after %s", result.RequeueAfter)
			}
		})
	}
}

// The same manifests in many namespaces, each for another marketplace.
func TestAResourceOfAnotherMarketplaceIsInNobodysWay(t *testing.T) {
	w := begin(t)
	one := declaredUser()
	w.ready(one)
	elsewhere := w.claimedAlready(first())
	elsewhere.Namespace, elsewhere.UID = "elsewhere", types.UID("elsewhere")
	w.declare(elsewhere)
	w.forget()
	w.settle(one)
	w.expectWrites()
	w.expect(one, "Ready", "True Created")
}
