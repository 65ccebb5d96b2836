// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// story is something that happens to one object, told again and again with the
// operator's process ending at another write each time.
type story struct {
	// before is what happened earlier, without any crash.
	before func(*world) client.Object
	// happens is what the operator has to answer.
	happens func(*world, client.Object)
	// after checks the end.
	after func(*world, client.Object)
	// creates is how many POSTs take effect from beginning to end.
	creates int
}

func stories() map[string]story {
	return map[string]story{
		"a user is created": {
			before: nothingBefore, creates: 1, after: readyUser,
			happens: func(w *world, _ client.Object) { w.declare(declaredUser()) },
		},
		"a user is created with a password": {
			before: nothingBefore, creates: 1, after: readyUserWith(firstPassword),
			happens: func(w *world, _ client.Object) {
				w.declare(passwordSecret(firstPassword), withPassword(v1alpha1.PasswordInitial))
			},
		},
		"a user is created with an enforced password": {
			before: nothingBefore, creates: 1, after: readyUserWith(firstPassword),
			happens: func(w *world, _ client.Object) {
				w.declare(passwordSecret(firstPassword), withPassword(v1alpha1.PasswordEnforce))
			},
		},
		"an enforced password is rotated": {
			before: func(w *world) client.Object {
				w.declare(passwordSecret(firstPassword))
				return w.ready(withPassword(v1alpha1.PasswordEnforce))
			},
			creates: 1, after: readyUserWith(secondPassword),
			happens: func(w *world, _ client.Object) {
				edit(w, passwordSecret(""), func(secret *corev1.Secret) { secret.Data["password"] = []byte(secondPassword) })
			},
		},
		"a declaration is changed": {
			before: func(w *world) client.Object { return w.ready(declaredUser()) }, creates: 1,
			happens: func(w *world, _ client.Object) {
				edit(w, declaredUser(), func(user *v1alpha1.BuyerUser) { user.Spec.Phone = new("555-0100") })
			},
			after: func(w *world, object client.Object) {
				readyUser(w, object)
				w.expectField(userPath, "Phone", "555-0100")
			},
		},
		"a whole user is replaced": {
			before: func(w *world) client.Object {
				user := declaredUser()
				user.Spec.UpdatePolicy, user.Spec.XP = v1alpha1.UpdateReplace, xp(`{"team":"blue"}`)
				return w.ready(user)
			},
			creates: 1,
			happens: func(w *world, _ client.Object) {
				w.mutate(http.MethodPatch, userPath, map[string]any{"xp": map[string]any{"theirs": true}, "Phone": "1"})
			},
			after: func(w *world, object client.Object) {
				readyUser(w, object)
				w.expectField(userPath, "xp", map[string]any{"team": "blue"})
				w.expectField(userPath, "Phone", nil)
			},
		},
		"a drift is corrected": {
			before: func(w *world) client.Object { return w.ready(declaredUser()) }, creates: 1, after: readyUser,
			happens: func(w *world, _ client.Object) {
				w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example", "Active": false})
			},
		},
		"a user vanishes": {
			before: func(w *world) client.Object { return w.ready(declaredUser()) }, creates: 2, after: readyUser,
			happens: func(w *world, _ client.Object) { w.mutate(http.MethodDelete, userPath, nil) },
		},
		"an identical user is adopted": {
			before: nothingBefore, after: readyUser,
			happens: func(w *world, _ client.Object) {
				w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil))
				w.declare(declaredUser())
			},
		},
		"a different user is taken over": {
			before: nothingBefore, after: readyUser,
			happens: func(w *world, _ client.Object) {
				w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
				user := declaredUser()
				user.Spec.AdoptionPolicy = v1alpha1.AdoptAlways
				w.declare(user)
			},
		},
		"a different user is refused": {
			before: nothingBefore,
			happens: func(w *world, _ client.Object) {
				w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
				w.declare(declaredUser())
			},
			after: func(w *world, object client.Object) {
				w.expect(object, "Ready", "False NotOwned")
				w.expectField(userPath, "Email", "theirs@x.example")
				if isClaimed(object) {
					w.t.Error("it is claimed")
				}
			},
		},
		"a user is deleted": {
			before: func(w *world) client.Object { return w.ready(declaredUser()) }, creates: 1,
			happens: func(w *world, object client.Object) { w.remove(object) },
			after:   func(w *world, object client.Object) { w.expectNothingLeft(object, userPath) },
		},
		"a user is let go": {
			before: func(w *world) client.Object {
				user := declaredUser()
				user.Spec.DeletionPolicy = v1alpha1.DeletionRetain
				return w.ready(user)
			},
			creates: 1,
			happens: func(w *world, object client.Object) { w.remove(object) },
			after: func(w *world, object client.Object) {
				if w.read(object) || w.inOrderCloud(userPath) == nil {
					w.t.Error("the resource is left, or the user is not")
				}
			},
		},
		"a config is created": {
			before: nothingBefore, creates: 1, after: readyConfig,
			happens: func(w *world, _ client.Object) { w.declare(declaredConfig()) },
		},
		"a config is corrected": {
			before: func(w *world) client.Object { return w.ready(declaredConfig()) }, creates: 1, after: readyConfig,
			happens: func(w *world, _ client.Object) {
				w.mutate(http.MethodPatch, configPath, map[string]any{"BuyerID": nil})
			},
		},
		"a config is deleted": {
			before: func(w *world) client.Object { return w.ready(declaredConfig()) }, creates: 1,
			happens: func(w *world, object client.Object) { w.remove(object) },
			after:   func(w *world, object client.Object) { w.expectNothingLeft(object, configPath) },
		},
	}
}

