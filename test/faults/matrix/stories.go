// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// story is what people do while the fault lasts, and what was there before.
type story struct {
	// before are the objects that are Ready when the fault begins.
	before []client.Object
	// steps are taken one after the other.
	steps []step
	// subject is the object whose status is told.
	subject client.Object
}

// step is one thing that a person does.
type step func(context.Context, *cell) error

var (
	tokenIsRenewed = story{
		before:  withGrant(token("kept", "Shopper")),
		steps:   []step{askAgain(&v1alpha1.Marketplace{}, marketplaceName), rename("kept")},
		subject: named(&v1alpha1.Marketplace{}, marketplaceName),
	}
	marketplaceIsChecked = story{
		before:  withGrant(token("kept", "Shopper")),
		steps:   []step{askAgain(&v1alpha1.Marketplace{}, marketplaceName), rename("kept")},
		subject: named(&v1alpha1.Marketplace{}, marketplaceName),
	}
	usersAreCompared = story{
		before:  []client.Object{user("u1", "acme"), user("u2", "acme"), user("u3", "acme")},
		steps:   []step{askAgain(&v1alpha1.Marketplace{}, marketplaceName), rename("u1"), rename("u2"), rename("u3"), create(user("u4", "acme"))},
		subject: named(&v1alpha1.BuyerUser{}, "u1"),
	}
	usersOfBuyersAreCompared = story{
		before:  []client.Object{user("u1", "acme"), user("u2", "globex"), user("u3", "globex")},
		steps:   []step{askAgain(&v1alpha1.Marketplace{}, marketplaceName), rename("u1"), rename("u2"), rename("u3"), create(user("u4", "acme"))},
		subject: named(&v1alpha1.BuyerUser{}, "u1"),
	}
	userIsEdited = story{
		before:  []client.Object{user("u1", "acme")},
		steps:   []step{rename("u1")},
		subject: named(&v1alpha1.BuyerUser{}, "u1"),
	}
	userIsReplaced = story{
		before:  []client.Object{replaced(user("u1", "acme"))},
		steps:   []step{rename("u1")},
		subject: named(&v1alpha1.BuyerUser{}, "u1"),
	}
	userIsCreated = story{
		before:  []client.Object{user("u1", "acme")},
		steps:   []step{create(user("u2", "acme"))},
		subject: named(&v1alpha1.BuyerUser{}, "u2"),
	}
	userIsDeleted = story{
		before:  []client.Object{user("u1", "acme"), user("u2", "acme")},
		steps:   []step{remove(user("u2", "acme"))},
		subject: named(&v1alpha1.BuyerUser{}, "u2"),
	}
	configsAreCompared = story{
		before:  []client.Object{config("c1", "acme"), config("c2", "globex")},
		steps:   []step{askAgain(&v1alpha1.Marketplace{}, marketplaceName), narrow("c1"), narrow("c2"), create(ofWalkIn(config("c3", "acme")))},
		subject: named(&v1alpha1.ImpersonationConfig{}, "c1"),
	}
	configIsEdited = story{
		before:  []client.Object{config("c1", "acme")},
		steps:   []step{narrow("c1")},
		subject: named(&v1alpha1.ImpersonationConfig{}, "c1"),
	}
	configIsCreated = story{
		before:  []client.Object{user("u1", "acme")},
		steps:   []step{create(config("c1", "acme"))},
		subject: named(&v1alpha1.ImpersonationConfig{}, "c1"),
	}
	configIsDeleted = story{
		before:  []client.Object{config("c1", "acme"), config("c2", "globex")},
		steps:   []step{remove(config("c2", "globex"))},
		subject: named(&v1alpha1.ImpersonationConfig{}, "c2"),
	}
	tokensAreIssued = story{
		before:  withGrant(token("kept", "Shopper")),
		steps:   []step{askForMore("kept"), create(token("added", "Shopper"))},
		subject: named(&v1alpha1.ImpersonationToken{}, "kept"),
	}
	tokensAreProven = story{
		before:  withGrant(token("kept", "Shopper")),
		steps:   []step{askAgain(&v1alpha1.ImpersonationToken{}, "kept"), create(token("added", "Shopper"))},
		subject: named(&v1alpha1.ImpersonationToken{}, "kept"),
	}
)

