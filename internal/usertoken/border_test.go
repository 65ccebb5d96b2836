// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

func TestAnEntryForEverybodyMakesNoTenantsOfOneAnother(t *testing.T) {
	w := begin(t)
	w.share(asIs)
	w.shared.Spec.Tenants = append(w.shared.Spec.Tenants, v1alpha1.Tenant{
		Kinds: []v1alpha1.TenantKind{v1alpha1.TenantBuyerUser}, Buyers: []v1alpha1.TenantID{"public"},
	})
	w.connection.Tenancy = w.tenancyOf(namespace)
	w.declareGrant("another", asDeclared)
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "False NotPermitted")
	if w.issued() != 0 {
		t.Errorf("%d tokens were asked for", w.issued())
	}
}

func TestAGrantThatWasNeverWrittenGivesNoToken(t *testing.T) {
	w := begin(t)
	w.share(asIs)
	w.declareGrant(namespace, func(config *v1alpha1.ImpersonationConfig) {
		// It was written for another buyer, is now declared for this one, and never looked at again.
		config.Generation, config.Spec.Suspend = 2, true
	})
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "False NotPermitted")
	if w.issued() != 0 {
		t.Errorf("%d tokens were asked for", w.issued())
	}
}

func TestATokenInTheFormerSecretGoesWithThePermission(t *testing.T) {
	w := begin(t)
	w.share(asIs)
	w.declareGrant(owner, asDeclared)
	w.pass()
	w.declare(func(token *v1alpha1.ImpersonationToken) { token.Spec.SecretName = "walk-in-other" })
	w.share(func(entry *v1alpha1.Tenant) { entry.Buyers = nil })
	w.pass()
	w.expectNoTokenIn("walk-in-token")
}

func TestATokenGoesWithThePermissionWhateverElseIsWrong(t *testing.T) {
	for name, breaks := range map[string]func(*world){
		"the user that it refers to is gone": func(w *world) {
			w.declare(func(token *v1alpha1.ImpersonationToken) {
				token.Spec.BuyerID, token.Spec.UserID, token.Spec.UserRef = "", "", &v1alpha1.BuyerUserReference{Name: "gone"}
			})
		},
		"the application is gone": func(w *world) {
			w.declare(func(token *v1alpha1.ImpersonationToken) { token.Spec.ClientName = "Nowhere" })
		},
		"the credentials are refused": func(w *world) {
			w.problem = failure.New(v1alpha1.ReasonMarketplaceNotReady, "the Marketplace is not ready").Stall()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.share(asIs)
			w.declareGrant(owner, asDeclared)
			w.pass()
			breaks(w)
			w.share(func(entry *v1alpha1.Tenant) { entry.Buyers = []v1alpha1.TenantID{"globex"} })
			w.pass()
			w.expectNoTokenIn("walk-in-token")
		})
	}
}

func TestATokenThatIsBeingDeletedIsEmptiedAtOnce(t *testing.T) {
	w := begin(t)
	w.pass()
	w.declare(func(token *v1alpha1.ImpersonationToken) { token.Finalizers = []string{"example.org/waits"} })
	if err := w.kube.Delete(t.Context(), w.object()); err != nil {
		t.Fatal(err)
	}
	w.pass()
	w.expectNoTokenIn("walk-in-token")
}

func TestATokenTellsNothingAboutApplicationsThatATenantMayNotUse(t *testing.T) {
	w := begin(t, func(token *v1alpha1.ImpersonationToken) { token.Spec.ClientName = "Nowhere" })
	w.share(func(entry *v1alpha1.Tenant) { entry.Clients = []string{"Storefront"} })
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "False NotPermitted")
}

func (w *world) expectNoTokenIn(name string) {
	w.t.Helper()
	secret := &corev1.Secret{}
	err := w.kube.Get(w.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, secret)
	if client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	if len(secret.Data["token"]) > 0 {
		w.t.Errorf("Secret %s still holds the token", name)
	}
}
