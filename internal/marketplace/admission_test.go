// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

func TestAMarketplaceDecidesWhichNamespacesRefer(t *testing.T) {
	team := &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}}
	for name, test := range map[string]struct {
		allowed v1alpha1.AllowedNamespaces
		from    string
		want    string
	}{
		"its own, by default":            {v1alpha1.AllowedNamespaces{}, "shop", ""},
		"its own, though no label":       {v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSelector, Selector: team}, "shop", ""},
		"another, by default":            {v1alpha1.AllowedNamespaces{}, "labelled", v1alpha1.ReasonNamespaceNotAllowed},
		"another, Same":                  {v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSame}, "labelled", v1alpha1.ReasonNamespaceNotAllowed},
		"another, All":                   {v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll}, "plain", ""},
		"another that matches":           {v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSelector, Selector: team}, "labelled", ""},
		"another that does not match":    {v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSelector, Selector: team}, "plain", v1alpha1.ReasonNamespaceNotAllowed},
		"a selector of every namespace":  {v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{}}, "plain", ""},
		"no selector lets nobody in":     {v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSelector}, "labelled", v1alpha1.ReasonNamespaceNotAllowed},
		"what is not known is forbidden": {v1alpha1.AllowedNamespaces{From: "Some"}, "labelled", v1alpha1.ReasonNamespaceNotAllowed},
		"a selector that is none": {
			v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{
				MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: "Resembles"}},
			}}, "labelled", v1alpha1.ReasonNamespaceNotAllowed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			object := declared()
			object.Spec.AllowedNamespaces = test.allowed
			w := begin(t, object, credentials(),
				&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "labelled", Labels: map[string]string{"team": "shop"}}},
				&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "plain"}})
			_, err := w.registry.Connect(t.Context(), test.from, v1alpha1.MarketplaceReference{Name: "default", Namespace: "shop"})
			got := ""
			if problem := failure.As(err); problem != nil {
				got = problem.Reason
			} else if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if test.want != "" && w.secretsRead != 0 {
				t.Error("the Secret was read for who may not refer")
			}
		})
	}
}

func TestANamespaceThatCannotBeReadIsNotLetIn(t *testing.T) {
	w := begin(t, selecting(map[string]string{"team": "shop"}), credentials())
	connection, err := w.registry.Connect(t.Context(), "vanished", v1alpha1.MarketplaceReference{Namespace: "shop"})
	if connection == nil || connection.Client != nil || err == nil {
		t.Errorf("got %v, %v", connection, err)
	}
}
