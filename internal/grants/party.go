// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants

import "github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"

// party is one side of a config: one user, the members of a group, or all users of a
// company. Without any field it is all admin users where it impersonates, and the users
// of any buyer where it is impersonated.
type party struct{ buyerID, groupID, userID string }

// everyone is the party without any field.
var everyone party

// impersonatorsOf is the party that a config lets impersonate [I].
func impersonatorsOf(config ordercloud.ImpersonationConfig) party {
	return party{
		buyerID: named(config.ImpersonationBuyerID),
		groupID: named(config.ImpersonationGroupID),
		userID:  named(config.ImpersonationUserID),
	}
}

// impersonatedBy is the party that a config lets be impersonated: GroupID and UserID
// resolve inside BuyerID [D].
func impersonatedBy(config ordercloud.ImpersonationConfig) party {
	if IsAnyBuyer(config) {
		return everyone
	}
	return party{buyerID: named(config.BuyerID), groupID: named(config.GroupID), userID: named(config.UserID)}
}

func named(field *string) string {
	if isNull(field) {
		return ""
	}
	return *field
}

// String names a party to people, in the words of an ImpersonationConfig's columns.
func (p party) String() string {
	prefix := "admin "
	if p.buyerID != "" {
		prefix = p.buyerID + "/"
	}
	switch {
	case p.userID != "":
		return prefix + p.userID
	case p.groupID != "":
		return prefix + "group " + p.groupID
	case p.buyerID != "":
		return "the users of " + p.buyerID
	}
	return "all admins"
}
