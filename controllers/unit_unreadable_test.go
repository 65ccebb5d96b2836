// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/readable"
)

func TestAMarketplaceGoesOnAndStaysWhileAKindCannotBeRead(t *testing.T) {
	u := beginUnit(t, nil)
	u.claim("a")
	u.pass()
	u.declared.Status.DeletionsHeld = 2
	u.declared.Status.Objects[0].Held = 2
	u.declared.Status.Deletions = &v1alpha1.Deletions{DeletionAccount: v1alpha1.DeletionAccount{HeldAbove: new(int32(1))}}
	if err := u.kube.Status().Update(t.Context(), u.declared); err != nil {
		t.Fatal(err)
	}
	u.reconciler.client = interceptor.NewClient(u.kube, interceptor.Funcs{
		List: func(ctx context.Context, from client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			if _, isUsers := list.(*v1alpha1.BuyerUserList); isUsers {
				return &readable.Unreadable{Kind: "BuyerUser", Objects: []string{"shop/broken"}}
			}
			return from.List(ctx, list, options...)
		},
	})
	u.reconciler.guard.Client = u.reconciler.client
	u.release("a")
	u.claim("b")
	u.delete(u.declared)
	for range 2 {
		u.pass()
		users := u.declared.Status.Objects[0]
		if users.Kind != "BuyerUser" || users.Total != 1 || users.Held != 2 || u.declared.Status.DeletionsHeld != 2 {
			t.Errorf("counts %+v, and %d deletions held", users, u.declared.Status.DeletionsHeld)
		}
	}
	if !slices.Contains(u.declared.Finalizers, v1alpha1.InUseFinalizer) {
		t.Error("it goes, although nobody knows who needs it")
	}
}
