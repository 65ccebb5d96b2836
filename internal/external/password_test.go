// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

func userWithPassword(policy v1alpha1.PasswordPolicy) *v1alpha1.BuyerUser {
	user := declaredUser()
	user.Spec.PasswordSecretRef = &v1alpha1.SecretKeyReference{Name: "jdoe-password"}
	user.Spec.PasswordPolicy = policy
	return user
}

// rotate changes the Secret.
func (w *world) rotate(change func(*corev1.Secret)) {
	w.t.Helper()
	secret := passwordSecret("")
	if err := w.kube.Get(w.t.Context(), client.ObjectKeyFromObject(secret), secret); err != nil {
		w.t.Fatal(err)
	}
	change(secret)
	if err := w.kube.Update(w.t.Context(), secret); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) setByOther() {
	// The date is kept in whole seconds, so another password has to be a second
	// later to be seen.
	w.answer = func(_ *http.Request, status int, body string) (int, string) {
		return status, laterPasswordDate(body)
	}
}

func laterPasswordDate(body string) string {
	var user map[string]any
	if json.Unmarshal([]byte(body), &user) != nil || user["PasswordLastSetDate"] == nil {
		return body
	}
	user["PasswordLastSetDate"] = "2099-01-02T03:04:05+00:00"
	changed, _ := json.Marshal(user)
	return string(changed)
}

func TestAPasswordIsWrittenWhenItsPolicySays(t *testing.T) {
	for name, test := range map[string]struct {
		policy       v1alpha1.PasswordPolicy
		update       v1alpha1.UpdatePolicy
		happens      func(*world, *v1alpha1.BuyerUser)
		differs      bool
		redeclared   bool
		wantPassword string
	}{
		"Initial, nothing happens":    {policy: v1alpha1.PasswordInitial, wantPassword: firstPassword},
		"the default, Secret changed": {happens: rotated, wantPassword: firstPassword},
		"Initial, Secret changed":     {policy: v1alpha1.PasswordInitial, happens: rotated, wantPassword: firstPassword},
		"Initial, set by other": {
			policy: v1alpha1.PasswordInitial, wantPassword: firstPassword,
			happens: func(w *world, _ *v1alpha1.BuyerUser) { w.setByOther() },
		},
		"Initial, Secret gone": {
			policy: v1alpha1.PasswordInitial, wantPassword: firstPassword,
			happens: func(w *world, _ *v1alpha1.BuyerUser) {
				if err := w.kube.Delete(w.t.Context(), passwordSecret("")); err != nil {
					w.t.Fatal(err)
				}
			},
		},
		"Enforce, nothing happens": {policy: v1alpha1.PasswordEnforce, wantPassword: firstPassword},
		"Enforce, Secret changed": {
			policy: v1alpha1.PasswordEnforce, happens: rotated, differs: true, redeclared: true, wantPassword: secondPassword,
		},
		"Enforce with Replace, Secret changed": {
			policy: v1alpha1.PasswordEnforce, update: v1alpha1.UpdateReplace,
			happens: rotated, differs: true, redeclared: true, wantPassword: secondPassword,
		},
		"Enforce, set by other": {
			policy: v1alpha1.PasswordEnforce, differs: true, wantPassword: firstPassword,
			happens: func(w *world, _ *v1alpha1.BuyerUser) { w.setByOther() },
		},
		"Enforce, nothing remembered": {
			policy: v1alpha1.PasswordEnforce, differs: true, redeclared: true, wantPassword: firstPassword,
			happens: func(_ *world, user *v1alpha1.BuyerUser) { user.Status.EnforcedPassword = nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, passwordSecret(firstPassword))
			user := userWithPassword(test.policy)
			user.Spec.UpdatePolicy = test.update
			bound := w.bindUser(user)
			created, err := bound.Create(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			expectDifferences(t, created)
			if test.happens != nil {
				test.happens(w, user)
			}
			seen := w.observe(bound)
			if test.differs {
				expectDifferences(t, seen, "Password")
			} else {
				expectDifferences(t, seen)
			}
			if seen.Redeclared != test.redeclared || !seen.Identical() {
				t.Errorf("redeclared %v, identical %v", seen.Redeclared, seen.Identical())
			}
			if test.differs {
				after, err := bound.Update(t.Context(), seen.Differences)
				if err != nil {
					t.Fatal(err)
				}
				expectDifferences(t, after)
				expectDifferences(t, w.observe(bound))
			}
			if got, _ := w.box.Password(userPath); got != test.wantPassword {
				t.Error("OrderCloud has another password")
			}
			expectNoSecret(t, user)
		})
	}
}

func rotated(w *world, _ *v1alpha1.BuyerUser) {
	w.rotate(func(secret *corev1.Secret) { secret.Data["password"] = []byte(secondPassword) })
}

