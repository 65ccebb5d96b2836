// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"maps"
	"slices"
	"strings"
)

// partiesOf lists every party that a user belongs to: itself, its groups, its
// buyer or the seller.
func (s *state) partiesOf(c *collection, user *record) []string {
	path := c.pathOf(user.id())
	company := c.owner
	if company == "" {
		company = sellerParty
	}
	return append([]string{path, company}, s.groupMembers.lefts(path)...)
}

// profilesOf lists the security profiles that a user has by any assignment.
func (s *state) profilesOf(c *collection, user *record) []*record {
	found := map[string]*record{}
	for _, party := range s.partiesOf(c, user) {
		for _, path := range s.profiles.lefts(party) {
			if _, profile, ok := s.at(path); ok {
				found[path] = profile
			}
		}
	}
	profiles := make([]*record, 0, len(found))
	for _, path := range slices.Sorted(maps.Keys(found)) {
		profiles = append(profiles, found[path])
	}
	return profiles
}

// rolesOf lists the roles, custom ones too, that a user holds, sorted.
func (s *state) rolesOf(c *collection, user *record) []string {
	roles := []string{}
	for _, profile := range s.profilesOf(c, user) {
		roles = append(roles, profileRoles(profile)...)
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

func profileRoles(profile *record) []string {
	return append(textsOf(profile.fields["Roles"]), textsOf(profile.fields["CustomRoles"])...)
}

// clientKey is how API client IDs are compared: without letter case [I].
func clientKey(clientID string) string { return strings.ToLower(clientID) }

// reaches tells whether users of a collection may use an API client.
func (s *state) reaches(client *record, c *collection) bool {
	if c.owner == "" {
		return client.fields["AllowSeller"] == true
	}
	return client.fields["AllowAnyBuyer"] == true ||
		s.clientBuyers.has("apiclients/"+clientKey(client.id()), c.owner)
}
