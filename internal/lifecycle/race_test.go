// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const (
	postUser  = "POST buyers/acme/users"
	patchUser = "PATCH " + userPath
)

func TestALostAnswerIsFoundAtTheNextLook(t *testing.T) {
	for name, test := range map[string]struct {
		method string
		happen func(*world, *v1alpha1.BuyerUser)
		// repeats: the client repeats the call at once, which is safe.
		repeats bool
		gone    bool
	}{
		"POST": {http.MethodPost, nil, false, false},
		"PATCH": {http.MethodPatch, func(w *world, _ *v1alpha1.BuyerUser) {
			w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
		}, false, false},
		"PUT": {http.MethodPut, func(w *world, user *v1alpha1.BuyerUser) {
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.UpdatePolicy = v1alpha1.UpdateReplace })
			w.mutate(http.MethodPatch, userPath, map[string]any{"Phone": "1"})
		}, true, false},
		"DELETE": {http.MethodDelete, func(w *world, user *v1alpha1.BuyerUser) { w.remove(user) }, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.declare(user)
			if test.happen != nil {
				w.mustPass(user)
				test.happen(w, user)
			}
			w.box.Inject(sandbox.Fault{Method: test.method, Path: "/v1/**", Kind: sandbox.FaultLostAnswer, Count: 1})
			if _, err := w.pass(user); err != nil {
				t.Errorf("the pass returned %v", err)
			}
			if !test.repeats {
				w.expect(user, "Ready", "False Unavailable")
			}
			w.settle(user)
			if exists := w.read(user); exists == test.gone {
				t.Fatalf("the resource exists: %v", exists)
			}
			if test.gone {
				w.expectNothingLeft(user, userPath)
				return
			}
			readyUser(w, user)
			if posts := w.box.Stats().Calls["POST /v1/buyers/{buyerID}/users"]; posts != 1 {
				t.Errorf("%d creates were sent", posts)
			}
		})
	}
}

// Somebody makes an object of the declared ID between the look that found none
// and the create.
func TestAnObjectThatAppearsBeforeTheCreateIsDecidedByItsPolicy(t *testing.T) {
	t.Run("an identical one is adopted", func(t *testing.T) {
		w := begin(t)
		user := declaredUser()
		w.declare(user)
		w.onWrite(postUser, func() { w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil)) })
		w.mustPass(user)
		w.expectWrites("patch finalizers", "patch status", postUser, "patch status")
		w.expect(user, "Ready", "True InSync")
		w.expectEvents("Normal Adopted")
		if !isClaimed(user) || w.created() != 0 {
			t.Errorf("claimed %v, %d creates", isClaimed(user), w.created())
		}
	})
	t.Run("a different one is refused and stays as it is", func(t *testing.T) {
		w := begin(t)
		user := declaredUser()
		w.declare(user)
		w.onWrite(postUser, w.somebodyCreates())
		w.mustPass(user)
		w.expectWrites("patch finalizers", "patch status", postUser, "patch status", "patch finalizers")
		w.expectEvents("Warning NotOwned")
		w.expectForeign(user)
	})
}

