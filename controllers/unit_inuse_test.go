// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
)

const theirFinalizer = "example.com/theirs"

func claimedUser(name string) *v1alpha1.BuyerUser {
	return user(name, func(user *v1alpha1.BuyerUser) {
		user.Finalizers, user.Status.Claim = []string{v1alpha1.ClaimFinalizer}, heldClaim()
	})
}

func heldClaim() *v1alpha1.Claim { return &v1alpha1.Claim{State: v1alpha1.ClaimHeld} }

// claim and release do what the engine does to an object.
func (u *unit) claim(name string) {
	u.t.Helper()
	u.create(claimedUser(name))
}

func (u *unit) release(name string) {
	u.t.Helper()
	object := user(name, nil)
	u.edit(object, func() { object.Finalizers, object.Status.Claim = nil, nil })
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
	if got := u.declared.Status.Objects[0].Total; got != 1 {
		t.Errorf("counted %d", got)
	}
	u.delete(u.declared)
	u.claim("b")
	if result := u.pass(); result.RequeueAfter <= 0 {
		t.Error("is not looked at any more")
	}
	u.expect(map[string]string{"Ready": "False InUse", "Synced": "True InUse", "Reconciling": "True InUse"})
	if got := u.declared.Status.Objects[0].Total; got != 2 {
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
	if result := u.look(); result.RequeueAfter != schedule.LastRecheck || !knows() {
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

// claimedConfig refers to the Marketplace, and has something in OrderCloud.
func claimedConfig(name string) *v1alpha1.ImpersonationConfig {
	return config(name, func(config *v1alpha1.ImpersonationConfig) {
		config.Finalizers, config.Status.Claim = []string{v1alpha1.ClaimFinalizer}, heldClaim()
	})
}

func TestAMarketplaceThatIsBeingDeletedSaysWhatKeepsIt(t *testing.T) {
	const tail = "; delete them, those with deletionPolicy: Retain for which OrderCloud is to keep what they declare"
	const start = "the Marketplace is being deleted, and stays until the objects are gone that need it to be deleted in OrderCloud: "
	for name, test := range map[string]struct {
		objects []client.Object
		prepare func(*unit)
		// message is what Ready, Synced and an event end with; conditions, when they are not
		// those of a Marketplace in use.
		message    string
		conditions map[string]string
	}{
		"a user": {objects: []client.Object{claimedUser("a")}, message: start + "1 BuyerUser" + tail},
		"users and a grant": {
			objects: []client.Object{claimedUser("a"), claimedUser("b"), user("unclaimed", nil), claimedConfig("desk"), token("jdoe", nil)},
			message: start + "2 BuyerUsers and 1 ImpersonationConfig" + tail,
		},
		"what the guard holds": {
			objects: []client.Object{claimedUser("a"), deleting(user("b", nil), true), deleting(config("desk", nil), true)},
			prepare: func(u *unit) {
				u.edit(u.declared, func() {})
				u.declared.Status.Deletions = &v1alpha1.Deletions{DeletionAccount: v1alpha1.DeletionAccount{HeldAbove: new(int32(20))}}
				if err := u.kube.Status().Update(u.t.Context(), u.declared); err != nil {
					u.t.Fatal(err)
				}
			},
			message: start + "2 BuyerUsers and 1 ImpersonationConfig" + tail +
				`; the deletion guard holds 2 of them: confirm each with the annotation ordercloud.io/confirm-delete: "true", or raise spec.deletionGuard.maxDeletions`,
		},
		"and what it cannot do for them": {
			objects: []client.Object{claimedUser("a")},
			prepare: func(u *unit) { u.writeSecret("wrong") },
			message: "is active and has a default context user; " + start + "1 BuyerUser" + tail,
			conditions: map[string]string{
				"Ready": "False CredentialsInvalid", "Synced": "False CredentialsInvalid", "Stalled": "True CredentialsInvalid",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := beginUnit(t, nil, test.objects...)
			u.look() // which makes it stay
			if test.prepare != nil {
				test.prepare(u)
			}
			u.delete(u.declared)
			u.pass()
			if test.conditions == nil {
				test.conditions = map[string]string{"Ready": "False InUse", "Synced": "True InUse", "Reconciling": "True InUse"}
			}
			u.expect(test.conditions)
			for _, kind := range []string{"Ready", "Synced"} {
				if got := meta.FindStatusCondition(u.declared.Status.Conditions, kind).Message; !strings.HasSuffix(got, test.message) {
					t.Errorf("%s says\n%s\nwant\n%s", kind, got, test.message)
				}
			}
			var told []string
			for len(u.recorder.Events) > 0 {
				told = append(told, <-u.recorder.Events)
			}
			synced := meta.FindStatusCondition(u.declared.Status.Conditions, "Synced")
			if !slices.Contains(told, "Warning "+synced.Reason+" "+synced.Message) {
				t.Errorf("events %q", told)
			}
			u.pass()
			if len(u.recorder.Events) > 0 {
				t.Errorf("told again: %s", <-u.recorder.Events)
			}
		})
	}
}

// Otherwise whoever may create objects in some namespace could keep everybody's Marketplace
// from being deleted, and from being Ready.
func TestANamespaceThatIsNotLetInNeitherKeepsAMarketplaceNorAsksForRoles(t *testing.T) {
	stranger := func(object client.Object) client.Object {
		object.SetNamespace("outside")
		switch typed := object.(type) {
		case *v1alpha1.BuyerUser:
			typed.Spec.MarketplaceRef.Namespace = "shop"
		case *v1alpha1.ImpersonationConfig:
			typed.Spec.MarketplaceRef.Namespace = "shop"
		case *v1alpha1.ImpersonationToken:
			typed.Spec.MarketplaceRef.Namespace = "shop"
		}
		return object
	}
	u := beginUnit(t, func(seed *sandbox.Seed) {
		seed.Objects["securityprofiles/operator"]["Roles"] = []string{"BuyerUserAdmin"}
	}, stranger(claimedUser("a")), stranger(claimedConfig("desk")), stranger(token("jdoe", nil)), stranger(deleting(user("held", nil), true)), user("mine", nil))
	u.declared.Status.Deletions = &v1alpha1.Deletions{DeletionAccount: v1alpha1.DeletionAccount{HeldAbove: new(int32(20))}}
	if err := u.kube.Status().Update(t.Context(), u.declared); err != nil {
		t.Fatal(err)
	}
	u.pass()
	u.expect(inSync)
	want := []v1alpha1.ObjectCounts{{Kind: "BuyerUser", Total: 1}, {Kind: "ImpersonationConfig"}, {Kind: "ImpersonationToken"}}
	if diff := cmp.Diff(want, u.declared.Status.Objects); diff != "" || u.declared.Status.DeletionsHeld != 0 || len(u.declared.Finalizers) > 0 {
		t.Errorf("%d held, finalizers %v (-want +got)\n%s", u.declared.Status.DeletionsHeld, u.declared.Finalizers, diff)
	}
	u.edit(u.declared, func() { u.declared.Finalizers = []string{v1alpha1.InUseFinalizer} })
	u.delete(u.declared)
	u.look()
	if u.exists() {
		t.Error("it stays")
	}
}

// What is held is found out from the objects: a condition is only what went wrong last.
func TestHeldDeletionsAreCountedWhateverTheirConditionsSay(t *testing.T) {
	held := func(name, reason string) client.Object {
		return deleting(user(name, func(user *v1alpha1.BuyerUser) {
			user.Status.Conditions = []metav1.Condition{{Type: "Synced", Status: "False", Reason: reason}}
		}), true)
	}
	u := beginUnit(t, nil, held("a", v1alpha1.ReasonDeletionHeld), held("b", v1alpha1.ReasonMarketplaceNotReady),
		deleting(config("desk", nil), true), user("stays", nil))
	u.pass()
	if got := u.declared.Status.DeletionsHeld; got != 0 {
		t.Errorf("%d are held by a guard that is open", got)
	}
	u.declared.Status.Deletions = &v1alpha1.Deletions{DeletionAccount: v1alpha1.DeletionAccount{HeldAbove: new(int32(20))}}
	if err := u.kube.Status().Update(t.Context(), u.declared); err != nil {
		t.Fatal(err)
	}
	u.pass()
	want := []v1alpha1.ObjectCounts{
		{Kind: "BuyerUser", Total: 3, Failed: 2, Held: 2}, {Kind: "ImpersonationConfig", Total: 1, Held: 1}, {Kind: "ImpersonationToken"},
	}
	if diff := cmp.Diff(want, u.declared.Status.Objects); diff != "" || u.declared.Status.DeletionsHeld != 3 {
		t.Errorf("%d are held (-want +got)\n%s", u.declared.Status.DeletionsHeld, diff)
	}
}
