// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// tenantOf is an entry for the namespaces of a team; without one it is for all.
func tenantOf(team string, maximum *int32) v1alpha1.Tenant {
	tenant := v1alpha1.Tenant{MaxDeletions: maximum}
	if team != "" {
		tenant.Namespaces.MatchLabels = map[string]string{"team": team}
	}
	return tenant
}

func chosen(operator metav1.LabelSelectorOperator, values ...string) v1alpha1.Tenant {
	return v1alpha1.Tenant{Namespaces: v1alpha1.NamespaceSelector{
		MatchExpressions: []v1alpha1.NamespaceRequirement{{Key: "team", Operator: operator, Values: values}},
	}}
}

func TestADeletionCountsForTheFirstEntryThatMatchesItsNamespace(t *testing.T) {
	const none = "no account"
	everybody := tenantOf("", nil)
	for name, test := range map[string]struct {
		tenants   []v1alpha1.Tenant
		namespace string
		labels    labels.Set
		want      string
		maximum   int32
		field     string
	}{
		"without tenants":            {nil, "team-a", nil, "", 7, "deletionGuard.maxDeletions"},
		"the owner's":                {[]v1alpha1.Tenant{everybody}, "shop", nil, "", 7, "deletionGuard.maxDeletions"},
		"no entry at all":            {[]v1alpha1.Tenant{}, "team-a", nil, none, 0, ""},
		"no entry at all, the owner": {[]v1alpha1.Tenant{}, "shop", nil, "", 7, "deletionGuard.maxDeletions"},
		"no entry that matches":      {[]v1alpha1.Tenant{tenantOf("b", nil)}, "team-a", labels.Set{"team": "a"}, none, 0, ""},
		"an entry for all":           {[]v1alpha1.Tenant{everybody}, "team-a", nil, "<none>", 7, "deletionGuard.maxDeletions"},
		"an entry with its own number": {
			[]v1alpha1.Tenant{tenantOf("b", nil), tenantOf("a", new(int32(2)))}, "team-a", labels.Set{"team": "a"}, "team=a", 2, "tenants[1].maxDeletions",
		},
		"one that holds none": {[]v1alpha1.Tenant{tenantOf("a", new(int32(0)))}, "team-a", labels.Set{"team": "a"}, "team=a", 0, "tenants[0].maxDeletions"},
		"two entries": {
			[]v1alpha1.Tenant{tenantOf("", new(int32(3))), tenantOf("a", new(int32(2)))}, "team-a", labels.Set{"team": "a"}, "<none>", 3, "tenants[0].maxDeletions",
		},
		"two entries with the same selector": {
			[]v1alpha1.Tenant{tenantOf("a", new(int32(3))), tenantOf("a", new(int32(2)))}, "team-a", labels.Set{"team": "a"}, "team=a", 3, "tenants[0].maxDeletions",
		},
		"an expression":             {[]v1alpha1.Tenant{chosen("NotIn", "b", "c")}, "team-a", labels.Set{"team": "a"}, "team notin (b,c)", 7, "deletionGuard.maxDeletions"},
		"a selector that is broken": {[]v1alpha1.Tenant{chosen("Near", "a"), everybody}, "team-a", labels.Set{"team": "a"}, "<none>", 7, "deletionGuard.maxDeletions"},
	} {
		t.Run(name, func(t *testing.T) {
			declared := marketplaceNamed("default", v1alpha1.DeletionGuard{MaxDeletions: new(int32(7))})
			declared.Spec.Tenants = test.tenants
			rules := arrangementOf(declared)
			got, ok := rules.accountOf(origin{test.namespace, test.labels})
			if !ok {
				got = none
			}
			if got != test.want {
				t.Fatalf("got %q, want %q", got, test.want)
			}
			if given := rules.limitsOf(got); ok && (given.maximum != test.maximum || given.field != test.field || given.window != defaultWindow) {
				t.Errorf("got %+v", given)
			}
		})
	}
}

// What a record says of the entries is all that is left of them after a change.
func TestAnArrangementIsReadBackFromTheRecord(t *testing.T) {
	declared := marketplaceNamed("default", v1alpha1.DeletionGuard{})
	declared.Spec.Tenants = []v1alpha1.Tenant{
		tenantOf("a", nil), chosen("In", "b", "", "c"), chosen("Exists"), chosen("Near"), chosen("DoesNotExist"), tenantOf("", nil), tenantOf("a", nil),
	}
	now := arrangementOf(declared)
	before := arrangementIn(v1alpha1.Deletions{Selectors: now.keys()}, "shop")
	for _, where := range []origin{
		{"shop", nil}, {"other", nil}, {"other", labels.Set{"team": "a"}}, {"other", labels.Set{"team": "c"}}, {"other", labels.Set{"team": ""}}, {"other", labels.Set{"team": "z"}},
	} {
		want, isOf := now.accountOf(where)
		if got, ok := before.accountOf(where); got != want || ok != isOf {
			t.Errorf("%v: got %q, want %q", where, got, want)
		}
	}
	if !strings.HasPrefix(strings.Join(before.keys(), "|"), "team=a|team in (,b,c)|team|!team|<none>") {
		t.Errorf("got %q", before.keys())
	}
}

func TestTenantsHaveEqualPlacesForDeletionsUnderWay(t *testing.T) {
	for number, want := range map[int]int{1: 1000, 3: 333, 100: 10} {
		declared := marketplaceNamed("default", v1alpha1.DeletionGuard{})
		declared.Spec.Tenants = make([]v1alpha1.Tenant, number)
		rules := arrangementOf(declared)
		if got := rules.limitsOf("<none>").underWay; got != want {
			t.Errorf("%d of %d tenants, want %d", got, number, want)
		}
		if rules.limitsOf(ownAccount).underWay != v1alpha1.MaxDeletionsUnderWay {
			t.Error("the owner has fewer")
		}
	}
}
