// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

func TestMissingRolesAreNamedByTheFewestRights(t *testing.T) {
	everything := marketplace.Needs{WriteUsers: true, ReadUsers: true, Configs: true, ClientNames: true}
	for name, test := range map[string]struct {
		needs marketplace.Needs
		held  []string
		want  []string
	}{
		"nothing declared":                          {},
		"nothing declared, something held":          {held: []string{"Shopper"}},
		"everything declared, nothing held":         {everything, nil, []string{"ApiClientReader", "BuyerUserAdmin", "SetSecurityProfile"}},
		"everything declared, full access":          {everything, []string{"FullAccess"}, nil},
		"everything declared, the least":            {everything, []string{"ApiClientReader", "BuyerUserAdmin", "SetSecurityProfile"}, nil},
		"to write users takes more than to read":    {marketplace.Needs{WriteUsers: true}, []string{"BuyerUserReader"}, []string{"BuyerUserAdmin"}},
		"to read users":                             {marketplace.Needs{ReadUsers: true}, nil, []string{"BuyerUserReader"}},
		"to read users, who may write them":         {marketplace.Needs{ReadUsers: true}, []string{"BuyerUserAdmin"}, nil},
		"to read and write users is one role":       {marketplace.Needs{ReadUsers: true, WriteUsers: true}, nil, []string{"BuyerUserAdmin"}},
		"to look at configs takes the right to set": {marketplace.Needs{Configs: true}, []string{"SecurityProfileReader"}, []string{"SetSecurityProfile"}},
		"to find an application":                    {marketplace.Needs{ClientNames: true}, nil, []string{"ApiClientReader"}},
		"to find an application, who may write":     {marketplace.Needs{ClientNames: true}, []string{"ApiClientAdmin"}, nil},
		"letter case counts":                        {marketplace.Needs{Configs: true}, []string{"setsecurityprofile", "fullaccess"}, []string{"SetSecurityProfile"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, marketplace.MissingRoles(test.needs, test.held), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEveryRoleThatCanBeMissingIsAskedFor(t *testing.T) {
	asked := marketplace.RolesAskedFor()
	needs := marketplace.Needs{WriteUsers: true, ReadUsers: true, Configs: true, ClientNames: true}
	for _, role := range append(marketplace.MissingRoles(needs, nil), marketplace.RoleBuyerUserReader, marketplace.RoleFullAccess) {
		if !slices.Contains(asked, role) {
			t.Errorf("%s is never asked for", role)
		}
	}
}
