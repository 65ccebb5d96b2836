// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// This file holds every choice that rests on a fact tagged [N]: not established by any
// public source. Each states the question and the reading. Whether a user can be acted as
// who is not active, is another buyer's, or is the impersonator itself, is read as yes: a
// list of who can act as whom that leaves one out does more harm than one that names one
// too many.
//
// These questions have readings that take no code:
//
//   - Of several reasons to refuse a token, which one is answered? [N] That of the
//     caller first, then of the user, of the API client and of the config.
//   - Is a token issued for a user who is not active, or whose buyer is not? [N] Yes:
//     that Active is false forbids to authenticate [D], and nobody authenticates as that
//     user. Whether the token is good for anything is another question.
//   - Do the API client's MaximumGrantedRoles and MinimumRequiredRoles limit these
//     tokens, as they do others? [N] No.
//   - May a user impersonate itself? [N] Yes, if a config says so.
//   - How are the IDs of users, groups, buyers and profiles, and names of roles,
//     compared? [N] Exactly. API client IDs are compared without letter case [I].

// isNull says whether a field of a config names nothing. [N] Which of null and the empty
// text OrderCloud answers for a field that was sent as null: both are read as null.
func isNull(field *string) bool { return field == nil || *field == "" }

// decidesFirst orders configs: of several that apply, the first decides, and it alone.
// [N] Which one does: the one that names the impersonated most closely, a user before a
// group before a buyer before any buyer; of equals the one with the lower ID. How it
// names the impersonator does not matter. That its security profile has no roles does
// not let another one decide. If OrderCloud adds up the roles of all that apply instead,
// the rule names too few.
func decidesFirst(a, b ordercloud.ImpersonationConfig) int {
	return cmp.Or(cmp.Compare(closeness(b), closeness(a)), strings.Compare(a.ID, b.ID))
}

func closeness(config ordercloud.ImpersonationConfig) int {
	switch impersonated := impersonatedBy(config); {
	case impersonated.userID != "":
		return 3
	case impersonated.groupID != "":
		return 2
	case impersonated.buyerID != "":
		return 1
	}
	return 0
}

// divided tells the roles of a security profile that are granted, those asked for [I],
// from the roles asked for that it does not have. [N] What a request gets that asks for
// none, and one that asks for none of the profile's: a token without roles, no refusal.
func divided(profile, asked []string) (granted, withheld []string) {
	for _, role := range slices.Compact(slices.Sorted(slices.Values(asked))) {
		if _, found := slices.BinarySearch(profile, role); found {
			granted = append(granted, role)
		} else {
			withheld = append(withheld, role)
		}
	}
	return granted, withheld
}

// mayCross says whether a buyer user may act as a user of another buyer, when a config
// says so. [N] The documentation says that it can as any other of its own buyer, and not
// that others are refused; a config can name two buyers. Yes.
func mayCross(_, _ User) bool { return true }

// codeOfInactiveClient is the code that refuses a token for an API client that is not
// active. [N] That of one that does not exist.
const codeOfInactiveClient = answer.CodeImpersonationClientIDNotFound
