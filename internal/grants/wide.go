// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants

import "github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"

// IsAnyBuyer says that a config lets users of any buyer be impersonated that can reach
// its API client: BuyerID is null [D].
func IsAnyBuyer(config ordercloud.ImpersonationConfig) bool { return isNull(config.BuyerID) }

// IsAnyAdmin says that a config lets any admin user impersonate who holds
// BuyerImpersonation: ImpersonationBuyerID, ImpersonationGroupID and
// ImpersonationUserID are null [I].
func IsAnyAdmin(config ordercloud.ImpersonationConfig) bool {
	return isNull(config.ImpersonationBuyerID) && isNull(config.ImpersonationGroupID) && isNull(config.ImpersonationUserID)
}
