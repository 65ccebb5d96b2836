// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Kinds of wide grants.
const (
	kindAnyBuyer = "any_buyer"
	kindAnyAdmin = "any_admin"
)

var (
	unmanagedConfigs = newGauge("ordercloud_unmanaged_impersonation_configs",
		"Impersonation configs that OrderCloud holds and no object declares, as of the latest look at all of them.", labelMarketplace)
	wideGrants = newGauge("ordercloud_wide_grants",
		"Impersonation configs, declared or not, over users of any buyer (any_buyer) and to any admin user with BuyerImpersonation (any_admin).",
		labelMarketplace, labelKind)
)

// SetUnmanagedConfigs records how many impersonation configs of a Marketplace, given
// as NAMESPACE/NAME, no object declares.
func SetUnmanagedConfigs(marketplace string, count int) {
	unmanagedConfigs.WithLabelValues(marketplace).Set(float64(count))
}

// SetWideGrants records how many impersonation configs of a Marketplace, given as
// NAMESPACE/NAME, are over any buyer and how many to any admin user.
func SetWideGrants(marketplace string, anyBuyer, anyAdmin int) {
	wideGrants.WithLabelValues(marketplace, kindAnyBuyer).Set(float64(anyBuyer))
	wideGrants.WithLabelValues(marketplace, kindAnyAdmin).Set(float64(anyAdmin))
}

// ForgetGrants removes what was recorded of the impersonation configs of a Marketplace,
// given as NAMESPACE/NAME: nobody looks at them any more.
func ForgetGrants(marketplace string) {
	match := prometheus.Labels{labelMarketplace: marketplace}
	unmanagedConfigs.DeletePartialMatch(match)
	wideGrants.DeletePartialMatch(match)
}
