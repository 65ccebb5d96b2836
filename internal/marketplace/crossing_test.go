// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

const crossingForbidden = "Marketplace shop/default is in another namespace, and the operator's flag --no-cross-namespace-refs forbids such references: " +
	`refer to a Marketplace of namespace "support", or declare the object in namespace "shop"`

func TestNoCrossNamespaceRefsForbidsWhatTheMarketplaceAllows(t *testing.T) {
	object := declared()
	object.Spec.AllowedNamespaces.From = v1alpha1.NamespacesAll
	w := begin(t, object, credentials())
	across := v1alpha1.MarketplaceReference{Name: "default", Namespace: "shop"}
	connection, err := w.registry.Connect(t.Context(), "support", across)
	if err != nil {
		t.Fatal("without the flag: ", err)
	}

	w.registry.ForbidCrossNamespace()
	w.secretsRead = 0
	_, connecting := w.registry.Connect(t.Context(), "support", across)
	if w.secretsRead != 0 {
		t.Error("the Secret was read for who may not refer")
	}
	_, writing := w.registry.CheckNow(t.Context(), "support", across, connection.Marketplace)
	for name, refused := range map[string]error{
		"a look":                         connecting,
		"the last moment before a write": writing,
		"the guard":                      w.registry.CheckNamespace(t.Context(), object, "support"),
	} {
		problem := failure.As(refused)
		if problem == nil || problem.Reason != v1alpha1.ReasonNamespaceNotAllowed || problem.Message != crossingForbidden || !problem.Stalled {
			t.Errorf("%s: got %+v", name, refused)
		}
	}
	if _, err := w.registry.Admission(t.Context(), object, "support"); !marketplace.IsNotAdmitted(err) {
		t.Errorf("it counts as admitted: %v", err)
	}
}

func TestNoCrossNamespaceRefsLeavesTheOwnNamespaceAlone(t *testing.T) {
	w := begin(t, declared(), credentials())
	w.registry.ForbidCrossNamespace()
	for _, reference := range []v1alpha1.MarketplaceReference{{}, {Name: "default"}, {Name: "default", Namespace: "shop"}} {
		connection, err := w.registry.Connect(t.Context(), "shop", reference)
		if err != nil {
			t.Fatalf("%+v: %v", reference, err)
		}
		if _, err := w.registry.CheckNow(t.Context(), "shop", reference, connection.Marketplace); err != nil {
			t.Errorf("%+v: %v", reference, err)
		}
	}
}
