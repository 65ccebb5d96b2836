// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// referred is a BuyerUser that a config refers to.
func referred(name string, ready bool) *v1alpha1.BuyerUser {
	user := declaredUser()
	user.Name = name
	if ready {
		user.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ReadyCondition, Status: metav1.ConditionTrue}}
	}
	return user
}

func ref(name string) *v1alpha1.BuyerUserReference { return &v1alpha1.BuyerUserReference{Name: name} }

func TestReferencesStandForIDs(t *testing.T) {
	for name, test := range map[string]struct {
		spec                 v1alpha1.ImpersonationConfigSpec
		resolved             v1alpha1.ResolvedReferences
		impersonator, target string
		sent                 map[string]string
	}{
		"admins for any buyer": {
			impersonator: "admins", target: "any buyer",
		},
		"an admin group for a buyer": {
			spec:         v1alpha1.ImpersonationConfigSpec{ImpersonationGroupID: "customer-service", BuyerID: "acme"},
			resolved:     v1alpha1.ResolvedReferences{BuyerID: "acme"},
			impersonator: "admin group customer-service", target: "acme",
			sent: map[string]string{"ImpersonationGroupID": "customer-service", "BuyerID": "acme"},
		},
		"an admin for a group": {
			spec:         v1alpha1.ImpersonationConfigSpec{ImpersonationUserID: "jane", BuyerID: "acme", GroupID: "purchasers"},
			resolved:     v1alpha1.ResolvedReferences{ImpersonationUserID: "jane", BuyerID: "acme"},
			impersonator: "admin jane", target: "acme/group purchasers",
			sent: map[string]string{"ImpersonationUserID": "jane", "BuyerID": "acme", "GroupID": "purchasers"},
		},
		"a buyer's group for a user": {
			spec: v1alpha1.ImpersonationConfigSpec{
				ImpersonationBuyerID: "acme", ImpersonationGroupID: "purchasers", BuyerID: "acme", UserID: "walk-in",
			},
			resolved:     v1alpha1.ResolvedReferences{ImpersonationBuyerID: "acme", BuyerID: "acme", UserID: "walk-in"},
			impersonator: "acme/group purchasers", target: "acme/walk-in",
			sent: map[string]string{"ImpersonationBuyerID": "acme", "ImpersonationGroupID": "purchasers", "BuyerID": "acme", "UserID": "walk-in"},
		},
		"a whole buyer": {
			spec:         v1alpha1.ImpersonationConfigSpec{ImpersonationBuyerID: "globex"},
			resolved:     v1alpha1.ResolvedReferences{ImpersonationBuyerID: "globex"},
			impersonator: "globex", target: "any buyer",
			sent: map[string]string{"ImpersonationBuyerID": "globex"},
		},
		"references to users on both sides": {
			spec:         v1alpha1.ImpersonationConfigSpec{ImpersonationUserRef: ref("walk-in"), UserRef: ref("jdoe")},
			resolved:     v1alpha1.ResolvedReferences{ImpersonationBuyerID: "acme", ImpersonationUserID: "walk-in", BuyerID: "acme", UserID: "jdoe"},
			impersonator: "acme/walk-in", target: "acme/jdoe",
			sent: map[string]string{"ImpersonationBuyerID": "acme", "ImpersonationUserID": "walk-in", "BuyerID": "acme", "UserID": "jdoe"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, referred("jdoe", true), referred("walk-in", true))
			w.mutate(http.MethodPost, "buyers/acme/users", inOrderCloud(nil))
			config := declaredConfig()
			config.Spec = test.spec
			config.Spec.SecurityProfileID, config.Spec.ClientName = "cs-rep", "Storefront"
			bound := w.bindConfig(config)
			if seen, err := w.look(bound, false); err != nil || seen.Exists {
				t.Fatalf("got %+v, %v", seen, err)
			}
			created, err := bound.Create(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			expectDifferences(t, created)
			test.resolved.ClientID, test.resolved.ClientName = strings.ToLower(storefrontID), "Storefront"
			if diff := cmp.Diff(&test.resolved, config.Status.Resolved); diff != "" {
				t.Errorf("resolved (-want +got)\n%s", diff)
			}
			if config.Status.Impersonator != test.impersonator || config.Status.Target != test.target {
				t.Errorf("%q may impersonate %q", config.Status.Impersonator, config.Status.Target)
			}
			stored, _ := w.box.Object("impersonationconfig/desk")
			for _, field := range []string{
				"ImpersonationBuyerID", "ImpersonationGroupID", "ImpersonationUserID", "BuyerID", "GroupID", "UserID",
			} {
				var want any
				if id, sent := test.sent[field]; sent {
					want = id
				}
				if diff := cmp.Diff(want, stored[field]); diff != "" {
					t.Errorf("%s (-want +got)\n%s", field, diff)
				}
			}
		})
	}
}

