// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"cmp"
	"slices"
	"strings"
)

// Roles of OrderCloud that the operator deals with [D].
const (
	// RoleFullAccess is every right there is.
	RoleFullAccess = "FullAccess"
	// RoleSetSecurityProfile reads and writes impersonation configs.
	RoleSetSecurityProfile = "SetSecurityProfile"
	// RoleBuyerUserAdmin reads and writes buyer users.
	RoleBuyerUserAdmin = "BuyerUserAdmin"
	// RoleBuyerUserReader reads buyer users, and lists those of all buyers.
	RoleBuyerUserReader = "BuyerUserReader"
	// RoleBuyerImpersonation asks for tokens of buyer users.
	RoleBuyerImpersonation = "BuyerImpersonation"
	// RoleAPIClientReader reads API clients, which clientName needs.
	RoleAPIClientReader = "ApiClientReader"
	// RoleAPIClientAdmin reads and writes API clients.
	RoleAPIClientAdmin = "ApiClientAdmin"
	// RoleSecurityProfileReader reads security profiles.
	RoleSecurityProfileReader = "SecurityProfileReader"
	// RoleBuyerReader reads buyers.
	RoleBuyerReader = "BuyerReader"
	// RoleUserGroupReader reads the user groups of buyers.
	RoleUserGroupReader = "UserGroupReader"
	// RoleAdminUserGroupReader reads the groups of admin users.
	RoleAdminUserGroupReader = "AdminUserGroupReader"
	// RoleAdminUserReader reads admin users.
	RoleAdminUserReader = "AdminUserReader"
)

// Needs is what the objects of a Marketplace ask of its token.
type Needs struct {
	// WriteUsers: a BuyerUser is enforced.
	WriteUsers bool
	// ReadUsers: a BuyerUser is observed.
	ReadUsers bool
	// Configs: there is an ImpersonationConfig; even reading one takes the role
	// that writes it.
	Configs bool
	// ClientNames: an ImpersonationConfig or ImpersonationToken names its application.
	ClientNames bool
	// Tokens: there is an ImpersonationToken.
	Tokens bool
}

// Need is a role and what it is needed for.
type Need struct {
	// Role is, of those that do, the one with the fewest rights.
	Role string
	// Or are the others that do as well, besides FullAccess.
	Or []string
	// For is who needs it, in the plural: "BuyerUsers".
	For string

	isNeeded func(Needs) bool
}

// required are the roles without which declared objects do not become Ready.
// docs/marketplace.md has the same table, and a test holds them against each other.
var required = []Need{
	{
		Role: RoleBuyerUserAdmin, For: "BuyerUsers",
		isNeeded: func(needs Needs) bool { return needs.WriteUsers },
	},
	{
		Role: RoleBuyerUserReader, Or: []string{RoleBuyerUserAdmin}, For: "BuyerUsers with managementPolicy Observe",
		isNeeded: func(needs Needs) bool { return needs.ReadUsers && !needs.WriteUsers },
	},
	{
		Role: RoleSetSecurityProfile, For: "ImpersonationConfigs",
		isNeeded: func(needs Needs) bool { return needs.Configs },
	},
	{
		Role: RoleAPIClientReader, Or: []string{RoleAPIClientAdmin}, For: "objects with clientName",
		isNeeded: func(needs Needs) bool { return needs.ClientNames },
	},
	{
		Role: RoleBuyerImpersonation, For: "ImpersonationTokens",
		isNeeded: func(needs Needs) bool { return needs.Tokens },
	},
}

// helpful are roles that let the operator do better, and that no object waits for.
// docs/marketplace.md has the same table.
var helpful = []Need{
	{Role: RoleSetSecurityProfile, For: "unmanagedImpersonationConfigs: Report"},
	{Role: RoleBuyerUserReader, For: "users of many buyers"},
	{Role: RoleSecurityProfileReader, Or: []string{RoleSetSecurityProfile}, For: "a missing security profile"},
	{Role: RoleBuyerReader, For: "a missing buyer"},
	{Role: RoleBuyerUserReader, Or: []string{RoleBuyerUserAdmin}, For: "a missing buyer user"},
	{Role: RoleUserGroupReader, For: "a missing user group of a buyer"},
	{Role: RoleAdminUserGroupReader, For: "a missing group of admin users"},
	{Role: RoleAdminUserReader, For: "a missing admin user"},
}

// RolesAskedFor are the roles that the operator asks for when it authenticates, in a
// stable order. OrderCloud leaves out the ones that the API client's user does not hold
// [D], so asking for all costs nothing.
func RolesAskedFor() []string {
	asked := []string{RoleFullAccess}
	for _, need := range slices.Concat(required, helpful) {
		for _, role := range append([]string{need.Role}, need.Or...) {
			if !slices.Contains(asked, role) {
				asked = append(asked, role)
			}
		}
	}
	return asked
}

// Missing lists the needs that the held roles do not cover, sorted by role. Each role
// is there once.
func Missing(needs Needs, held []string) []Need {
	missing := slices.DeleteFunc(slices.Clone(required), func(need Need) bool {
		return !need.isNeeded(needs) || need.isCovered(held)
	})
	slices.SortFunc(missing, func(a, b Need) int { return cmp.Compare(a.Role, b.Role) })
	return missing
}

func (n Need) isCovered(held []string) bool {
	return slices.ContainsFunc(held, func(role string) bool {
		return role == RoleFullAccess || role == n.Role || slices.Contains(n.Or, role)
	})
}

// MissingRoles lists the roles that are needed and not held, sorted. Of several
// that would do, the one with the fewest rights is named.
func MissingRoles(needs Needs, held []string) []string {
	var roles []string
	for _, need := range Missing(needs, held) {
		roles = append(roles, need.Role)
	}
	return roles
}

// MayListConfigs says whether a token with these roles may list impersonation configs.
func MayListConfigs(held []string) bool {
	return Need{Role: RoleSetSecurityProfile}.isCovered(held)
}

// Explain says what roles are missing, and what each is needed for: "BuyerUserAdmin,
// which BuyerUsers need, and SetSecurityProfile, which ImpersonationConfigs need".
func Explain(missing []Need) string {
	clauses := make([]string, len(missing))
	for index, need := range missing {
		clauses[index] = need.Role + ", which " + need.For + " need"
	}
	if len(clauses) < 2 {
		return strings.Join(clauses, "")
	}
	last := len(clauses) - 1
	return strings.Join(clauses[:last], ", ") + ", and " + clauses[last]
}