const (
	marketplaceName = "default"
	application     = "Storefront"
)

func named(object client.Object, name string) client.Object {
	object.SetName(name)
	return object
}

func user(name, buyer string) *v1alpha1.BuyerUser {
	return &v1alpha1.BuyerUser{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.BuyerUserSpec{
		BuyerID: v1alpha1.ID(buyer), Username: name + "@shop.example", FirstName: "First", LastName: "Last", Email: name + "@shop.example",
	}}
}

func replaced(user *v1alpha1.BuyerUser) *v1alpha1.BuyerUser {
	user.Spec.UpdatePolicy = v1alpha1.UpdateReplace
	return user
}

func config(name, buyer string) *v1alpha1.ImpersonationConfig {
	return &v1alpha1.ImpersonationConfig{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ImpersonationConfigSpec{
		BuyerID: v1alpha1.ID(buyer), SecurityProfileID: "cs-rep", ClientName: application,
	}}
}

// ofWalkIn is a grant that is not the same as one over the whole buyer.
func ofWalkIn(config *v1alpha1.ImpersonationConfig) *v1alpha1.ImpersonationConfig {
	config.Spec.UserID = "walk-in"
	return config
}

func token(name string, roles ...v1alpha1.Role) *v1alpha1.ImpersonationToken {
	return &v1alpha1.ImpersonationToken{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ImpersonationTokenSpec{
		BuyerID: "acme", UserID: "kept", ClientName: application, Roles: roles,
	}}
}

// withGrant adds what a token for the user "kept" takes.
func withGrant(token *v1alpha1.ImpersonationToken) []client.Object {
	grant := config("grant", "acme")
	grant.Spec.ImpersonationUserID, grant.Spec.SecurityProfileID = "operator", "shopper"
	return []client.Object{user("kept", "acme"), grant, token}
}

func create(object client.Object) step {
	return func(ctx context.Context, c *cell) error {
		created := object.DeepCopyObject().(client.Object)
		created.SetNamespace(c.namespace)
		if err := c.stage.admin.Create(ctx, created); err != nil {
			return fmt.Errorf("creating %s: %w", object.GetName(), err)
		}
		return nil
	}
}

func remove(object client.Object) step {
	return func(ctx context.Context, c *cell) error {
		removed := object.DeepCopyObject().(client.Object)
		removed.SetNamespace(c.namespace)
		c.leaving[pathOf(object)] = true
		if err := c.stage.admin.Delete(ctx, removed); err != nil {
			return fmt.Errorf("deleting %s: %w", object.GetName(), err)
		}
		return nil
	}
}

func patch(object client.Object, name, content string) step {
	return func(ctx context.Context, c *cell) error {
		patched := named(object.DeepCopyObject().(client.Object), name)
		patched.SetNamespace(c.namespace)
		if err := c.stage.admin.Patch(ctx, patched, mergePatch(content)); err != nil {
			return fmt.Errorf("changing %s: %w", name, err)
		}
		return nil
	}
}

func rename(user string) step {
	return patch(&v1alpha1.BuyerUser{}, user, `{"spec":{"firstName":"Second"}}`)
}

func narrow(config string) step {
	return patch(&v1alpha1.ImpersonationConfig{}, config, `{"spec":{"securityProfileID":"shopper"}}`)
}

func askForMore(token string) step {
	return patch(&v1alpha1.ImpersonationToken{}, token, `{"spec":{"roles":["Shopper","MeAdmin"]}}`)
}

func askAgain(object client.Object, name string) step {
	return patch(object, name, `{"metadata":{"annotations":{"`+v1alpha1.ReconcileAtAnnotation+`":"`+strconv.FormatInt(time.Now().UnixNano(), 10)+`"}}}`)
}
