// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// use gives the Marketplace's Secret the credentials of a marketplace.
func (u *unit) use(box *sandbox.Sandbox) {
	u.t.Helper()
	clientID, clientSecret := box.Credentials()
	held := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "ordercloud"}}
	u.edit(held, func() {
		held.Data["clientID"], held.Data["clientSecret"] = []byte(clientID), []byte(clientSecret)
	})
}

// nameSeller declares the seller of the Marketplace.
func (u *unit) nameSeller(id string) {
	u.t.Helper()
	u.edit(u.declared, func() {
		u.declared.Spec.SellerID = id
		u.declared.Generation++
	})
}

func TestTheCheckOfAMarketplaceAndItsObjectsShareOneProof(t *testing.T) {
	u := beginUnit(t, nil)
	expect := func(when string, want int) {
		t.Helper()
		if got := u.box.Stats().Calls["GET /v1/me"]; got != want {
			t.Errorf("%s: asked %d times, want %d", when, got, want)
		}
	}
	connect := func() {
		t.Helper()
		if _, err := u.reconciler.registry.Connect(t.Context(), "shop", v1alpha1.MarketplaceReference{}); err != nil {
			t.Fatal(err)
		}
	}
	connect()
	expect("an object that comes first", 1)
	u.pass()
	expect("the first check", 1)
	if u.declared.Status.SellerID != "sandbox-marketplace" {
		t.Errorf("seller %q", u.declared.Status.SellerID)
	}
	want := &v1alpha1.MarketplaceUser{ID: "operator", Username: "operator@shop.example"}
	if diff := cmp.Diff(want, u.declared.Status.User); diff != "" {
		t.Errorf("user (-want +got)\n%s", diff)
	}
	u.clock.Step(10 * time.Minute)
	connect()
	expect("an object at the interval", 1)
	u.pass()
	expect("the check at the interval", 2)
	u.start()
	connect()
	connect()
	u.pass()
	expect("after a restart", 3)
}

func TestAMarketplaceStaysWithItsSellerUntilAnotherIsDeclared(t *testing.T) {
	u := beginUnit(t, nil)
	u.pass()
	refused := map[string]string{"Ready": "False SellerChanged", "Synced": "False SellerChanged", "Stalled": "True SellerChanged"}
	u.use(u.another)
	if result := u.pass(); result.RequeueAfter != time.Minute {
		t.Errorf("looks again after %s", result.RequeueAfter)
	}
	u.expect(refused)
	if told := u.told(); len(told) != 1 || !strings.HasPrefix(told[0], "Warning SellerChanged ") {
		t.Errorf("told %v", told)
	}
	u.start() // the status remembers
	u.pass()
	u.expect(refused)
	if u.declared.Status.SellerID != "sandbox-marketplace" || u.declared.Status.User.Username != "operator@shop.example" {
		t.Errorf("status %+v", u.declared.Status)
	}
	u.nameSeller("another-seller")
	u.pass()
	u.expect(inSync)
	if u.declared.Status.SellerID != "another-seller" {
		t.Errorf("seller %q", u.declared.Status.SellerID)
	}
	u.use(u.box)
	u.pass()
	u.expect(refused)
}

func TestTheGrantsOfTheFormerSellerAreNotShown(t *testing.T) {
	u := beginReporting(t, holding("desk"))
	err := u.another.Mutate(sandbox.Mutation{Method: http.MethodDelete, Path: "impersonationconfig/desk"})
	if err != nil {
		t.Fatal(err)
	}
	u.lookAround()
	u.expectUnmanaged("desk")
	u.told()
	u.use(u.another)
	u.nameSeller("another-seller")
	u.pass()
	if u.declared.Status.UnmanagedImpersonationConfigs != nil || u.declared.Status.WideGrants != nil {
		t.Errorf("shows %+v", u.declared.Status)
	}
	u.list()
	u.pass()
	u.expectUnmanaged()
	u.expectTold()
}
