// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestAnObjectIsAdoptedOnlyAsItsPolicyAllows(t *testing.T) {
	for name, test := range map[string]struct {
		policy  v1alpha1.AdoptionPolicy
		differs bool
		writes  []string
		events  []string
		ready   string
		email   string
	}{
		"identical, by default": {
			writes: []string{"patch finalizers", "patch status"}, events: []string{"Normal Adopted"}, ready: "True InSync",
		},
		"different, by default": {
			differs: true, writes: []string{"patch status"}, events: []string{"Warning NotOwned"}, ready: "False NotOwned",
			email: "theirs@x.example",
		},
		"different, Always": {
			policy: v1alpha1.AdoptAlways, differs: true, ready: "True Updated", events: []string{"Normal Adopted", "Normal Updated"},
			writes: []string{"patch finalizers", "PATCH " + userPath, "patch status"},
		},
		"identical, Never": {
			policy: v1alpha1.AdoptNever, writes: []string{"patch status"}, events: []string{"Warning NotOwned"}, ready: "False NotOwned",
		},
		"different, Never": {
			policy: v1alpha1.AdoptNever, differs: true, writes: []string{"patch status"}, events: []string{"Warning NotOwned"},
			ready: "False NotOwned", email: "theirs@x.example",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			foreign := foreignUser(nil)
			if test.differs {
				foreign["Email"] = "theirs@x.example"
			}
			w.mutate(http.MethodPost, "buyers/acme/users", foreign)
			user := declaredUser()
			user.Spec.AdoptionPolicy = test.policy
			w.declare(user)
			w.mustPass(user)
			w.expectWrites(test.writes...)
			w.expectEvents(test.events...)
			w.expect(user, "Ready", test.ready)
			refused := strings.HasPrefix(test.ready, "False")
			if isClaimed(user) == refused {
				t.Errorf("claimed: %v", isClaimed(user))
			}
			w.expectField(userPath, "Email", orElse(test.email, "q7.mail@acme.example"))
			if refused && test.differs {
				want := []v1alpha1.DriftEntry{{Field: "Email", Desired: "q7.mail@acme.example", Observed: "theirs@x.example"}}
				if diff := cmp.Diff(want, user.Status.Drift); diff != "" {
					t.Errorf("drift (-want +got)\n%s", diff)
				}
			}
			// What was refused is not deleted with the resource either.
			w.remove(user)
			w.settle(user)
			if gone := w.inOrderCloud(userPath) == nil; gone == refused || w.read(user) {
				t.Errorf("after the deletion: gone from OrderCloud %v, resource left %v", gone, w.read(user))
			}
		})
	}
}

func TestObservingNeverWritesToOrderCloudAndNeverClaims(t *testing.T) {
	for name, test := range map[string]struct {
		setup func(*world)
		ready string
		drift []v1alpha1.DriftEntry
	}{
		"a missing object": {
			setup: func(*world) {}, ready: "False Drifted",
			drift: []v1alpha1.DriftEntry{{Field: "ID", Desired: "jdoe", Observed: "(missing)"}},
		},
		"one in sync": {
			setup: func(w *world) { w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil)) }, ready: "True InSync",
		},
		"one that differs": {
			setup: func(w *world) {
				w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"Email": "theirs@x.example"}))
			},
			ready: "False Drifted",
			drift: []v1alpha1.DriftEntry{{Field: "Email", Desired: "q7.mail@acme.example", Observed: "theirs@x.example"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			test.setup(w)
			user := declaredUser()
			user.Spec.ManagementPolicy = v1alpha1.ManagementObserve
			w.declare(user)
			before := w.inOrderCloud(userPath)
			w.mustPass(user)
			w.mustPass(user)
			w.expectWrites("patch status")
			w.expect(user, "Ready", test.ready)
			if diff := cmp.Diff(test.drift, user.Status.Drift); diff != "" {
				t.Errorf("drift (-want +got)\n%s", diff)
			}
			w.remove(user)
			if diff := cmp.Diff(before, w.inOrderCloud(userPath)); diff != "" || w.read(user) {
				t.Errorf("resource left: %v; in OrderCloud (-before +after)\n%s", w.read(user), diff)
			}
		})
	}
}

