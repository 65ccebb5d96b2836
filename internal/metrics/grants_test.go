// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGrantsAreCountedForEachMarketplace(t *testing.T) {
	SetUnmanagedConfigs("shop/grants", 3)
	SetUnmanagedConfigs("shop/grants", 2)
	SetWideGrants("shop/grants", 1, 0)
	SetUnmanagedConfigs("other/grants", 7)
	defer ForgetGrants("other/grants")
	want := []string{
		`ordercloud_unmanaged_impersonation_configs{marketplace=shop/grants} 2`,
		`ordercloud_wide_grants{kind=any_admin,marketplace=shop/grants} 0`,
		`ordercloud_wide_grants{kind=any_buyer,marketplace=shop/grants} 1`,
	}
	if diff := cmp.Diff(want, gather(t, "shop/grants")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	ForgetGrants("shop/grants")
	if got := gather(t, "shop/grants"); len(got) != 0 {
		t.Errorf("are still counted: %s", got)
	}
	if got := gather(t, "other/grants"); len(got) != 1 {
		t.Errorf("another Marketplace has %s", got)
	}
}

func TestGrantsOfAMarketplaceThatIsGoneAreForgotten(t *testing.T) {
	SetUnmanagedConfigs("gone/grants", 3)
	SetWideGrants("gone/grants", 1, 1)
	For("gone/grants").Forget()
	if got := gather(t, "gone/grants"); len(got) != 0 {
		t.Errorf("are still counted: %s", got)
	}
}
