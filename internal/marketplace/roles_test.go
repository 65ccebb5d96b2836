// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

func TestMissingRolesAreNamedByTheFewestRights(t *testing.T) {
	everything := marketplace.Needs{WriteUsers: true, ReadUsers: true, Configs: true, ClientNames: true, Tokens: true}
	for name, test := range map[string]struct {
		needs marketplace.Needs
		held  []string
		want  []string
	}{
		"nothing declared":                          {},
		"nothing declared, something held":          {held: []string{"Shopper"}},
		"everything declared, nothing held":         {everything, nil, []string{"ApiClientReader", "BuyerImpersonation", "BuyerUserAdmin", "SetSecurityProfile"}},
		"everything declared, full access":          {everything, []string{"FullAccess"}, nil},
		"everything declared, the least":            {everything, []string{"ApiClientReader", "BuyerImpersonation", "BuyerUserAdmin", "SetSecurityProfile"}, nil},
		"to write users takes more than to read":    {marketplace.Needs{WriteUsers: true}, []string{"BuyerUserReader"}, []string{"BuyerUserAdmin"}},
		"to read users":                             {marketplace.Needs{ReadUsers: true}, nil, []string{"BuyerUserReader"}},
		"to read users, who may write them":         {marketplace.Needs{ReadUsers: true}, []string{"BuyerUserAdmin"}, nil},
		"to read and write users is one role":       {marketplace.Needs{ReadUsers: true, WriteUsers: true}, nil, []string{"BuyerUserAdmin"}},
		"to look at configs takes the right to set": {marketplace.Needs{Configs: true}, []string{"SecurityProfileReader"}, []string{"SetSecurityProfile"}},
		"to find an application":                    {marketplace.Needs{ClientNames: true}, nil, []string{"ApiClientReader"}},
		"to find an application, who may write":     {marketplace.Needs{ClientNames: true}, []string{"ApiClientAdmin"}, nil},
		"to get tokens of users":                    {marketplace.Needs{Tokens: true}, []string{"BuyerUserAdmin"}, []string{"BuyerImpersonation"}},
		"letter case counts":                        {marketplace.Needs{Configs: true}, []string{"setsecurityprofile", "fullaccess"}, []string{"SetSecurityProfile"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, marketplace.MissingRoles(test.needs, test.held), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestMissingRolesAreExplainedInOneSentence(t *testing.T) {
	for name, test := range map[string]struct {
		needs marketplace.Needs
		want  string
	}{
		"none": {},
		"one":  {marketplace.Needs{Tokens: true}, "BuyerImpersonation, which ImpersonationTokens need"},
		"two": {
			marketplace.Needs{Tokens: true, Configs: true},
			"BuyerImpersonation, which ImpersonationTokens need, and SetSecurityProfile, which ImpersonationConfigs need",
		},
		"three": {
			marketplace.Needs{Tokens: true, Configs: true, ReadUsers: true},
			"BuyerImpersonation, which ImpersonationTokens need, " +
				"BuyerUserReader, which BuyerUsers with managementPolicy Observe need, and SetSecurityProfile, which ImpersonationConfigs need",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := marketplace.Explain(marketplace.Missing(test.needs, nil)); got != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestWhoMayListConfigsIsKnown(t *testing.T) {
	for role, want := range map[string]bool{"FullAccess": true, "SetSecurityProfile": true, "SecurityProfileReader": false, "SecurityProfileAdmin": false} {
		if got := marketplace.MayListConfigs([]string{"Shopper", role}); got != want {
			t.Errorf("%s: %v", role, got)
		}
	}
}
