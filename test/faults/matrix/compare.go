// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// unequal looks at all objects of the cell, on both sides, and returns what is not as
// declared. What is lost or left behind it notes: that is never right, at no moment.
func (c *cell) unequal(ctx context.Context) []string {
	objects, err := c.objects(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	declared := map[string]bool{}
	for _, object := range objects {
		path := pathOf(object)
		declared[path] = true
		if !object.GetDeletionTimestamp().IsZero() {
			wrong = append(wrong, describe(object)+" is not deleted")
			continue
		}
		if !isReady(object) {
			wrong = append(wrong, describe(object)+": "+statusOf(object)+": "+messageOf(object))
		}
		if problem := c.compare(object, path); problem != "" {
			wrong = append(wrong, problem)
		}
	}
	c.findLeft(declared)
	return append(wrong, c.missing(objects)...)
}

// objects are those of the cell, as the watch has seen them.
func (c *cell) objects(ctx context.Context) ([]client.Object, error) {
	var objects []client.Object
	for _, list := range []client.ObjectList{
		&v1alpha1.MarketplaceList{}, &v1alpha1.BuyerUserList{}, &v1alpha1.ImpersonationConfigList{}, &v1alpha1.ImpersonationTokenList{},
	} {
		if err := c.stage.seen.List(ctx, list, client.InNamespace(c.namespace)); err != nil {
			return nil, fmt.Errorf("listing the objects of %s: %w", c.namespace, err)
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			objects = append(objects, item.(client.Object))
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("listing the objects of %s: %w", c.namespace, err)
		}
	}
	return objects, nil
}

// missing are objects of the story that the watch has not seen yet.
func (c *cell) missing(objects []client.Object) []string {
	seen := map[string]bool{}
	for _, object := range objects {
		seen[describe(object)] = true
	}
	var wrong []string
	for _, object := range c.call.story.before {
		if !seen[describe(object)] && !c.leaving[pathOf(object)] {
			wrong = append(wrong, describe(object)+" is not there")
		}
	}
	return wrong
}

// compare says what OrderCloud, or the Secret, holds that is not declared.
func (c *cell) compare(object client.Object, path string) string {
	if token, isToken := object.(*v1alpha1.ImpersonationToken); isToken {
		return c.compareToken(token)
	}
	if path == "" {
		return ""
	}
	held, exists := c.gate.box.Object(path)
	if !exists {
		if c.found[path] && !c.leaving[path] {
			c.lost[path] = true
		}
		return path + " is not in OrderCloud"
	}
	c.found[path] = true
	for field, want := range fieldsOf(object) {
		if held[field] != want {
			return fmt.Sprintf("%s: %s is %v in place of %v", path, field, held[field], want)
		}
	}
	return ""
}

// compareToken says why the Secret is of no use.
func (c *cell) compareToken(token *v1alpha1.ImpersonationToken) string {
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: c.namespace, Name: token.SecretName()}
	name := "Secret " + key.Name
	err := c.stage.seen.Get(context.Background(), key, secret)
	if err != nil || len(secret.Data["token"]) == 0 {
		if c.full[key.Name] && !c.mayEmpty() {
			c.lost[name+" is empty"] = true
		}
		return name + " holds no token"
	}
	c.full[key.Name] = true
	if !c.gate.accepts(string(secret.Data["token"])) {
		return name + " holds a token that OrderCloud refuses"
	}
	return ""
}

// mayEmpty says that OrderCloud itself refuses a user's token, so that it may go.
func (c *cell) mayEmpty() bool { return c.call.name == userMe && c.fault.isOwnRefusal }

// findLeft notes what OrderCloud still holds though its object is gone.
func (c *cell) findLeft(declared map[string]bool) {
	for path := range c.leaving {
		if _, exists := c.gate.box.Object(path); exists && !declared[path] {
			c.left[path] = true
		}
	}
}

