// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"testing"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const theirFinalizer = "example.com/theirs"

func claimedUser(name string) *v1alpha1.BuyerUser {
	return user(name, func(user *v1alpha1.BuyerUser) { user.Finalizers = []string{v1alpha1.ClaimFinalizer} })
}

// claim and release do what the engine does to an object.
func (u *unit) claim(name string) {
	u.t.Helper()
	if err := u.kube.Create(u.t.Context(), claimedUser(name)); err != nil {
		u.t.Fatal(err)
	}
}

func (u *unit) release(name string) {
	u.t.Helper()
	object := user(name, nil)
	u.edit(object, func() { object.Finalizers = nil })
}

func (u *unit) delete(object client.Object) {
	u.t.Helper()
	if err := u.kube.Delete(u.t.Context(), object); err != nil {
		u.t.Fatal(err)
	}
}

// look makes a pass over a Marketplace that may be gone after it.
func (u *unit) look() ctrl.Result {
	u.t.Helper()
	result, err := u.reconciler.Reconcile(u.t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(u.declared)})
	if err != nil {
		u.t.Fatal(err)
	}
	return result
}

func (u *unit) exists() bool {
	u.t.Helper()
	err := u.kube.Get(u.t.Context(), client.ObjectKeyFromObject(u.declared), u.declared)
	if client.IgnoreNotFound(err) != nil {
		u.t.Fatal(err)
	}
	return err == nil
}

func TestAMarketplaceStaysForAsLongAsADeletionNeedsIt(t *testing.T) {
	for name, test := range map[string]struct {
		happen func(*unit)
		// finalizers are those that are left; nil means that it is gone.
		finalizers []string
	}{
		"nothing is claimed": {func(u *unit) {
			if err := u.kube.Create(u.t.Context(), user("unclaimed", nil)); err != nil {
				u.t.Fatal(err)
			}
			u.look()
		}, []string{}},
		"the first claim": {func(u *unit) { u.claim("a"); u.look() }, []string{v1alpha1.InUseFinalizer}},
		"the last claim is gone, and nobody deletes it": {func(u *unit) {
			u.claim("a")
			u.look()
			u.release("a")
			u.look()
		}, []string{v1alpha1.InUseFinalizer}},
		"it is deleted, and something is claimed": {func(u *unit) {
			u.claim("a")
			u.look()
			u.delete(u.declared)
			u.look()
		}, []string{v1alpha1.InUseFinalizer}},
		"one of two claims is gone": {func(u *unit) {
			u.claim("a")
			u.claim("b")
			u.look()
			u.delete(u.declared)
			u.release("a")
			u.look()
		}, []string{v1alpha1.InUseFinalizer}},
		"it is deleted, and the last claim is gone": {func(u *unit) {
			u.claim("a")
			u.look()
			u.delete(u.declared)
			u.look()
			u.release("a")
			u.look()
		}, nil},
		"it is deleted before the first claim was seen": {func(u *unit) {
			u.edit(u.declared, func() { u.declared.Finalizers = []string{theirFinalizer} })
			u.delete(u.declared)
			u.claim("a")
			u.look()
		}, []string{theirFinalizer}},
		"somebody else has a finalizer, too": {func(u *unit) {
			u.edit(u.declared, func() { u.declared.Finalizers = []string{theirFinalizer} })
			u.claim("a")
			u.look()
			u.delete(u.declared)
			u.release("a")
			u.look()
			u.look()
		}, []string{theirFinalizer}},
	} {
		t.Run(name, func(t *testing.T) {
			u := beginUnit(t, nil)
			test.happen(u)
			if exists := u.exists(); exists != (test.finalizers != nil) {
				t.Fatalf("it exists: %v", exists)
			}
			if !slices.Equal(u.declared.Finalizers, test.finalizers) {
				t.Errorf("finalizers %v, want %v", u.declared.Finalizers, test.finalizers)
			}
		})
	}
}

// Keeping it is no reason to tell less, in the same pass or while it waits.
func TestAMarketplaceThatIsKeptGoesOnTellingItsState(t *testing.T) {
	u := beginUnit(t, nil)
	u.claim("a")
	u.pass()
	u.expect(inSync)
	if got := u.declared.Status.BuyerUsers.Total; got != 1 {
		t.Errorf("counted %d", got)
	}
	u.delete(u.declared)
	u.claim("b")
	if result := u.pass(); result.RequeueAfter <= 0 {
		t.Error("is not looked at any more")
	}
	if got := u.declared.Status.BuyerUsers.Total; got != 2 {
		t.Errorf("counted %d", got)
	}

	// And when it goes, it goes.
	patches := u.patches
	u.release("a")
	u.release("b")
	if result := u.look(); result.RequeueAfter != 0 || u.patches != patches {
		t.Errorf("looks again after %s, with %d patches", result.RequeueAfter, u.patches-patches)
	}
}

func TestALostRaceForTheMarketplaceIsRunAgain(t *testing.T) {
	u := beginUnit(t, nil)
	u.claim("a")
	races := 1
	u.reconciler.client = interceptor.NewClient(u.kube, interceptor.Funcs{
		Patch: func(ctx context.Context, to client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
			if races > 0 {
				races--
				u.edit(u.declared, func() { u.declared.Finalizers = []string{theirFinalizer} })
			}
			return to.Patch(ctx, object, patch, options...)
		},
	})
	if result := u.look(); result.RequeueAfter != countDelay {
		t.Errorf("got %+v", result)
	}
	u.pass()
	if want := []string{theirFinalizer, v1alpha1.InUseFinalizer}; !slices.Equal(u.declared.Finalizers, want) {
		t.Errorf("finalizers %v, want %v", u.declared.Finalizers, want)
	}
}

func TestCredentialsAreForgottenWhenNothingWaitsForThemAnyMore(t *testing.T) {
	u := beginUnit(t, nil)
	knows := func() bool {
		connection, err := u.reconciler.registry.ConnectToDelete(t.Context(), "shop", v1alpha1.MarketplaceReference{})
		return err == nil && connection.Client != nil
	}
	u.look() // which sees no claim yet
	u.claim("a")
	u.delete(u.declared)
	if result := u.look(); result.RequeueAfter != lastRecheck || !knows() {
		t.Errorf("looks again after %s; the credentials are known: %v", result.RequeueAfter, knows())
	}
	if len(u.reconciler.checks) == 0 {
		t.Error("the check is forgotten before the credentials")
	}
	u.release("a")
	if result := u.look(); result.RequeueAfter != 0 || knows() || len(u.reconciler.checks) != 0 {
		t.Errorf("looks again after %s; the credentials are known: %v; %d checks", result.RequeueAfter, knows(), len(u.reconciler.checks))
	}
}
