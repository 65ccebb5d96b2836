// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants

import (
	"maps"
	"slices"

	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// Rule answers questions about one snapshot, without looking at every config or user for
// it. It never changes and is safe for use by many goroutines.
type Rule struct {
	people       *directory
	applications map[string]*application
	clients      []string // the keys of applications, sorted

	// Of each list of configs, and of each that has the same key, the one that would
	// decide comes first.
	byMatch        map[match]*entry
	byParties      map[[2]party]*entry
	byImpersonator map[side][]*entry
	byImpersonated map[side][]*entry
}

// entry is one config.
type entry struct {
	config        ordercloud.ImpersonationConfig
	rank          int // of two that apply, the lower one decides
	impersonators party
	impersonated  party
	client        string   // the key of its API client
	roles         []string // of its security profile, sorted
}

// match is all that has to fit for a config to apply.
type match struct {
	client                      string
	impersonators, impersonated party
}

// side is one half of a match.
type side struct {
	client string
	party  party
}

// application is an API client and who reaches it.
type application struct {
	ordercloud.APIClient
	assigned map[string]bool
}

// reaches tells whether the users of a buyer may use the application [D].
func (a *application) reaches(buyerID string) bool { return a.AllowAnyBuyer || a.assigned[buyerID] }

// NewRule indexes a snapshot, which it neither changes nor keeps.
func NewRule(snapshot Snapshot) *Rule {
	rule := &Rule{
		people:         newDirectory(snapshot),
		applications:   map[string]*application{},
		byMatch:        map[match]*entry{},
		byParties:      map[[2]party]*entry{},
		byImpersonator: map[side][]*entry{},
		byImpersonated: map[side][]*entry{},
	}
	for _, client := range snapshot.APIClients {
		rule.applications[clientKey(client.ID)] = &application{APIClient: client, assigned: map[string]bool{}}
	}
	for _, assignment := range snapshot.ClientAssignments {
		if assigned, ok := rule.applications[clientKey(assignment.ClientID)]; ok {
			assigned.assigned[assignment.BuyerID] = true
		}
	}
	rule.clients = slices.Sorted(maps.Keys(rule.applications))
	roles := rolesByProfile(snapshot.SecurityProfiles)
	for rank, config := range slices.SortedFunc(slices.Values(snapshot.Configs), decidesFirst) {
		rule.add(&entry{
			config:        config,
			rank:          rank,
			impersonators: impersonatorsOf(config),
			impersonated:  impersonatedBy(config),
			client:        clientKey(config.ClientID),
			roles:         roles[config.SecurityProfileID],
		})
	}
	return rule
}

// add indexes a config. They come in the order of their ranks.
func (r *Rule) add(added *entry) {
	keepFirst(r.byMatch, match{added.client, added.impersonators, added.impersonated}, added)
	keepFirst(r.byParties, [2]party{added.impersonators, added.impersonated}, added)
	impersonators, impersonated := side{added.client, added.impersonators}, side{added.client, added.impersonated}
	r.byImpersonator[impersonators] = append(r.byImpersonator[impersonators], added)
	r.byImpersonated[impersonated] = append(r.byImpersonated[impersonated], added)
}

func keepFirst[K comparable](index map[K]*entry, key K, added *entry) {
	if index[key] == nil {
		index[key] = added
	}
}

// rolesByProfile lists the roles of each security profile, custom ones too.
func rolesByProfile(profiles []ordercloud.SecurityProfile) map[string][]string {
	roles := make(map[string][]string, len(profiles))
	for _, profile := range profiles {
		roles[profile.ID] = slices.Compact(slices.Sorted(slices.Values(slices.Concat(profile.Roles, profile.CustomRoles))))
	}
	return roles
}

// first returns the entry that decides; either may be nil.
func first(a, b *entry) *entry {
	if a == nil || b != nil && b.rank < a.rank {
		return b
	}
	return a
}

// head is the first of entries in the order of their ranks, or nil.
func head(entries []*entry) *entry {
	if len(entries) == 0 {
		return nil
	}
	return entries[0]
}

// ranked collects the entries of one side of many, the one that would decide first.
func ranked(index map[side][]*entry, client string, parties []party) []*entry {
	var found []*entry
	for _, each := range parties {
		found = append(found, index[side{client, each}]...)
	}
	slices.SortFunc(found, func(a, b *entry) int { return a.rank - b.rank })
	return found
}
