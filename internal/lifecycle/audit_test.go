// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// userLine is a line about the user jdoe.
func userLine(generation int64, reason, method string, status int, fields ...string) auditLine {
	return auditLine{
		Logger: "audit", Marketplace: "shop/default", Namespace: "shop", Kind: "BuyerUser", Name: "jdoe", UID: "jdoe", Generation: generation,
		Reason: reason, Method: method, Path: userPath, Fields: append([]string{}, fields...), Outcome: outcome(status), Status: status,
	}
}

func outcome(status int) string {
	switch {
	case status == 0:
		return "lost"
	case status < http.StatusMultipleChoices:
		return "succeeded"
	default:
		return "failed"
	}
}

// configLine is a line about the config desk.
func configLine(generation int64, reason, method string, status int, fields ...string) auditLine {
	line := userLine(generation, reason, method, status, fields...)
	line.Kind, line.Name, line.UID, line.Path = "ImpersonationConfig", "desk", "desk", configPath
	return line
}

var (
	userFields   = []string{"Active", "Email", "FirstName", "ID", "LastName", "Username"}
	configFields = []string{"BuyerID", "ClientID", "ID", "ImpersonationGroupID", "SecurityProfileID"}
)

func TestEveryWriteOfAPassHasOneLineInTheAudit(t *testing.T) {
	for name, test := range map[string]struct {
		// before happens ahead of the writes that count.
		before func(w *world) client.Object
		writes func(w *world, object client.Object)
		want   []auditLine
	}{
		"a user is created with a password": {
			before: func(w *world) client.Object {
				w.declare(passwordSecret(firstPassword))
				user := withPassword(v1alpha1.PasswordInitial)
				user.Spec.XP = xp(`{"note":"q7.mail@acme.example"}`)
				w.declare(user)
				return user
			},
			want: []auditLine{userLine(1, "Created", http.MethodPost, http.StatusCreated, "Active", "Email", "FirstName", "ID", "LastName", "Password", "Username", "xp")},
		},
		"a user is declared in another way": {
			before: func(w *world) client.Object { return w.ready(declaredUser()) },
			writes: func(w *world, object client.Object) {
				editUser(w, object, func(user *v1alpha1.BuyerUser) {
					user.Spec.Phone = new("555-0100")
					user.Spec.XP = xp(`{"note":"q7.mail@acme.example"}`)
				})
			},
			want: []auditLine{userLine(2, "Updated", http.MethodPatch, http.StatusOK, "Phone", "xp.note")},
		},
		"a user is replaced": {
			before: func(w *world) client.Object {
				user := declaredUser()
				user.Spec.UpdatePolicy = v1alpha1.UpdateReplace
				return w.ready(user)
			},
			writes: func(w *world, object client.Object) {
				editUser(w, object, func(user *v1alpha1.BuyerUser) { user.Spec.Phone = new("555-0100") })
			},
			want: []auditLine{userLine(2, "Updated", http.MethodPut, http.StatusOK, "Phone")},
		},
		"what somebody changed is put back": {
			before: func(w *world) client.Object { return w.ready(declaredUser()) },
			writes: func(w *world, _ client.Object) {
				w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@acme.example"})
			},
			want: []auditLine{userLine(1, "Corrected", http.MethodPatch, http.StatusOK, "Email")},
		},
		"a user is deleted": {
			before: func(w *world) client.Object { return w.ready(declaredUser()) },
			writes: func(w *world, object client.Object) { w.remove(object) },
			want:   []auditLine{userLine(1, "Deleted", http.MethodDelete, http.StatusNoContent)},
		},
		"a user is deactivated": {
			before: func(w *world) client.Object {
				user := declaredUser()
				user.Spec.DeletionPolicy = v1alpha1.DeletionDeactivate
				return w.ready(user)
			},
			writes: func(w *world, object client.Object) { w.remove(object) },
			want:   []auditLine{userLine(1, "Deactivated", http.MethodPatch, http.StatusOK, "Active")},
		},
		"a config is created": {
			before: func(w *world) client.Object {
				config := declaredConfig()
				w.declare(config)
				return config
			},
			want: []auditLine{configLine(1, "Created", http.MethodPost, http.StatusCreated, configFields...)},
		},
		"a config is put": {
			before: func(w *world) client.Object { return w.ready(declaredConfig()) },
			writes: func(w *world, object client.Object) {
				w.mutate(http.MethodPatch, configPath, map[string]any{"SecurityProfileID": "shopper"})
			},
			want: []auditLine{configLine(1, "Corrected", http.MethodPut, http.StatusOK, "SecurityProfileID")},
		},
		"a write is refused": {
			before: func(w *world) client.Object {
				w.box.Inject(sandbox.Fault{Method: http.MethodPost, Path: "/v1/**", Status: http.StatusBadRequest, Code: "Refused", Count: 1})
				user := declaredUser()
				w.declare(user)
				return user
			},
			want: []auditLine{userLine(1, "Created", http.MethodPost, http.StatusBadRequest, userFields...)},
		},
		"an answer is lost": {
			before: func(w *world) client.Object {
				w.box.Inject(sandbox.Fault{Method: http.MethodPost, Path: "/v1/**", Kind: sandbox.FaultLostAnswer, Count: 1})
				user := declaredUser()
				w.declare(user)
				return user
			},
			want: []auditLine{userLine(1, "Created", http.MethodPost, 0, userFields...)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			object := test.before(w)
			if test.writes != nil {
				test.writes(w, object)
			}
			w.box.ResetStats()
			began := len(logged(0))
			w.mustPass(object)
			got := w.audited(logged(began))
			if sent := w.box.Stats().Writes(); sent != len(got) {
				t.Errorf("%d writes have %d lines", sent, len(got))
			}
			for index := range got {
				if (got[index].RequestID == "") != (got[index].Status == 0) {
					t.Errorf("the request ID of %+v", got[index])
				}
				got[index].RequestID = ""
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func editUser(w *world, object client.Object, change func(*v1alpha1.BuyerUser)) {
	user, ok := object.(*v1alpha1.BuyerUser)
	if !ok {
		w.t.Fatalf("%T is no BuyerUser", object)
	}
	edit(w, user, change)
}

func TestAQuietOperatorLogsNothing(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.ready(user)
	began := len(logged(0))
	for range 3 {
		w.clock.SetTime(w.clock.Now().Add(w.untilTick()))
		w.mustPass(user)
	}
	if lines := logged(began); len(lines) != 0 {
		t.Errorf("it logs %v", lines)
	}
}

func TestAStoppedWriteHasNoLineInTheAudit(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	began := len(logged(0))
	w.beforeLastLook = func() {
		edit(w, declaredUser(), func(user *v1alpha1.BuyerUser) { user.Spec.Suspend = true })
	}
	_, _ = w.pass(user)
	if got := w.audited(logged(began)); len(got) != 0 || w.box.Stats().Writes() != 0 {
		t.Errorf("%d writes, and the lines %s", w.box.Stats().Writes(), fmt.Sprint(got))
	}
}
