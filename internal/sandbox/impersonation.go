// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"net/http"
	"slices"
)

// impersonate serves POST .../users/{userID}/accesstoken: a token for that
// user, when an impersonation config lets the caller have one.
func impersonate(c *call) answer {
	target, user, refused := c.state.kinds.buyerUser.find(c)
	if refused != nil {
		return refused.answer()
	}
	clientID, asked, refused := impersonationRequest(c.body)
	if refused != nil {
		return refused.answer()
	}
	client, refused := c.impersonationClient(clientID, target)
	if refused != nil {
		return refused.answer()
	}
	config := c.applicableConfig(client, target, user)
	if config == nil {
		return configError("No impersonation config applies.")
	}
	_, profile, found := c.state.at("securityprofiles/" + idKey(config.text("SecurityProfileID")))
	if !found || len(profileRoles(profile)) == 0 {
		return configError("The security profile of the impersonation config has no roles.")
	}
	granted := rolesForEmptyRequest(profileRoles(profile))
	if len(asked) > 0 {
		granted = intersection(profileRoles(profile), asked)
	}
	issued, failed := c.sandbox.issue(client, grant{
		username:     user.text("Username"),
		userType:     userTypeBuyer,
		clientID:     client.id(),
		roles:        granted,
		impersonator: c.impersonatorName(),
	}, baseURL(c.request))
	if failed != nil {
		return failed.answer()
	}
	return encoded(issued)
}

func configError(message string) answer {
	return refuse(statusImpersonationRefused, "Impersonation.ConfigError", message, nil).answer()
}

// impersonationRequest reads the body: ClientID and Roles are required [D].
func impersonationRequest(body map[string]any) (clientID string, roles []string, refused *refusal) {
	if body == nil {
		return "", nil, invalidBody("The request has no body.")
	}
	var wrong violations
	clientID = textOf(body["ClientID"])
	if clientID == "" {
		wrong.add("ClientID", "is required.")
	}
	if _, isList := body["Roles"].([]any); !isList {
		wrong.add("Roles", "is required.")
	}
	return clientID, append(textsOf(body["Roles"]), textsOf(body["CustomRoles"])...), wrong.refusal()
}

func (c *call) impersonationClient(clientID string, target *collection) (*record, *refusal) {
	client, found := c.state.collections[c.state.kinds.apiClient.template].find(clientID)
	if !found || client.fields["Active"] != true {
		return nil, refuse(statusImpersonationRefused, "Impersonation.ClientIDNotFound", "The API client does not exist, or is not active.", nil)
	}
	if !c.state.reaches(client, target) {
		return nil, refuse(statusImpersonationRefused, "Impersonation.BuyerNotAssigned", "The buyer is not assigned to the API client.", nil)
	}
	return client, nil
}

// applicableConfig finds the config that lets the caller impersonate a user.
func (c *call) applicableConfig(client *record, target *collection, user *record) *record {
	var best *record
	closest := -1
	for _, config := range c.state.configs.naming("apiclients/" + clientKey(client.id())) {
		closeness, applies := c.state.impersonatee(config, target, user)
		if applies && closer(closeness, closest) && c.mayImpersonate(config, target) {
			best, closest = config, closeness
		}
	}
	return best
}

// impersonatee tells whether a config covers a user, and how closely: any
// buyer, its buyer, a group of it, the user itself [I].
func (s *state) impersonatee(config *record, target *collection, user *record) (closeness int, applies bool) {
	if config.text("BuyerID") == "" {
		return 0, true
	}
	named := memberPath(config.text("BuyerID"), config.text("GroupID"), config.text("UserID"))
	path := target.pathOf(user.id())
	switch {
	case named == path:
		return 3, true
	case s.groupMembers.has(named, path):
		return 2, true
	case named == target.owner:
		return 1, true
	}
	return 0, false
}

// mayImpersonate tells whether the caller is whom a config lets impersonate
// users of that collection [I]. A trusted request may do anything.
func (c *call) mayImpersonate(config *record, target *collection) bool {
	if c.caller == nil {
		return true
	}
	if !buyerUsersCross && c.caller.company != "" && c.caller.company != target.owner {
		return false
	}
	named := memberPath(
		config.text("ImpersonationBuyerID"), config.text("ImpersonationGroupID"), config.text("ImpersonationUserID"),
	)
	return slices.Contains(c.state.partiesOf(c.caller.collection, c.caller.user), named)
}

// impersonatorName is who impersonates; requests of the Go API have no user.
func (c *call) impersonatorName() string {
	if c.caller == nil {
		return "sandbox"
	}
	return impersonationClaim(c.caller.user.text("Username"))
}

// revokeUserTokens serves DELETE .../users/{userID}/tokens.
func revokeUserTokens(c *call) answer {
	_, user, refused := c.state.kinds.buyerUser.find(c)
	if refused != nil {
		return refused.answer()
	}
	revoked := usernameKey(user.text("Username"))
	c.sandbox.tokens.revokeWhere(func(username string) bool { return usernameKey(username) == revoked })
	return answer{status: http.StatusNoContent}
}

// unlockUser serves POST .../users/{userID}/unlock.
func unlockUser(c *call) answer {
	target, user, refused := c.state.kinds.buyerUser.find(c)
	if refused != nil {
		return refused.answer()
	}
	unlocked := user.with()
	unlocked.failedLogins = 0
	target.put(unlocked)
	return answer{status: http.StatusNoContent}
}

// moveUser serves POST .../users/{userID}/moveto/{newBuyerID}.
func moveUser(c *call) answer {
	source, user, refused := c.state.kinds.buyerUser.find(c)
	if refused != nil {
		return refused.answer()
	}
	destination, refused := c.state.collectionAt(c.state.kinds.buyerUser, c.path("newBuyerID"))
	if refused != nil {
		return refused.answer()
	}
	if refused := c.guardMove(source, destination, user); refused != nil {
		return refused.answer()
	}
	moved := user.with()
	moved.fields["CompanyID"] = c.state.companyID(destination)
	if profilesFollowMove {
		c.state.profiles.rename(source.pathOf(user.id()), destination.pathOf(user.id()))
	}
	c.state.erase(source, user)
	destination.put(moved)
	c.state.index(destination, moved)
	return answer{
		status:   http.StatusCreated,
		location: "/v1/" + destination.pathOf(moved.id()),
		body:     c.state.encode(destination, moved),
	}
}

func (c *call) guardMove(source, destination *collection, user *record) *refusal {
	orders := c.request.URL.Query().Get("orders")
	if !slices.Contains([]string{"None", "Unsubmitted", "All"}, orders) {
		var wrong violations
		wrong.add("orders", "must be None, Unsubmitted or All.")
		return wrong.refusal()
	}
	if c.state.isDefaultContextUser(user) {
		return refuse(statusInUse, "User.CannotMoveDefaultContextUser", "An API client authenticates as this user.", nil)
	}
	if user.openOrder && orders == "None" {
		return refuse(statusInUse, "User.CannotMoveeWithOpenOrder", "The user has an open order.", nil)
	}
	if _, taken := destination.find(user.id()); taken {
		return idExists("User", user.id())
	}
	return guardParty(c.state, source, user)
}
