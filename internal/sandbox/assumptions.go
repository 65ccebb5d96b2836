// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// This file holds every choice that rests on a fact tagged [N]: not
// established by any public source. Each states the question, and the reading
// that was chosen because a client that copes with it copes with the others.

const (
	// statusSavedNew is the status of a PUT that creates. The OpenAPI document
	// lists 200 only; a client must accept 201 too. [N]
	statusSavedNew = http.StatusOK

	// statusReferenceMissing is the status when a body names an object that
	// does not exist. With code NotFound it looks like a missing path, so a
	// client has to read Data to tell them apart. [N]
	statusReferenceMissing = http.StatusNotFound

	// statusInUse is the status of a refused deletion or move. [N] 400 or 409:
	// 400 forces a client to decide by code.
	statusInUse = http.StatusBadRequest

	// statusPartyAssignment is the status of the PartyAssignment codes; that
	// they apply to impersonation configs at all is inferred. [N]
	statusPartyAssignment = http.StatusBadRequest

	// statusImpersonationRefused is the status of the Impersonation codes of an
	// access token request. [N] 400 or 403.
	statusImpersonationRefused = http.StatusBadRequest

	// statusBadGrant and statusBadClient are the statuses of /oauth/token. That
	// a failure is 400 or 401 is documented, which is when is not. [N]
	statusBadGrant  = http.StatusBadRequest
	statusBadClient = http.StatusUnauthorized

	// codeInvalidToken names a missing, malformed or expired token (401). The
	// SDK's list of codes has none for it. [N]
	codeInvalidToken = "InvalidToken"

	// rolesToRevokeTokens and rolesToUnlock: what these two routes need besides
	// FullAccess. [N]
	rolesToRevokeTokens = "BuyerUserAdmin"
	rolesToUnlock       = "BuyerUserAdmin"

	// allowedFailedLogins is after how many failures a user is locked out when
	// no PasswordConfig says otherwise. [N]
	allowedFailedLogins = 5

	// restoreRevokesTokens: whether tokens issued before a restore are refused
	// after it. [N] Refusing is the harder case for a client.
	restoreRevokesTokens = true

	// putWithoutPasswordKeepsIt: a PUT without Password leaves the password as
	// it is. [N]
	putWithoutPasswordKeepsIt = true

	// apiClientSecretIsAnswered: whether GET /apiclients shows ClientSecret.
	// The schema does not mark it as write-only. [N] Answering it makes a
	// client that logs what it reads fail its tests.
	apiClientSecretIsAnswered = true

	// emptyTextIsNull: "" in an optional text is stored and answered as null,
	// so that an empty BuyerID is no buyer. [N]
	emptyTextIsNull = true

	// defaultAccessTokenDuration and defaultRefreshTokenDuration (minutes) are
	// what an API client gets that does not say. [N]
	defaultAccessTokenDuration  = 600
	defaultRefreshTokenDuration = 0

	// referencesFollowRename: whether configs and assignments follow an object
	// that is given another ID, or are left with the old one. [N] They refer to
	// objects, not to names.
	referencesFollowRename = true

	// profilesFollowMove: whether the security profiles assigned to a user
	// follow it to another buyer; its groups, which are the old buyer's, cannot.
	// [N] A config that names the user forbids the move, like a deletion.
	profilesFollowMove = false

	// buyerUsersCross: whether a buyer user may impersonate a user of another
	// buyer where a config says so. The documentation says that it can any other of
	// its own buyer, and not that others are refused. [N]
	buyerUsersCross = true

	// nullMatchesNegation: whether the filter "!x" matches a property without
	// value. [N]
	nullMatchesNegation = true

	// defaultSortProperty is the order of a list without sortBy. [N]
	defaultSortProperty = "ID"

	// codeSellerOnly refuses (403) a buyer user where a seller user is needed.
	// That one is needed is documented, the code is not. [N]
	codeSellerOnly = "Auth.UserNotAuthorizedToAdmin"

	// statusMalformed is the status of a value of the wrong JSON type, of an
	// unreadable body and of a list query that makes no sense. [N]
	statusMalformed = http.StatusBadRequest

	// minimumPasswordLength and the classes in checkPassword are documented;
	// that they hold in every marketplace is not. [N]
	minimumPasswordLength = 10
)

// idKey is how IDs are compared and ordered. [N] Exact: two IDs that differ in
// letter case only are two objects. API client IDs are compared without case
// whatever this says [I].
func idKey(id string) string { return id }

// usernameKey is how usernames are compared. [N] Without letter case, which
// refuses more.
func usernameKey(username string) string { return strings.ToLower(username) }

// rolesForEmptyScope is what a token request without scope is granted: every
// role that is held. The official JavaScript SDK says so of the password grant,
// and sends no scope for either grant unless it is told to [I].
func rolesForEmptyScope(held []string) []string { return held }

// rolesForEmptyRequest is what an impersonation token gets of a profile's
// roles when the request asks for none. [N] Nothing.
func rolesForEmptyRequest(_ []string) []string { return nil }

// tokenWithoutRoles tells whether a request that asked for roles and would be
// granted none is refused with Auth.InsufficientRoles. [N]
func tokenWithoutRoles(asked, granted []string) bool { return len(asked) > 0 && len(granted) == 0 }

// formatInstant is the text form of a date-time in answers: UTC, an offset
// instead of Z, milliseconds without trailing zeros. [N] A client that compares
// text instead of instants sees drift.
func formatInstant(instant time.Time) string {
	return instant.UTC().Format("2006-01-02T15:04:05.999-07:00")
}

// nextPageKey is Meta.NextPageKey. Its use is not documented for the lists
// that the sandbox has. [N] Always null.
func nextPageKey() *string { return nil }

// closer tells which of several impersonation configs that apply counts: the
// one that names the impersonatee more closely. Equals are decided by the
// lower ID. [N]
func closer(candidate, best int) bool { return candidate > best }

// impersonationClaim is the imp claim of an impersonation token, which is
// known to exist. [N] The impersonator's username.
func impersonationClaim(username string) string { return username }

// environmentAnswer is the body of GET /env; only its status and that it needs
// no token are known. [N]
func environmentAnswer() map[string]any {
	return map[string]any{"Environment": "Sandbox", "Region": "Local", "BuildNumber": "0.0.0"}
}

// insufficientRolesData is Data of Auth.InsufficientRoles. [N]
func insufficientRolesData(sufficient, assigned []string) map[string]any {
	if assigned == nil {
		assigned = []string{}
	}
	return map[string]any{"SufficientRoles": sufficient, "AssignedRoles": assigned}
}