// accepts says that OrderCloud takes a token.
func (g *gate) accepts(token string) bool {
	g.lock.Lock()
	if issued := g.shown[token]; issued != "" {
		token = issued
	}
	g.lock.Unlock()
	request := httptest.NewRequest(http.MethodGet, "/v1/me", http.NoBody)
	request.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	g.box.ServeHTTP(answer, request)
	return answer.Code == http.StatusOK
}

// tell is what the status of an object says: Ready and why.
func (c *cell) tell(ctx context.Context, object client.Object) string {
	found := object.DeepCopyObject().(client.Object)
	if err := c.stage.seen.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: object.GetName()}, found); err != nil {
		return "gone"
	}
	return statusOf(found)
}

// statusOf is what kubectl get prints: READY and REASON.
func statusOf(object client.Object) string {
	ready := meta.FindStatusCondition(conditionsOf(object), v1alpha1.ReadyCondition)
	synced := meta.FindStatusCondition(conditionsOf(object), v1alpha1.SyncedCondition)
	if ready == nil || synced == nil {
		return "none"
	}
	return string(ready.Status) + " " + synced.Reason
}

func messageOf(object client.Object) string {
	if synced := meta.FindStatusCondition(conditionsOf(object), v1alpha1.SyncedCondition); synced != nil {
		return synced.Message
	}
	return ""
}

// isReady says that the status is about what is declared now, and good. Where somebody has
// asked for a look, it was made.
func isReady(object client.Object) bool {
	if asked := object.GetAnnotations()[v1alpha1.ReconcileAtAnnotation]; asked != handledOf(object) {
		return false
	}
	ready := meta.FindStatusCondition(conditionsOf(object), v1alpha1.ReadyCondition)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == object.GetGeneration() &&
		meta.IsStatusConditionTrue(conditionsOf(object), v1alpha1.SyncedCondition)
}

func handledOf(object client.Object) string {
	switch object := object.(type) {
	case *v1alpha1.Marketplace:
		return object.Status.LastHandledReconcileAt
	case *v1alpha1.ImpersonationToken:
		return object.Status.LastHandledReconcileAt
	}
	return ""
}

func conditionsOf(object client.Object) []metav1.Condition {
	switch object := object.(type) {
	case *v1alpha1.Marketplace:
		return object.Status.Conditions
	case *v1alpha1.BuyerUser:
		return object.Status.Conditions
	case *v1alpha1.ImpersonationConfig:
		return object.Status.Conditions
	case *v1alpha1.ImpersonationToken:
		return object.Status.Conditions
	}
	return nil
}

// pathOf is where OrderCloud has what an object declares; empty when it has nothing.
func pathOf(object client.Object) string {
	switch object := object.(type) {
	case *v1alpha1.BuyerUser:
		return "buyers/" + string(object.Spec.BuyerID) + "/users/" + object.Name
	case *v1alpha1.ImpersonationConfig:
		return "impersonationconfig/" + object.Name
	}
	return ""
}

// fieldsOf are fields that OrderCloud is to hold.
func fieldsOf(object client.Object) map[string]any {
	switch object := object.(type) {
	case *v1alpha1.BuyerUser:
		return map[string]any{"FirstName": object.Spec.FirstName, "LastName": object.Spec.LastName, "Username": object.Spec.Username, "Active": true}
	case *v1alpha1.ImpersonationConfig:
		return map[string]any{"BuyerID": string(object.Spec.BuyerID), "SecurityProfileID": string(object.Spec.SecurityProfileID)}
	}
	return nil
}

// describe names an object by its kind and its name.
func describe(object client.Object) string {
	switch object.(type) {
	case *v1alpha1.Marketplace:
		return "Marketplace " + object.GetName()
	case *v1alpha1.BuyerUser:
		return "BuyerUser " + object.GetName()
	case *v1alpha1.ImpersonationConfig:
		return "ImpersonationConfig " + object.GetName()
	}
	return "ImpersonationToken " + object.GetName()
}