func TestAReferenceThatCannotBeFollowedIsExplained(t *testing.T) {
	elsewhere := referred("elsewhere", true)
	elsewhere.Spec.MarketplaceRef.Name = "other"
	for name, test := range map[string]struct {
		reference       string
		claimed         bool
		reason, message string
		stalled         bool
	}{
		"no such BuyerUser": {
			"nobody", false, v1alpha1.ReasonReferenceNotFound, "BuyerUser shop/nobody does not exist: create it, or name another one", false,
		},
		"no such BuyerUser any more": {
			"nobody", true, v1alpha1.ReasonReferenceNotFound, "BuyerUser shop/nobody does not exist: create it, or name another one", false,
		},
		"not Ready yet": {
			"waiting", false, v1alpha1.ReasonReferenceNotReady, "waiting for BuyerUser shop/waiting to be Ready", false,
		},
		"of another Marketplace": {
			"elsewhere", false, v1alpha1.ReasonReferenceNotFound,
			"BuyerUser shop/elsewhere belongs to another Marketplace than shop/default: refer to a user of the same one", true,
		},
	} {
		for side, set := range map[string]func(*v1alpha1.ImpersonationConfigSpec){
			"impersonator": func(spec *v1alpha1.ImpersonationConfigSpec) { spec.ImpersonationUserRef = ref(test.reference) },
			"impersonated": func(spec *v1alpha1.ImpersonationConfigSpec) { spec.UserRef = ref(test.reference) },
		} {
			t.Run(name+", "+side, func(t *testing.T) {
				w := begin(t, referred("waiting", false), elsewhere)
				config := declaredConfig()
				config.Spec = v1alpha1.ImpersonationConfigSpec{SecurityProfileID: "cs-rep", ClientID: storefrontID}
				set(&config.Spec)
				_, err := w.look(w.bindConfig(config), test.claimed)
				w.expectFailure(err, test.reason, test.message)
				problem := failure.As(err)
				if problem.Stalled != test.stalled || problem.Retry != failure.AtInterval {
					t.Errorf("stalled %v, retry %v", problem.Stalled, problem.Retry)
				}
				if total := w.box.Stats().Total; total != 0 {
					t.Errorf("%d calls", total)
				}
			})
		}
	}
}

func TestAUserInTroubleDoesNotStopTheComparisonOfAGrant(t *testing.T) {
	w := begin(t, referred("walk-in", false))
	config := declaredConfig()
	config.Spec = v1alpha1.ImpersonationConfigSpec{UserRef: ref("walk-in"), SecurityProfileID: "cs-rep", ClientID: storefrontID}
	w.mutate(http.MethodPost, "impersonationconfig", map[string]any{
		"ID": "desk", "BuyerID": "acme", "SecurityProfileID": "cs-rep", "ClientID": storefrontID,
	})
	seen, err := w.look(w.bindConfig(config), true)
	if err != nil {
		t.Fatal(err)
	}
	expectDifferences(t, seen, "UserID")
}

func TestAnApplicationIsFoundByItsExactName(t *testing.T) {
	for name, test := range map[string]struct {
		setup   func(*world)
		named   string
		id      string
		message string
		retry   failure.Retry
	}{
		"one":     {named: "Storefront", id: storefrontID},
		"another": {named: "ordercloud-operator", id: operatorID},
		"none": {
			named: "Shop", retry: failure.Backoff,
			message: `no API client in URL is named "Shop": correct clientName, or create the application`,
		},
		"one that a wildcard would find": {
			named: "Store*", retry: failure.Backoff,
			message: `no API client in URL is named "Store*": correct clientName, or create the application`,
		},
		"one in another letter case": {
			named: "STOREFRONT", retry: failure.Backoff,
			message: `no API client in URL is named "STOREFRONT": correct clientName, or create the application`,
		},
		"two": {
			setup: func(w *world) {
				w.mutate(http.MethodPost, "apiclients", map[string]any{"AppName": "Storefront", "Active": true, "AccessTokenDuration": 60})
			},
			named: "Storefront", retry: failure.AtInterval,
			message: `2 API clients in URL are named "Storefront": give clientID instead, or rename the others`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			if test.setup != nil {
				test.setup(w)
			}
			config := declaredConfig()
			config.Spec.ClientID, config.Spec.ClientName = "", test.named
			_, err := w.look(w.bindConfig(config), false)
			if test.message != "" {
				w.expectFailure(err, v1alpha1.ReasonReferenceNotFound, test.message)
				if problem := failure.As(err); !problem.Stalled || problem.Retry != test.retry {
					t.Errorf("stalled %v, retry %v", problem.Stalled, problem.Retry)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := config.Status.Resolved.ClientID; !strings.EqualFold(got, test.id) {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestAReferenceThatStandsForSomethingElseIsNoDrift(t *testing.T) {
	w := begin(t, referred("jdoe", true))
	w.mutate(http.MethodPost, "buyers/acme/users", inOrderCloud(nil))
	config := declaredConfig()
	config.Spec = v1alpha1.ImpersonationConfigSpec{UserRef: ref("jdoe"), SecurityProfileID: "cs-rep", ClientID: storefrontID}
	bound := w.bindConfig(config)
	w.observe(bound)
	if _, err := bound.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if seen := w.observe(bound); seen.Redeclared || !seen.InSync() {
		t.Fatalf("got %+v", seen)
	}
	other := referred("jdoe", true)
	if err := w.kube.Get(t.Context(), client.ObjectKeyFromObject(other), other); err != nil {
		t.Fatal(err)
	}
	other.Spec.UserID = "walk-in"
	if err := w.kube.Update(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	seen := w.observe(bound)
	expectDifferences(t, seen, "UserID")
	if !seen.Redeclared {
		t.Error("told as drift")
	}
}
