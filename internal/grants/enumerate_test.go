// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/grants"
)

// grantsOfTheShop are configs of which several apply to the same users.
func grantsOfTheShop(t *testing.T) *grants.Rule {
	t.Helper()
	return grants.NewRule(shop(configs(t,
		"desk: ImpersonationGroupID=desk BuyerID=acme",
		"jane: ImpersonationUserID=jane BuyerID=acme UserID=jdoe SecurityProfileID=shopper",
		"leads: ImpersonationBuyerID=acme ImpersonationGroupID=leads BuyerID=acme GroupID=purchasers",
		"mates: ImpersonationBuyerID=globex BuyerID=globex SecurityProfileID=empty",
		"none: BuyerID=globex UserID=gil SecurityProfileID=empty",
		"portal: ClientID="+portal,
		"retired: ClientID="+retired,
	)...))
}

func TestWhoCanActAsAUser(t *testing.T) {
	for sentence, test := range map[string]struct {
		user, client string
		want         []string
	}{
		"by several configs, each impersonator once": {"acme/jdoe", storefront, []string{
			"admin jane as acme/jdoe in B1: jane [MeAdmin Shopper]",
			"acme/asmith as acme/jdoe in B1: leads [Desk OrderReader Shopper]",
		}},
		"in another application, all admin users with the role": {"acme/jdoe", strings.ToLower(portal), []string{
			"admin jane as acme/jdoe in B2: portal [Desk OrderReader Shopper]",
			"admin jdoe as acme/jdoe in B2: portal [Desk OrderReader Shopper]",
			"admin root as acme/jdoe in B2: portal [Desk OrderReader Shopper]",
		}},
		"only by configs without roles":          {"globex/gil", storefront, nil},
		"in an application that it cannot reach": {"globex/gil", portal, nil},
		"in one that is not active":              {"acme/jdoe", retired, nil},
		"in one that is not there":               {"acme/jdoe", unknown, nil},
		"a user who is not there":                {"acme/nobody", storefront, nil},
		"an admin user":                          {"jdoe", storefront, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := listed(grantsOfTheShop(t).WhoCan(user(test.user), test.client))
			if diff := cmp.Diff(append([]string{}, test.want...), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAsWhomAUserCanAct(t *testing.T) {
	for sentence, test := range map[string]struct {
		impersonator string
		want         []string
	}{
		"in two applications, each user by the config that decides": {"jane", []string{
			"admin jane as acme/asmith in B1: desk [Desk OrderReader Shopper]",
			"admin jane as acme/jdoe in B1: jane [MeAdmin Shopper]",
			"admin jane as acme/left in B1: desk [Desk OrderReader Shopper]",
			"admin jane as acme/asmith in B2: portal [Desk OrderReader Shopper]",
			"admin jane as acme/jdoe in B2: portal [Desk OrderReader Shopper]",
			"admin jane as acme/left in B2: portal [Desk OrderReader Shopper]",
		}},
		"a member of a buyer's group": {"acme/asmith", []string{
			"acme/asmith as acme/jdoe in B1: leads [Desk OrderReader Shopper]",
		}},
		"by a config without roles":  {"globex/gil", nil},
		"without BuyerImpersonation": {"olga", nil},
		"who is not active":          {"left", nil},
		"who is not there":           {"nobody", nil},
		"whom no config lets at all": {"closed/ian", nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := listed(grantsOfTheShop(t).WhomCan(user(test.impersonator)))
			if diff := cmp.Diff(append([]string{}, test.want...), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// OrderCloud refuses such a config [I]; should one come, lists and decisions agree.
func TestAGroupAndAUserTogetherNameNobodyInLists(t *testing.T) {
	rule := grants.NewRule(shop(configs(t,
		"a: ImpersonationGroupID=desk ImpersonationUserID=jane",
		"b: ImpersonationUserID=root BuyerID=acme GroupID=purchasers UserID=jdoe",
	)...))
	if found := listed(slices.Collect(rule.All())); len(found) > 0 {
		t.Errorf("got %q", found)
	}
	if found := listed(rule.WhoCan(user("acme/jdoe"), storefront)); len(found) > 0 {
		t.Errorf("got %q", found)
	}
}

func TestAllAreTheGrantsOfEachImpersonator(t *testing.T) {
	rule := grantsOfTheShop(t)
	var want []string
	for _, impersonator := range []string{"jane", "jdoe", "root", "acme/asmith"} {
		want = append(want, listed(rule.WhomCan(user(impersonator)))...)
	}
	if diff := cmp.Diff(want, listed(slices.Collect(rule.All()))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for range rule.All() {
		break // must not be asked for more
	}
}