func nothingBefore(*world) client.Object { return nil }

func readyUser(w *world, object client.Object) {
	w.t.Helper()
	if status, _ := readyStatus(object); status != "True" {
		w.t.Errorf("not Ready: %s", w.whyNotReady(object))
	}
	for field, want := range foreignUser(nil) {
		w.expectField(userPath, field, want)
	}
}

func readyUserWith(password string) func(*world, client.Object) {
	return func(w *world, object client.Object) {
		w.t.Helper()
		readyUser(w, object)
		if got, _ := w.box.Password(userPath); got != password {
			w.t.Errorf("the password is another than declared")
		}
	}
}

func readyConfig(w *world, object client.Object) {
	w.t.Helper()
	if status, _ := readyStatus(object); status != "True" {
		w.t.Errorf("not Ready: %s", w.whyNotReady(object))
	}
	for field, want := range map[string]any{
		"ImpersonationGroupID": "customer-service", "BuyerID": "acme", "SecurityProfileID": "cs-rep", "UserID": nil,
	} {
		w.expectField(configPath, field, want)
	}
}

func (w *world) expectNothingLeft(object client.Object, path string) {
	w.t.Helper()
	if w.read(object) {
		w.t.Error("the resource is left")
	}
	if w.inOrderCloud(path) != nil {
		w.t.Error("the object in OrderCloud is left")
	}
}

// tell plays a story and lets the process end at a write, right before it takes
// effect or right after. It returns how many writes there were.
func (s story) tell(t *testing.T, dieAt int, dieAfter bool) int {
	t.Helper()
	w := begin(t)
	object := s.before(w)
	w.start()
	w.forget()
	w.box.ResetStats()
	earlier := 0
	if object != nil {
		earlier = 1
	}
	s.happens(w, object)
	if object == nil {
		object = w.declared()
	}
	w.die(dieAt, dieAfter)
	for range 10 {
		_, err := w.pass(object)
		if w.isDead() {
			break
		}
		if err == nil && dieAt == 0 {
			break
		}
	}
	writes := len(w.written())
	if dieAt > 0 && !w.isDead() {
		t.Fatalf("the process outlived write %d of %v", dieAt, w.written())
	}
	w.start()
	w.settle(object)
	s.after(w, object)
	if got := w.created() + earlier; got != s.creates {
		t.Errorf("%d creates took effect, want %d; writes %v", got, s.creates, w.written())
	}
	return writes
}

func TestACrashAtAnyWriteLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, story := range stories() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			writes := story.tell(t, 0, false)
			if writes == 0 {
				t.Fatal("the story has no write")
			}
			for number := 1; number <= writes; number++ {
				for moment, after := range map[string]bool{"before": false, "after": true} {
					t.Run(fmt.Sprintf("%s write %d of %d", moment, number, writes), func(t *testing.T) {
						story.tell(t, number, after)
					})
				}
			}
		})
	}
}
