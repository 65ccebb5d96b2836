// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// draws makes entries and declarations of few words, so that they meet.
type draws struct{ *rand.Rand }

func (d draws) word() string {
	return []string{"acme", "globex", "desk", "shopper", "*", ""}[d.IntN(6)]
}

func (d draws) ids() []v1alpha1.TenantID { return words[v1alpha1.TenantID](d) }

func words[T ~string](d draws) []T {
	var list []T
	for range d.IntN(3) {
		if word := d.word(); word != "" && !slices.Contains(list, T(word)) {
			list = append(list, T(word))
		}
	}
	return list
}

func (d draws) flag() *bool {
	switch d.IntN(3) {
	case 0:
		return nil
	case 1:
		return new(true)
	default:
		return new(false)
	}
}

// tenant is an entry for the team.
func (d draws) tenant(team string) v1alpha1.Tenant {
	entry := v1alpha1.Tenant{
		Namespaces: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{"team": team}},
		Buyers:     d.ids(), SecurityProfiles: d.ids(), TokenRoles: words[v1alpha1.TenantRole](d), AnyBuyer: d.flag(),
		Impersonators: v1alpha1.TenantImpersonators{Buyers: d.ids(), AdminGroups: d.ids(), AdminUsers: d.ids(), AnyAdmin: d.flag()},
	}
	for _, kind := range kinds {
		if d.IntN(3) > 0 {
			entry.Kinds = append(entry.Kinds, kind)
		}
	}
	if d.IntN(2) == 0 {
		entry.Clients = append([]string{}, words[string](d)...)
	}
	return entry
}

var kinds = []v1alpha1.TenantKind{v1alpha1.TenantBuyerUser, v1alpha1.TenantImpersonationConfig, v1alpha1.TenantImpersonationToken}

func (d draws) declaration() tenant.Declaration {
	return tenant.Declaration{
		Kind: kinds[d.IntN(len(kinds))], BuyerID: d.word(), SecurityProfileID: d.word(),
		Impersonator: tenant.Impersonator{BuyerID: d.word(), GroupID: d.word(), UserID: d.word()},
		Application:  tenant.Application{ID: d.word(), Names: words[string](d)},
		Roles:        words[string](d), Unresolved: d.IntN(8) == 0,
	}
}

// FuzzTenantsAreBorders draws tenants and declarations. No declaration that a tenant cannot
// make by itself becomes possible by entries for others; none that it can becomes
// impossible by them; and no two entries for it together allow what none of them allows.
func FuzzTenantsAreBorders(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		d := draws{rand.New(rand.NewPCG(seed, 0))}
		declared := &v1alpha1.Marketplace{}
		declared.Namespace, declared.Name = "shop", "default"
		own := []v1alpha1.Tenant{}
		for range d.IntN(3) {
			own = append(own, d.tenant("b"))
		}
		all := slices.Clone(own)
		for number := range d.IntN(4) {
			all = slices.Insert(all, d.IntN(len(all)+1), d.tenant("other-"+strconv.Itoa(number)))
		}
		for range 50 {
			declaration := d.declaration()
			alone := permits(declared, own, declaration)
			if among := permits(declared, all, declaration); among != alone {
				t.Fatalf("alone %v, with entries for others %v: %+v\n%+v", alone, among, declaration, all)
			}
			byOne := slices.ContainsFunc(own, func(entry v1alpha1.Tenant) bool {
				return permits(declared, []v1alpha1.Tenant{entry}, declaration)
			})
			if byOne != alone {
				t.Fatalf("one entry allows it: %v, all together: %v: %+v\n%+v", byOne, alone, declaration, own)
			}
			if permits(declared, []v1alpha1.Tenant{}, declaration) {
				t.Fatalf("no entry allows %+v", declaration)
			}
		}
	})
}

func permits(declared *v1alpha1.Marketplace, entries []v1alpha1.Tenant, declaration tenant.Declaration) bool {
	declared.Spec.Tenants = entries
	return tenant.Of(declared, "team-b", labels.Set{"team": "b"}).Permit(declaration) == nil
}
