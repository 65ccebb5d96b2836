// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants

import "github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"

// Question asks whether one user may act as another.
type Question struct {
	// Impersonator is the user who asks for the token, by whatever application it has
	// authenticated.
	Impersonator User
	// User is the buyer user to act as.
	User User
	// ClientID is the GUID of the API client that the token is for, in either letter case.
	ClientID string
	// Roles that are asked for, custom ones too.
	Roles []string
}

// Decision answers a Question.
type Decision struct {
	// Refusal says why not; nil means that the impersonator may.
	Refusal *Refusal
	// Config decides; its zero value if there is a Refusal.
	Config ordercloud.ImpersonationConfig
	// Roles that are granted of those asked for, sorted. There may be none: the token is
	// issued all the same.
	Roles []string
	// Withheld are the roles asked for that the security profile of Config does not have,
	// sorted.
	Withheld []string
}

// Decide answers as OrderCloud would. It looks for reasons to refuse in the order of the
// constants of Reason.
func (r *Rule) Decide(asked Question) Decision {
	if bar := r.people.bar(asked.Impersonator); bar != "" {
		return refuse(asked, bar)
	}
	if bar := r.barTo(asked.User, asked.ClientID); bar != "" {
		return refuse(asked, bar)
	}
	decides := r.deciding(asked)
	if decides == nil {
		decision := refuse(asked, NoConfig)
		decision.Refusal.Closest = r.closest(asked)
		return decision
	}
	if len(decides.roles) == 0 {
		decision := refuse(asked, ProfileWithoutRoles)
		decision.Refusal.Config = new(decides.config)
		return decision
	}
	granted, withheld := divided(decides.roles, asked.Roles)
	return Decision{Config: decides.config, Roles: granted, Withheld: withheld}
}

func refuse(asked Question, reason Reason) Decision {
	return Decision{Refusal: &Refusal{Reason: reason, Question: asked}}
}

// barTo is why nobody can act as a user through an API client, or "".
func (r *Rule) barTo(user User, clientID string) Reason {
	if !r.people.hasBuyerUser(user) {
		return UserNotFound
	}
	application, ok := r.applications[clientKey(clientID)]
	switch {
	case !ok:
		return ClientNotFound
	case !application.Active:
		return ClientInactive
	case !application.reaches(user.BuyerID):
		return BuyerNotAssigned
	}
	return ""
}

// deciding finds the config that decides, or nil.
func (r *Rule) deciding(asked Question) *entry {
	if !permitted(asked.Impersonator, asked.User) {
		return nil
	}
	var decides *entry
	for _, impersonators := range r.people.asImpersonator(asked.Impersonator) {
		for _, impersonated := range r.people.asImpersonated(asked.User) {
			decides = first(decides, r.byMatch[match{clientKey(asked.ClientID), impersonators, impersonated}])
		}
	}
	return decides
}

// permitted tells whether any config at all may let one user act as the other.
func permitted(impersonator, user User) bool {
	return impersonator.IsAdmin() || impersonator.BuyerID == user.BuyerID || mayCross(impersonator, user)
}

// closest finds, where no config applies, those that differ in one thing.
func (r *Rule) closest(asked Question) []Closest {
	client := clientKey(asked.ClientID)
	impersonators, impersonated := r.people.asImpersonator(asked.Impersonator), r.people.asImpersonated(asked.User)
	var otherClient, otherImpersonator, otherUser *entry
	for _, from := range impersonators {
		for _, to := range impersonated {
			otherClient = first(otherClient, r.byParties[[2]party{from, to}])
		}
		otherUser = first(otherUser, head(r.byImpersonator[side{client, from}]))
	}
	for _, to := range impersonated {
		otherImpersonator = first(otherImpersonator, head(r.byImpersonated[side{client, to}]))
	}
	var closest []Closest
	for _, found := range []struct {
		entry   *entry
		differs Difference
	}{{otherClient, OtherClient}, {otherImpersonator, OtherImpersonator}, {otherUser, OtherUser}} {
		if found.entry != nil {
			closest = append(closest, Closest{Config: found.entry.config, Differs: found.differs})
		}
	}
	return closest
}