func expectNoSecret(t *testing.T, user *v1alpha1.BuyerUser) {
	t.Helper()
	encoded, err := json.Marshal(user)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{firstPassword, secondPassword} {
		if strings.Contains(string(encoded), secret) {
			t.Errorf("the resource tells the password: %s", encoded)
		}
	}
}

// A correction of another field must not reset a password, nor sign its user out.
func TestOtherWritesLeaveThePasswordAlone(t *testing.T) {
	for _, update := range []v1alpha1.UpdatePolicy{v1alpha1.UpdateMerge, v1alpha1.UpdateReplace} {
		for _, policy := range []v1alpha1.PasswordPolicy{v1alpha1.PasswordInitial, v1alpha1.PasswordEnforce} {
			t.Run(string(update)+", "+string(policy), func(t *testing.T) {
				w := begin(t, passwordSecret(firstPassword))
				user := userWithPassword(policy)
				user.Spec.UpdatePolicy = update
				bound := w.bindUser(user)
				if _, err := bound.Create(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "x@x.example"})
				after, err := bound.Update(t.Context(), w.observe(bound).Differences)
				if err != nil {
					t.Fatal(err)
				}
				expectDifferences(t, after)
				for method, body := range w.bodies {
					if method != http.MethodPost && strings.Contains(body, "Password") {
						t.Errorf("%s sends a password", method)
					}
				}
			})
		}
	}
}

func TestAPolicyThatNoLongerEnforcesForgets(t *testing.T) {
	w := begin(t, passwordSecret(firstPassword))
	user := userWithPassword(v1alpha1.PasswordEnforce)
	bound := w.bindUser(user)
	if _, err := bound.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if user.Status.EnforcedPassword == nil {
		t.Fatal("nothing is remembered")
	}
	user.Spec.PasswordPolicy = v1alpha1.PasswordInitial
	w.observe(bound)
	if user.Status.EnforcedPassword != nil {
		t.Errorf("still remembers %+v", user.Status.EnforcedPassword)
	}
}

func TestAMissingPasswordIsExplained(t *testing.T) {
	for name, test := range map[string]struct {
		secret  *corev1.Secret
		key     string
		message string
	}{
		"no Secret": {
			message: "Secret shop/jdoe-password, which passwordSecretRef names, does not exist: create it",
		},
		"no such key": {
			secret: passwordSecret(firstPassword), key: "other",
			message: `Secret shop/jdoe-password has no value under the key "other", which passwordSecretRef names: add it, or name another key`,
		},
		"an empty value": {
			secret:  passwordSecret(""),
			message: `Secret shop/jdoe-password has no value under the key "password", which passwordSecretRef names: add it, or name another key`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var objects []client.Object
			if test.secret != nil {
				objects = append(objects, test.secret)
			}
			w := begin(t, objects...)
			user := userWithPassword(v1alpha1.PasswordEnforce)
			user.Spec.PasswordSecretRef.Key = test.key
			_, err := w.bindUser(user).Create(t.Context())
			w.expectFailure(err, v1alpha1.ReasonReferenceNotFound, test.message)
			if problem := failure.As(err); problem.Stalled || problem.Retry != failure.AtInterval {
				t.Errorf("stalled %v, retry %v", problem.Stalled, problem.Retry)
			}
			if writes := w.box.Stats().Writes(); writes != 0 {
				t.Errorf("%d writes without a password", writes)
			}
		})
	}
}

// A value that OrderCloud echoes in a refusal must not reach the status.
func TestARefusalThatEchoesThePasswordDoesNotTellIt(t *testing.T) {
	echo := func(request *http.Request, status int, body string) (int, string) {
		if request.Method == http.MethodGet {
			return status, body
		}
		return http.StatusBadRequest, `{"Errors":[{"ErrorCode":"ValidationFailure","Message":"Password ` +
			firstPassword + ` of jdoe@acme.example is not allowed."}]}`
	}
	const message = "(ValidationFailure): Password (redacted) of (redacted) is not allowed"
	t.Run("at the create", func(t *testing.T) {
		w := begin(t, passwordSecret(firstPassword))
		w.answer = echo
		_, err := w.bindUser(userWithPassword(v1alpha1.PasswordInitial)).Create(t.Context())
		w.expectFailure(err, v1alpha1.ReasonRejected, "OrderCloud refuses creating "+userPath+" "+message)
	})
	t.Run("at an update", func(t *testing.T) {
		w := begin(t, passwordSecret(firstPassword))
		w.mutate(http.MethodPost, "buyers/acme/users", inOrderCloud(nil))
		w.answer = echo
		bound := w.bindUser(userWithPassword(v1alpha1.PasswordEnforce))
		_, err := bound.Update(t.Context(), w.observe(bound).Differences)
		w.expectFailure(err, v1alpha1.ReasonRejected, "OrderCloud refuses updating "+userPath+" "+message)
	})
}