// The create was refused, and so its claim is taken back. Whatever happens to the patch
// that records it: what somebody else made must not be touched.
func TestAClaimThatCannotBeTakenBackAtOnceGivesNoRight(t *testing.T) {
	for name, disturb := range map[string]func(w *world, user *v1alpha1.BuyerUser, cancel func()) func(string) error{
		"somebody edits the resource meanwhile": func(w *world, user *v1alpha1.BuyerUser, _ func()) func(string) error {
			return w.disturbHandingBack(func() error { w.label(user, "yes"); return nil })
		},
		"the API server fails": func(w *world, _ *v1alpha1.BuyerUser, _ func()) func(string) error {
			return w.disturbHandingBack(func() error { return apierrors.NewInternalError(errDied) })
		},
		"the API server reports a conflict": func(w *world, user *v1alpha1.BuyerUser, _ func()) func(string) error {
			return w.disturbHandingBack(func() error {
				return apierrors.NewConflict(schema.GroupResource{Resource: "buyerusers"}, user.Name, errDied)
			})
		},
		"the operator is told to stop": func(w *world, _ *v1alpha1.BuyerUser, cancel func()) func(string) error {
			somebodyCreates := w.somebodyCreates()
			return func(write string) error {
				if write == postUser {
					somebodyCreates()
					cancel()
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.declare(user)
			ctx, cancel := context.WithCancel(t.Context())
			w.hook = disturb(w, user, cancel)
			_, _ = w.passWith(ctx, user)
			w.settle(user)
			w.expectForeign(user)
		})
	}
	t.Run("the resource is deleted meanwhile", func(t *testing.T) {
		w := begin(t)
		user := declaredUser()
		w.declare(user)
		w.hook = w.disturbHandingBack(func() error { w.remove(user); return nil })
		_, _ = w.pass(user)
		w.settle(user)
		w.expectField(userPath, "Email", "theirs@x.example")
		if w.read(user) {
			t.Error("the resource is left")
		}
	})
}

// disturbHandingBack lets somebody create the object before the create, and
// disturbs the patch that hands the claim back, once.
func (w *world) disturbHandingBack(disturb func() error) func(string) error {
	somebodyCreates := w.somebodyCreates()
	posted, disturbed := false, false
	return func(write string) error {
		switch {
		case write == postUser && !posted:
			posted = true
			somebodyCreates()
		case write == "patch status" && posted && !disturbed:
			disturbed = true
			return disturb()
		}
		return nil
	}
}

func (w *world) somebodyCreates() func() {
	return func() {
		w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
	}
}

func (w *world) expectForeign(user *v1alpha1.BuyerUser) {
	w.t.Helper()
	w.expect(user, "Ready", "False NotOwned")
	w.expectField(userPath, "Email", "theirs@x.example")
	if isClaimed(user) {
		w.t.Error("the claim was not handed back")
	}
	for _, write := range w.written() {
		if write == patchUser || write == "DELETE "+userPath {
			w.t.Errorf("the foreign object was written to: %v", w.written())
		}
	}
}

func TestAnObjectThatVanishesBeforeTheUpdateIsCreatedAgain(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.forget()
	w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
	w.onWrite(patchUser, func() { w.mutate(http.MethodDelete, userPath, nil) })
	w.mustPass(user)
	w.expectWrites(patchUser, postUser, "patch status")
	w.expect(user, "Ready", "True Corrected")
	w.expectField(userPath, "Email", "q7.mail@acme.example")
}

func TestAnObjectThatKeepsVanishingIsTriedAgainLater(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	user.Spec.AdoptionPolicy = v1alpha1.AdoptAlways
	w.declare(user)
	w.mustPass(user)
	w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
	w.forget()
	w.hook = func(write string) error {
		switch write {
		case patchUser:
			w.mutate(http.MethodDelete, userPath, nil)
		case postUser:
			w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
		}
		return nil
	}
	if result, err := w.pass(user); err != nil || result.RequeueAfter > 5*time.Minute {
		t.Errorf("got %+v, %v", result, err)
	}
	w.expect(user, "Synced", "False Unavailable")
	if len(w.written()) > 8 {
		t.Errorf("one pass does not end: %v", w.written())
	}
}

func TestAConflictIsSilentAndConverges(t *testing.T) {
	for name, test := range map[string]struct {
		at     string
		setup  func(*world, *v1alpha1.BuyerUser)
		ready  string
		events []string
	}{
		"when it claims": {
			"patch finalizers", func(*world, *v1alpha1.BuyerUser) {}, "True Created", []string{"Normal Created"},
		},
		"when it records what it did": {
			"patch status", func(*world, *v1alpha1.BuyerUser) {}, "True Created", []string{"Normal Created"},
		},
		"when it records what the next pass sees as well": {
			"patch status", func(w *world, _ *v1alpha1.BuyerUser) {
				w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil))
			}, "True InSync", []string{"Normal Adopted"},
		},
		"when it adopts": {
			"patch finalizers", func(w *world, _ *v1alpha1.BuyerUser) {
				w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil))
			}, "True InSync", []string{"Normal Adopted"},
		},
		"when it lets go": {
			"patch finalizers", func(w *world, user *v1alpha1.BuyerUser) {
				w.mustPass(user)
				w.events()
				w.remove(user)
			}, "", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.declare(user)
			test.setup(w, user)
			w.onWrite(test.at, func() { w.label(user, "yes") })
			result, err := w.pass(user)
			if err != nil || result.RequeueAfter <= 0 {
				t.Errorf("got %+v, %v", result, err)
			}
			w.settle(user)
			if test.ready == "" {
				w.expectNothingLeft(user, userPath)
				return
			}
			w.expect(user, "Ready", test.ready)
			w.expectEvents(test.events...)
			if user.Labels["edited"] != "yes" {
				t.Error("the other's edit is lost")
			}
		})
	}
}

func TestTheFinalizersOfOthersAreKept(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	user.Finalizers = []string{"example.com/theirs"}
	w.declare(user)
	w.mustPass(user)
	if !slices.Equal(user.Finalizers, []string{"example.com/theirs", v1alpha1.ClaimFinalizer}) {
		t.Errorf("got %v", user.Finalizers)
	}
	w.remove(user)
	w.mustPass(user)
	if !w.read(user) || !slices.Equal(user.Finalizers, []string{"example.com/theirs"}) {
		t.Errorf("got %v", user.Finalizers)
	}
	// Who is not the owner any more has nothing more to do.
	w.forget()
	w.mustPass(user)
	w.expectWrites()
}

func TestAStopLetsTheWriteThatIsUnderWayBeRecorded(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	ctx, cancel := context.WithCancel(t.Context())
	w.onWrite(postUser, cancel)
	if _, err := w.passWith(ctx, user); err != nil {
		t.Fatal(err)
	}
	w.expect(user, "Ready", "True Created")
	w.expectWrites("patch finalizers", "patch status", postUser, "patch status")
}

func TestAStopDuringALookIsNoFailure(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.events()
	w.forget()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.passWith(ctx, user)
	if err == nil {
		t.Error("the look was not cancelled")
	}
	w.expect(user, "Synced", "True Created")
	w.expectWrites()
	w.expectEvents()
}

func TestWhatIsNoLongerDeclaredIsNotWritten(t *testing.T) {
	for name, change := range map[string]func(*world, *v1alpha1.BuyerUser){
		"the operator may only watch from now on": func(w *world, user *v1alpha1.BuyerUser) {
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
		},
		"another e-mail is declared": func(w *world, user *v1alpha1.BuyerUser) {
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.Email = "next@acme.example" })
		},
		"the resource is deleted": func(w *world, user *v1alpha1.BuyerUser) { w.remove(user) },
		"the resource is made anew": func(w *world, user *v1alpha1.BuyerUser) {
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Finalizers = nil })
			w.remove(user)
			namesake := declaredUser()
			namesake.UID = "namesake"
			w.declare(namesake)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.declare(user)
			w.mustPass(user)
			w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
			w.forget()
			w.looked = func() { change(w, user) }
			if _, err := w.pass(user); err != nil {
				t.Fatal(err)
			}
			w.expectWrites()
			w.expectField(userPath, "Email", "theirs@x.example")
		})
	}
}
