// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// prepareUser checks what a user must be in the whole marketplace: a unique
// username [I] and a password that is strong enough [D].
func prepareUser(change *change) *refusal {
	s, c, next := change.state, change.collection, change.next
	if path, taken := s.usernames[usernameKey(next.text("Username"))]; taken {
		if change.previous == nil || path != c.pathOf(change.previous.id()) {
			return refuse(http.StatusConflict, "User.UsernameMustBeUnique",
				"Another user of this marketplace has this username.", nil)
		}
	}
	if change.password != nil {
		policy := s.passwordPolicy(c, next)
		if !policy.accepts(*change.password) {
			return refuse(http.StatusBadRequest, "Auth.InsecurePassword",
				"The password does not meet the requirements.", policy.data())
		}
		next.password = *change.password
		next.fields["PasswordLastSetDate"] = formatInstant(change.now)
	}
	completeUser(change)
	return nil
}

// completeUser fills in what the server knows better than a body.
func completeUser(change *change) {
	fields := change.next.fields
	fields["CompanyID"] = change.state.companyID(change.collection)
	if change.previous == nil {
		fields["DateCreated"] = formatInstant(change.now)
		return
	}
	change.state.followUsername(change.previous.text("Username"), textOf(fields["Username"]))
}

// companyID is the buyer's ID for a buyer user, the marketplace's for an admin.
func (s *state) companyID(c *collection) string {
	if _, buyer, ok := s.at(c.owner); ok {
		return buyer.id()
	}
	return s.marketplaceID
}

// followUsername keeps API clients on their default context user when it is
// given another username.
func (s *state) followUsername(from, to string) {
	if from == to {
		return
	}
	clients := s.collections[s.kinds.apiClient.template]
	for _, client := range clients.records {
		if usernameKey(client.text("DefaultContextUserName")) == usernameKey(from) {
			follower := client.with()
			follower.fields["DefaultContextUserName"] = to
			clients.put(follower)
		}
	}
}

// guardUser refuses to delete a user that something needs [D].
func guardUser(s *state, c *collection, r *record) *refusal {
	if s.isDefaultContextUser(r) {
		return refuse(statusInUse, "User.CannotDeleteDefaultContextUser",
			"An API client authenticates as this user.", nil)
	}
	if r.openOrder {
		return refuse(statusInUse, "User.CannotDeleteWithOpenOrder", "The user has an open order.", nil)
	}
	return guardParty(s, c, r)
}

// guardBuyer refuses to delete a buyer that a config names, or one of whose
// users could not be deleted.
func guardBuyer(s *state, c *collection, r *record) *refusal {
	users := s.collections[c.pathOf(r.id())+"/"+s.kinds.buyerUser.segment]
	for _, key := range users.keys {
		if refused := guardUser(s, users, users.records[key]); refused != nil {
			return refused
		}
	}
	return guardParty(s, c, r)
}

func (s *state) isDefaultContextUser(user *record) bool {
	username := usernameKey(user.text("Username"))
	for _, client := range s.collections[s.kinds.apiClient.template].records {
		if usernameKey(client.text("DefaultContextUserName")) == username {
			return true
		}
	}
	return false
}

// passwordPolicy is what a password must have: the documented minimum [D] and
// what the security profiles of the user add.
type passwordPolicy struct {
	length          int
	special         bool
	repeats         int // of one character in a row; 0 is no limit
	failuresAllowed int
}

func (s *state) passwordPolicy(c *collection, user *record) passwordPolicy {
	policy := passwordPolicy{length: minimumPasswordLength, failuresAllowed: allowedFailedLogins}
	for _, profile := range s.profilesOf(c, user) {
		config, ok := profile.fields["PasswordConfig"].(map[string]any)
		if !ok {
			continue
		}
		policy.length = max(policy.length, wholeOf(config["MinimumCharacterCount"]))
		policy.special = policy.special || config["SpecialCharacterRequired"] == true
		if repeats := wholeOf(config["MaxConsecutiveDupeChars"]); repeats > 0 {
			policy.repeats = repeats
		}
		if failures := wholeOf(config["AllowedFailedAttempts"]); failures > 0 {
			policy.failuresAllowed = failures
		}
	}
	return policy
}

func (p passwordPolicy) accepts(password string) bool {
	if utf8.RuneCountInString(password) < p.length {
		return false
	}
	if p.special && !strings.ContainsFunc(password, isSpecial) {
		return false
	}
	if p.repeats > 0 && longestRun(password) > p.repeats {
		return false
	}
	return strings.ContainsFunc(password, unicode.IsUpper) &&
		strings.ContainsFunc(password, unicode.IsLower) &&
		strings.ContainsFunc(password, unicode.IsDigit)
}

func (p passwordPolicy) data() map[string]any {
	return map[string]any{
		"MinimumCharacterCount":    p.length,
		"UpperCaseRequired":        true,
		"LowerCaseRequired":        true,
		"NumericRequired":          true,
		"SpecialCharacterRequired": p.special,
	}
}

func isSpecial(character rune) bool {
	return !unicode.IsLetter(character) && !unicode.IsDigit(character) && !unicode.IsSpace(character)
}

func longestRun(password string) int {
	longest, run := 0, 0
	var last rune
	for _, character := range password {
		if character != last {
			run = 0
		}
		run, last = run+1, character
		longest = max(longest, run)
	}
	return longest
}

// computedUser gives the fields of a user that depend on other objects.
func computedUser(s *state, c *collection, r *record, name string) (any, bool) {
	switch name {
	case "AvailableRoles":
		return s.rolesOf(c, r), true
	case "FailedLoginAttempts":
		return r.failedLogins, true
	}
	return nil, false
}
