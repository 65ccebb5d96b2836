// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants

import (
	"cmp"
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// Snapshot is what the rule goes by, as it was read from one marketplace. What it names
// and does not hold counts as not there.
type Snapshot struct {
	// Configs are all impersonation configs, in any order.
	Configs []ordercloud.ImpersonationConfig
	// SecurityProfiles give the roles that configs grant.
	SecurityProfiles []ordercloud.SecurityProfile
	// APIClients are the applications.
	APIClients []ordercloud.APIClient
	// ClientAssignments say which buyers reach an API client without AllowAnyBuyer.
	ClientAssignments []ClientAssignment
	// Buyers tell whose users may authenticate; one that is not here counts as active.
	Buyers []ordercloud.Buyer
	// BuyerUsers are the users of all buyers, told apart by CompanyID. Their
	// AvailableRoles say who may impersonate at all.
	BuyerUsers []ordercloud.BuyerUser
	// AdminUsers are the users of the seller; their AvailableRoles likewise.
	AdminUsers []ordercloud.AdminUser
	// GroupMembers say who is in which user group.
	GroupMembers []GroupMember
}

// ClientAssignment lets the users of one buyer use an API client [D].
type ClientAssignment struct {
	// ClientID is the API client's GUID, in either letter case.
	ClientID string
	// BuyerID is the buyer's ID.
	BuyerID string
}

// GroupMember puts one user into one user group.
type GroupMember struct {
	// BuyerID is the buyer of both; empty for an admin user and a group of the seller.
	BuyerID string
	// GroupID is unique inside its buyer, or among the seller's groups [D].
	GroupID string
	// UserID is unique inside its buyer, or among the admin users [D].
	UserID string
}

// User names one user. Suppliers' users have no name here: they neither impersonate nor
// are impersonated [I].
type User struct {
	// BuyerID is the user's buyer; empty for an admin user.
	BuyerID string
	// UserID is unique inside its buyer, or among the admin users [D].
	UserID string
}

// IsAdmin says that the user is one of the seller's.
func (u User) IsAdmin() bool { return u.BuyerID == "" }

// String names the user to people: "admin jane", "acme/jdoe".
func (u User) String() string { return u.party().String() }

// Compare orders users: admin users first, then by buyer, then by user ID.
func (u User) Compare(other User) int {
	return cmp.Or(strings.Compare(u.BuyerID, other.BuyerID), strings.Compare(u.UserID, other.UserID))
}

func (u User) party() party { return party{buyerID: u.BuyerID, userID: u.UserID} }

// clientKey is how API client IDs are compared: without letter case [I].
func clientKey(clientID string) string { return strings.ToLower(clientID) }
