// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// tenantsUser is a user that another namespace declares, with the Marketplace's
// permission.
func (w *world) tenantsUser() *v1alpha1.BuyerUser {
	w.t.Helper()
	w.allow(v1alpha1.NamespacesAll)
	user := declaredUser()
	user.Namespace = "tenant"
	user.Spec.MarketplaceRef.Namespace = namespace
	w.declare(user)
	w.mustPass(user)
	w.expect(user, "Ready", "True Created")
	w.expect(user, "Synced", "True Created")
	w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
	w.forget()
	return user
}

// allow says from where the Marketplace may be referred to.
func (w *world) allow(from v1alpha1.NamespacesFrom) {
	w.t.Helper()
	declared := &v1alpha1.Marketplace{}
	declared.Namespace, declared.Name = namespace, "default"
	edit(w, declared, func(declared *v1alpha1.Marketplace) { declared.Spec.AllowedNamespaces.From = from })
}

func TestWhoMayNoLongerReferKeepsWhatThereIs(t *testing.T) {
	w := begin(t)
	user := w.tenantsUser()
	calls := w.box.Stats().Total
	w.allow(v1alpha1.NamespacesSame)
	w.mustPass(user)
	w.expect(user, "Ready", "True Created")
	w.expect(user, "Synced", "False NamespaceNotAllowed")
	w.expectWrites("patch status")
	if got := w.box.Stats().Total; got != calls {
		t.Errorf("OrderCloud was called %d times", got-calls)
	}
	if len(user.Finalizers) != 1 {
		t.Errorf("finalizers %v", user.Finalizers)
	}

	w.allow(v1alpha1.NamespacesAll)
	w.mustPass(user)
	w.expect(user, "Ready", "True Corrected")
	w.expect(user, "Synced", "True Corrected")
	w.expectField(userPath, "Email", user.Spec.Email)
}

func TestAPermissionThatIsLostDuringALookStopsTheWrite(t *testing.T) {
	w := begin(t)
	user := w.tenantsUser()
	w.looked = func() { w.allow(v1alpha1.NamespacesSame) }
	w.mustPass(user)
	w.expect(user, "Ready", "True Created")
	w.expect(user, "Synced", "False NamespaceNotAllowed")
	w.expectWrites("patch status")
	w.expectField(userPath, "Email", "theirs@x.example")
}
