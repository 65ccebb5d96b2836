// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestOnlyChangesThatMatterWakeAnObject(t *testing.T) {
	withCondition := func(kind string, status metav1.ConditionStatus) func(*v1alpha1.BuyerUser) {
		return func(user *v1alpha1.BuyerUser) {
			user.Status.Conditions = []metav1.Condition{{Type: kind, Status: status}}
		}
	}
	for name, test := range map[string]struct {
		change      func(*v1alpha1.BuyerUser)
		declaration bool
		orReady     bool
	}{
		"the spec": {func(user *v1alpha1.BuyerUser) { user.Generation = 2 }, true, true},
		"the look annotation": {func(user *v1alpha1.BuyerUser) {
			user.Annotations = map[string]string{v1alpha1.ReconcileAtAnnotation: "1"}
		}, true, true},
		"another annotation":   {func(user *v1alpha1.BuyerUser) { user.Annotations = map[string]string{"a": "b"} }, false, false},
		"a label":              {func(user *v1alpha1.BuyerUser) { user.Labels = map[string]string{"a": "b"} }, false, false},
		"the claim":            {func(user *v1alpha1.BuyerUser) { user.Finalizers = []string{v1alpha1.ClaimFinalizer} }, false, false},
		"it became Ready":      {withCondition(v1alpha1.ReadyCondition, metav1.ConditionTrue), false, true},
		"it was compared":      {withCondition(v1alpha1.SyncedCondition, metav1.ConditionTrue), false, false},
		"its status otherwise": {func(user *v1alpha1.BuyerUser) { user.Status.Path = "x" }, false, false},
		"nothing":              {func(*v1alpha1.BuyerUser) {}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			before := user("jdoe", func(user *v1alpha1.BuyerUser) { user.Generation = 1 })
			after := before.DeepCopy()
			test.change(after)
			update := event.UpdateEvent{ObjectOld: before, ObjectNew: after}
			if got := declarationChanged().Update(update); got != test.declaration {
				t.Errorf("the declaration changed: %v", got)
			}
			if got := declarationOrReadyChanged().Update(update); got != test.orReady {
				t.Errorf("the declaration or Ready changed: %v", got)
			}
		})
	}
	if !declarationChanged().Create(event.CreateEvent{Object: user("jdoe", nil)}) || !declarationChanged().Delete(event.DeleteEvent{Object: user("jdoe", nil)}) {
		t.Error("a new or a deleted object wakes nobody")
	}
}

func TestObjectsAreFoundByWhatTheyReferTo(t *testing.T) {
	withPassword := user("jdoe", func(user *v1alpha1.BuyerUser) {
		user.Spec.PasswordSecretRef = &v1alpha1.SecretKeyReference{Name: "password"}
	})
	config := &v1alpha1.ImpersonationConfig{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "desk"}}
	config.Spec.MarketplaceRef = v1alpha1.MarketplaceReference{Namespace: "other", Name: "main"}
	config.Spec.UserRef = &v1alpha1.BuyerUserReference{Name: "a"}
	config.Spec.ImpersonationUserRef = &v1alpha1.BuyerUserReference{Name: "b"}
	declared := &v1alpha1.Marketplace{Spec: v1alpha1.MarketplaceSpec{CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"}}}
	for name, test := range map[string]struct {
		index  client.IndexerFunc
		object client.Object
		want   []string
	}{
		"the default Marketplace of its namespace": {marketplaceOf, user("jdoe", nil), []string{"shop/default"}},
		"a Marketplace elsewhere":                  {marketplaceOf, config, []string{"other/main"}},
		"a Marketplace has none":                   {marketplaceOf, declared, nil},
		"a password":                               {passwordSecretOf, withPassword, []string{"password"}},
		"no password":                              {passwordSecretOf, user("jdoe", nil), nil},
		"no password of another kind":              {passwordSecretOf, config, nil},
		"users on both sides":                      {buyerUsersOf, config, []string{"a", "b"}},
		"no users":                                 {buyerUsersOf, &v1alpha1.ImpersonationConfig{}, nil},
		"users of another kind":                    {buyerUsersOf, withPassword, nil},
		"credentials":                              {credentialsSecretOf, declared, []string{"ordercloud"}},
		"credentials of another kind":              {credentialsSecretOf, config, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.index(test.object)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestConditionsAreFoundOnEveryKind(t *testing.T) {
	conditions := []metav1.Condition{{Type: v1alpha1.ReadyCondition, Status: metav1.ConditionTrue}}
	declared := &v1alpha1.Marketplace{Status: v1alpha1.MarketplaceStatus{Conditions: conditions}}
	for name, test := range map[string]struct {
		object client.Object
		want   string
	}{
		"Marketplace": {declared, "True"},
		"BuyerUser":   {user("jdoe", func(user *v1alpha1.BuyerUser) { user.Status.Conditions = conditions }), "True"},
		"none yet":    {user("jdoe", nil), ""},
		"Secret":      {&corev1.Secret{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := conditionStatus(test.object, v1alpha1.ReadyCondition); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