func TestARotatedPasswordIsAnUpdateAndNoDrift(t *testing.T) {
	w := begin(t)
	user := withPassword(v1alpha1.PasswordEnforce)
	secret := passwordSecret(firstPassword)
	w.declare(secret, user)
	w.mustPass(user)
	w.events()
	w.forget()
	edit(w, secret, func(secret *corev1.Secret) { secret.Data["password"] = []byte(secondPassword) })
	w.mustPass(user)
	w.expectWrites("PATCH "+userPath, "patch status")
	w.expectEvents("Normal Updated")
	w.expect(user, "Ready", "True Updated")
	w.expect(user, "Drifted", "False InSync")
	if user.Status.LastDrift != nil {
		t.Errorf("told as drift: %+v", user.Status.LastDrift)
	}
}

// kubectl replace, and Argo CD with Replace=true, write what is in the manifest: neither
// the finalizer nor an annotation is.
func TestAReplacedResourceKeepsItsObject(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	user.Spec.AdoptionPolicy = v1alpha1.AdoptNever
	w.ready(user)
	w.forget()
	edit(w, user, func(user *v1alpha1.BuyerUser) {
		user.Finalizers, user.Annotations = nil, nil
		user.Spec.Email = "q7.mail.new@acme.example"
	})
	w.mustPass(user)
	w.expectWrites("patch finalizers", patchUser, "patch status")
	w.expect(user, "Ready", "True Updated")
	w.expectField(userPath, "Email", "q7.mail.new@acme.example")
	w.remove(user)
	w.settle(user)
	w.expectNothingLeft(user, userPath)
}

func TestWhatIsAdoptedAgainIsWrittenAndIsNoDrift(t *testing.T) {
	w := begin(t)
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil))
	user := declaredUser()
	user.Spec.AdoptionPolicy = v1alpha1.AdoptAlways
	w.declare(user)
	w.mustPass(user)
	w.events()
	w.read(user)
	w.recordClaim(user, nil)
	w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
	w.mustPass(user)
	w.expectEvents("Normal Adopted", "Normal Updated")
	w.expect(user, "Ready", "True Updated")
}

func TestDeletingHonoursItsPolicy(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*v1alpha1.BuyerUser)
		gone   bool
		events []string
	}{
		"Delete deletes": {func(*v1alpha1.BuyerUser) {}, true, []string{"Normal Deleted"}},
		"Retain keeps":   {func(user *v1alpha1.BuyerUser) { user.Spec.DeletionPolicy = v1alpha1.DeletionRetain }, false, nil},
		"Observe keeps what was enforced": {
			func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve }, false, nil,
		},
		"suspended deletes, too": {func(user *v1alpha1.BuyerUser) { user.Spec.Suspend = true }, true, []string{"Normal Deleted"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.declare(user)
			w.mustPass(user)
			w.events()
			edit(w, user, test.change)
			w.remove(user)
			w.mustPass(user)
			if w.read(user) {
				t.Error("the resource is left")
			}
			if gone := w.inOrderCloud(userPath) == nil; gone != test.gone {
				t.Errorf("gone from OrderCloud: %v", gone)
			}
			w.expectEvents(test.events...)
		})
	}
}

func TestAnObservedObjectThatAListLeavesOutIsNotReportedAsMissing(t *testing.T) {
	w := begin(t)
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil))
	w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(map[string]any{"ID": "other", "Username": "other"}))
	user, other := declaredUser(), declaredUser()
	other.Name, other.UID, other.Spec.UserID = "other", "other", "other"
	for _, each := range []*v1alpha1.BuyerUser{user, other} {
		each.Spec.ManagementPolicy = v1alpha1.ManagementObserve
	}
	other.Spec.Username = "other"
	w.declare(user, other)
	w.mustPass(user)
	w.expect(user, "Ready", "True InSync")
	w.server.Config.Handler = emptyLists(w.server.Config.Handler)
	var group sync.WaitGroup
	for _, each := range []*v1alpha1.BuyerUser{user, other} { // two looks are one list
		group.Go(func() { _, _ = w.users.Reconcile(t.Context(), requestOf(each)) })
	}
	group.Wait()
	w.read(user)
	w.expect(user, "Ready", "True InSync")
}

// emptyLists answers every list as if there was nothing.
func emptyLists(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Query().Get("pageSize") != "" {
			writer.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(writer, `{"Meta":{"Page":1,"PageSize":100,"TotalCount":0,"TotalPages":0},"Items":[]}`)
			return
		}
		next.ServeHTTP(writer, request)
	})
}
