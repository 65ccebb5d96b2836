// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants

import (
	"iter"
	"maps"
	"slices"
)

// Grant says that one user may act as another in one application, right now.
type Grant struct {
	// Impersonator is who may.
	Impersonator User
	// User is the buyer user to act as.
	User User
	// ClientID is the GUID of the application, as its API client has it.
	ClientID string
	// ConfigID is the impersonation config that decides.
	ConfigID string
	// Roles are all that can be had by asking for them, sorted. The slice is shared and
	// must not be changed.
	Roles []string
}

// WhoCan lists who may act as a user through an API client, in the order of the
// impersonators: those to whom Decide says yes. It looks at the configs about that user
// and API client only, and at each party that they name once.
func (r *Rule) WhoCan(user User, clientID string) []Grant {
	if r.barTo(user, clientID) != "" {
		return nil
	}
	answers := newAnswers()
	for _, config := range ranked(r.byImpersonated, clientKey(clientID), r.people.asImpersonated(user)) {
		if !answers.isNew(config.impersonators) {
			continue
		}
		for _, impersonator := range r.people.membersOf(config.impersonators) {
			if r.people.bar(impersonator) == "" && permitted(impersonator, user) {
				answers.decide(impersonator, config)
			}
		}
	}
	return answers.grants(func(impersonator User, config *entry) Grant {
		return r.grant(impersonator, user, config)
	})
}

// WhomCan lists as whom a user may act, in the order of the API clients and then of the
// impersonated: all to which Decide says yes. It looks at the configs that let this user
// impersonate only, and for each API client at each party that they name once.
func (r *Rule) WhomCan(impersonator User) []Grant {
	if r.people.bar(impersonator) != "" {
		return nil
	}
	var grants []Grant
	for _, client := range r.clients {
		grants = append(grants, r.whomCanThrough(client, impersonator)...)
	}
	return grants
}

func (r *Rule) whomCanThrough(client string, impersonator User) []Grant {
	application := r.applications[client]
	if !application.Active {
		return nil
	}
	answers := newAnswers()
	for _, config := range ranked(r.byImpersonator, client, r.people.asImpersonator(impersonator)) {
		if !answers.isNew(config.impersonated) {
			continue
		}
		for user := range r.people.impersonated(config.impersonated, application) {
			if permitted(impersonator, user) {
				answers.decide(user, config)
			}
		}
	}
	return answers.grants(func(user User, config *entry) Grant {
		return r.grant(impersonator, user, config)
	})
}

// All yields who may act as whom in the whole marketplace, one impersonator after the
// other and each as WhomCan lists it. There can be as many as impersonators times users
// times API clients.
func (r *Rule) All() iter.Seq[Grant] {
	return func(yield func(Grant) bool) {
		for _, impersonator := range slices.SortedFunc(maps.Keys(r.people.accounts), User.Compare) {
			for _, grant := range r.WhomCan(impersonator) {
				if !yield(grant) {
					return
				}
			}
		}
	}
}

func (r *Rule) grant(impersonator, user User, config *entry) Grant {
	return Grant{
		Impersonator: impersonator,
		User:         user,
		ClientID:     r.applications[config.client].ID,
		ConfigID:     config.config.ID,
		Roles:        config.roles,
	}
}

// answers are which config decides about each user. They are given in the order in which
// configs decide, so that the first one stands.
type answers struct {
	parties map[party]bool
	configs map[User]*entry
}

func newAnswers() *answers {
	return &answers{parties: map[party]bool{}, configs: map[User]*entry{}}
}

// isNew tells whether a party has not been decided about yet, which it then has.
func (a *answers) isNew(of party) bool {
	known := a.parties[of]
	a.parties[of] = true
	return !known
}

func (a *answers) decide(about User, config *entry) {
	if a.configs[about] == nil {
		a.configs[about] = config
	}
}

// grants lists what was granted, in the order of the users.
func (a *answers) grants(of func(User, *entry) Grant) []Grant {
	grants := make([]Grant, 0, len(a.configs))
	for _, user := range slices.SortedFunc(maps.Keys(a.configs), User.Compare) {
		if config := a.configs[user]; len(config.roles) > 0 {
			grants = append(grants, of(user, config))
		}
	}
	return grants
}
