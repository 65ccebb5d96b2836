// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"slices"
)

// Roles of OrderCloud that the operator deals with [D].
const (
	// RoleFullAccess is every right there is.
	RoleFullAccess = "FullAccess"
	// RoleSetSecurityProfile reads and writes impersonation configs.
	RoleSetSecurityProfile = "SetSecurityProfile"
	// RoleBuyerUserAdmin reads and writes buyer users.
	RoleBuyerUserAdmin = "BuyerUserAdmin"
	// RoleBuyerUserReader reads buyer users.
	RoleBuyerUserReader = "BuyerUserReader"
	// RoleBuyerImpersonation asks for tokens of buyer users.
	RoleBuyerImpersonation = "BuyerImpersonation"
	// RoleAPIClientReader reads API clients, which clientName needs.
	RoleAPIClientReader = "ApiClientReader"
	// RoleAPIClientAdmin reads and writes API clients.
	RoleAPIClientAdmin = "ApiClientAdmin"
)

// RolesAskedFor are the roles that the operator asks for when it authenticates.
// OrderCloud leaves out the ones that the API client's user does not hold [D],
// so asking for all costs nothing; the readers let it name a missing reference.
func RolesAskedFor() []string {
	return []string{
		RoleFullAccess, RoleSetSecurityProfile, RoleBuyerUserAdmin, RoleBuyerUserReader, RoleBuyerImpersonation, RoleAPIClientReader,
		"SecurityProfileReader", "BuyerReader", "UserGroupReader", "AdminUserGroupReader", "AdminUserReader",
	}
}

// Needs is what the objects of a Marketplace ask of its token.
type Needs struct {
	// WriteUsers: a BuyerUser is enforced.
	WriteUsers bool
	// ReadUsers: a BuyerUser is observed.
	ReadUsers bool
	// Configs: there is an ImpersonationConfig; even reading one takes the role
	// that writes it.
	Configs bool
	// ClientNames: an ImpersonationConfig names its application.
	ClientNames bool
	// Claims is how many objects have something in OrderCloud that is theirs.
	Claims int
}

// MissingRoles lists the roles that are needed and not held, sorted. Of several
// that would do, the one with the fewest rights is named.
func MissingRoles(needs Needs, held []string) []string {
	var missing []string
	require := func(needed bool, enough ...string) {
		covers := func(role string) bool { return role == RoleFullAccess || slices.Contains(enough, role) }
		if needed && !slices.ContainsFunc(held, covers) {
			missing = append(missing, enough[0])
		}
	}
	require(needs.WriteUsers, RoleBuyerUserAdmin)
	require(needs.ReadUsers && !needs.WriteUsers, RoleBuyerUserReader, RoleBuyerUserAdmin)
	require(needs.Configs, RoleSetSecurityProfile)
	require(needs.ClientNames, RoleAPIClientReader, RoleAPIClientAdmin)
	slices.Sort(missing)
	return missing
}
