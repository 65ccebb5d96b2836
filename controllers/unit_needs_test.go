// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// deleting is an object whose deletion waits; a claimed one has something in OrderCloud.
func deleting[T client.Object](object T, claimed bool) T {
	object.SetFinalizers([]string{"shop.example/other"})
	if claimed {
		object.SetFinalizers([]string{v1alpha1.ClaimFinalizer})
	}
	object.SetDeletionTimestamp(new(metav1.Now()))
	object.SetUID(types.UID("uid-of-" + object.GetName()))
	if managed, ok := any(object).(lifecycle.Object); ok && claimed {
		_, status := managed.Managed()
		status.Claim = &v1alpha1.Claim{State: v1alpha1.ClaimHeld, UID: string(object.GetUID())}
	}
	return object
}

func TestWhatObjectsAskOfTheTokenIsSaidWithTheReason(t *testing.T) {
	const tail = " to the API client's default context user"
	observed := func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve }
	named := func(config *v1alpha1.ImpersonationConfig) { config.Spec.ClientName = "Storefront" }
	for name, test := range map[string]struct {
		objects []client.Object
		missing []string
		message string
	}{
		"nothing declared": {},
		"a user": {
			[]client.Object{user("jdoe", nil)}, []string{"BuyerUserAdmin"},
			"the token lacks BuyerUserAdmin, which BuyerUsers need: assign a security profile with it" + tail,
		},
		"a user that is only watched": {
			[]client.Object{user("jdoe", observed)}, []string{"BuyerUserReader"},
			"the token lacks BuyerUserReader, which BuyerUsers with managementPolicy Observe need: assign a security profile with it" + tail,
		},
		"a token and a config": {
			[]client.Object{token("jdoe", nil), config("desk", nil)}, []string{"BuyerImpersonation", "SetSecurityProfile"},
			"the token lacks BuyerImpersonation, which ImpersonationTokens need, and SetSecurityProfile, which ImpersonationConfigs need: " +
				"assign a security profile with them" + tail,
		},
		"everything": {
			[]client.Object{user("jdoe", nil), config("desk", named), token("jdoe", nil)},
			[]string{"ApiClientReader", "BuyerImpersonation", "BuyerUserAdmin", "SetSecurityProfile"},
			"the token lacks ApiClientReader, which objects with clientName need, BuyerImpersonation, which ImpersonationTokens need, " +
				"BuyerUserAdmin, which BuyerUsers need, and SetSecurityProfile, which ImpersonationConfigs need: assign a security profile with them" + tail,
		},
		"a token that names its application": {
			[]client.Object{token("jdoe", func(token *v1alpha1.ImpersonationToken) { token.Spec.ClientName = "Storefront" })},
			[]string{"ApiClientReader", "BuyerImpersonation"}, "",
		},
		"what is suspended asks nothing": {objects: []client.Object{
			user("jdoe", func(user *v1alpha1.BuyerUser) { user.Spec.Suspend = true }),
			config("desk", func(config *v1alpha1.ImpersonationConfig) { config.Spec.Suspend = true; named(config) }),
			token("jdoe", func(token *v1alpha1.ImpersonationToken) { token.Spec.Suspend = true }),
		}},
		"what is deleted and has nothing in OrderCloud, neither": {objects: []client.Object{
			deleting(user("jdoe", nil), false), deleting(config("desk", named), false), deleting(token("jdoe", nil), false),
		}},
		"what is deleted and kept in OrderCloud, neither": {objects: []client.Object{
			deleting(user("jdoe", func(user *v1alpha1.BuyerUser) { user.Spec.DeletionPolicy = v1alpha1.DeletionRetain }), true),
		}},
		"what is deleted and was only watched, neither": {objects: []client.Object{deleting(user("jdoe", observed), true)}},
		"what is deleted asks for the deletion, and not for its references": {
			[]client.Object{deleting(user("jdoe", nil), true), deleting(config("desk", named), true)},
			[]string{"BuyerUserAdmin", "SetSecurityProfile"}, "",
		},
		"what is deleted, though it is suspended": {
			[]client.Object{deleting(user("jdoe", func(user *v1alpha1.BuyerUser) { user.Spec.Suspend = true }), true)},
			[]string{"BuyerUserAdmin"}, "",
		},
		"what is deactivated asks for the right to write": {
			[]client.Object{deleting(user("jdoe", func(user *v1alpha1.BuyerUser) {
				user.Spec.DeletionPolicy = v1alpha1.DeletionDeactivate
			}), true)},
			[]string{"BuyerUserAdmin"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := beginUnit(t, func(seed *sandbox.Seed) {
				seed.Objects["securityprofiles/operator"]["Roles"] = []string{"AdminUserReader"}
			}, test.objects...)
			u.pass()
			if diff := cmp.Diff(test.missing, u.declared.Status.MissingRoles); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if len(test.missing) == 0 {
				u.expect(inSync)
				return
			}
			u.expect(map[string]string{"Ready": "False AccessDenied", "Synced": "False AccessDenied", "Stalled": "True AccessDenied"})
			if got := meta.FindStatusCondition(u.declared.Status.Conditions, "Synced").Message; test.message != "" && got != test.message {
				t.Errorf("says %q", got)
			}
		})
	}
}

func TestATokenWakesItsMarketplace(t *testing.T) {
	u := beginUnit(t, nil)
	got := u.reconciler.whoCounts(token("jdoe", func(token *v1alpha1.ImpersonationToken) { token.Spec.MarketplaceRef.Namespace = "central" }))
	if diff := cmp.Diff([]types.NamespacedName{{Namespace: "central", Name: "default"}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
