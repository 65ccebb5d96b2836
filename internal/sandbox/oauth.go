// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// tokenAnswer is the answer of a token request [D].
type tokenAnswer struct {
	AccessToken  string  `json:"access_token"`
	ExpiresIn    int     `json:"expires_in"`
	TokenType    string  `json:"token_type"`
	RefreshToken *string `json:"refresh_token"`
}

// oauthRefusal is a refused token request: OAuth's own fields beside the
// Errors of the API [D].
type oauthRefusal struct {
	name string // "invalid_grant"
	refusal
}

func refuseToken(status int, name, code, message string) *oauthRefusal {
	return &oauthRefusal{name: name, refusal: *refuse(status, code, message, nil)}
}

func (r *oauthRefusal) answer() answer {
	body, err := json.Marshal(map[string]any{
		"error":             r.name,
		"error_description": r.items[0].Message,
		"Errors":            r.items,
	})
	if err != nil {
		body = r.body()
	}
	return answer{status: r.status, body: body}
}

// issueToken serves POST /oauth/token: form-encoded, client credentials in the
// form [D].
func (s *Sandbox) issueToken(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := r.ParseForm(); err != nil {
		refuseToken(statusBadGrant, "invalid_request", "Auth.OauthError", "The body is not form-encoded.").answer().write(w, r)
		return
	}
	issued, refused := s.grantToken(r.PostForm, baseURL(r))
	if refused != nil {
		refused.answer().write(w, r)
		return
	}
	encoded(issued).write(w, r)
}

func (s *Sandbox) grantToken(form url.Values, issuer string) (*tokenAnswer, *oauthRefusal) {
	client, refused := s.clientOf(form)
	if refused != nil {
		return nil, refused
	}
	switch form.Get("grant_type") {
	case "client_credentials":
		return s.grantToDefaultUser(client, form, issuer)
	case "password":
		return s.grantToPassword(client, form, issuer)
	case "refresh_token":
		return s.grantToRefreshToken(client, form, issuer)
	}
	return nil, refuseToken(statusBadGrant, "unsupported_grant_type", "Auth.OauthError", "The grant type is not supported.")
}

// clientOf finds the API client of a token request. A client with a secret
// needs it in every flow [D].
func (s *Sandbox) clientOf(form url.Values) (*record, *oauthRefusal) {
	client, found := s.state.collections["apiclients"].find(form.Get("client_id"))
	if !found {
		return nil, refuseToken(statusBadClient, "invalid_client", "ApiClient.InvalidClientID", "The client ID is not known.")
	}
	if client.fields["Active"] != true {
		return nil, refuseToken(statusBadClient, "invalid_client", "Auth.ClientNotActive", "The API client is not active.")
	}
	secret := client.text("ClientSecret")
	if secret != "" && subtle.ConstantTimeCompare([]byte(secret), []byte(form.Get("client_secret"))) != 1 {
		return nil, refuseToken(statusBadClient, "invalid_client", "Auth.OauthError", "The client secret is wrong.")
	}
	return client, nil
}

func (s *Sandbox) grantToDefaultUser(client *record, form url.Values, issuer string) (*tokenAnswer, *oauthRefusal) {
	if client.text("ClientSecret") == "" && client.fields["IsAnonBuyer"] != true {
		return nil, refuseToken(statusBadGrant, "unauthorized_client", "Auth.OauthError", "The API client has no client secret.")
	}
	c, user, found := s.state.userByName(client.text("DefaultContextUserName"))
	if !found {
		return nil, refuseToken(statusBadGrant, "unauthorized_client", "Auth.UserNotFound", "The API client has no default context user.")
	}
	return s.grantToUser(client, c, user, strings.Fields(form.Get("scope")), issuer)
}

func (s *Sandbox) grantToPassword(client *record, form url.Values, issuer string) (*tokenAnswer, *oauthRefusal) {
	username, password := form.Get("username"), form.Get("password")
	if username == "" || password == "" {
		return nil, refuseToken(statusBadGrant, "invalid_request", "Auth.UsernameAndPasswordRequired", "Username and password are required.")
	}
	wrong := refuseToken(statusBadGrant, "invalid_grant", "Auth.InvalidUsernameOrPassword", "The username or the password is wrong.")
	c, user, found := s.state.userByName(username)
	if !found {
		return nil, wrong
	}
	if user.failedLogins >= s.state.passwordPolicy(c, user).failuresAllowed {
		return nil, refuseToken(statusBadGrant, "invalid_grant", "Auth.LockedOut", "The user is locked out.")
	}
	if user.password == "" || subtle.ConstantTimeCompare([]byte(user.password), []byte(password)) != 1 {
		failed := user.with()
		failed.failedLogins++
		c.put(failed)
		return nil, wrong
	}
	return s.grantToUser(client, c, user, strings.Fields(form.Get("scope")), issuer)
}

func (s *Sandbox) grantToRefreshToken(client *record, form url.Values, issuer string) (*tokenAnswer, *oauthRefusal) {
	previous, known := s.tokens.redeem(form.Get("refresh_token"))
	c, user, found := s.state.userByName(previous.username)
	if !known || !found || clientKey(previous.clientID) != clientKey(client.id()) {
		return nil, refuseToken(statusBadGrant, "invalid_grant", "Auth.OauthError", "The refresh token is not valid.")
	}
	return s.grantToUser(client, c, user, previous.roles, issuer)
}

// grantToUser issues a token to a user that has proven who it is. Roles that
// it does not hold are left out without a word [D].
func (s *Sandbox) grantToUser(client *record, c *collection, user *record, asked []string, issuer string) (*tokenAnswer, *oauthRefusal) {
	if refused := s.mayUse(client, c, user); refused != nil {
		return nil, refused
	}
	held := s.state.rolesOf(c, user)
	granted := rolesForEmptyScope(held)
	if len(asked) > 0 {
		granted = intersection(held, asked)
	}
	granted = limitedByClient(client, granted)
	if tokenWithoutRoles(asked, granted) || !holdsRequired(client, held) {
		return nil, refuseToken(statusBadGrant, "invalid_scope", "Auth.InsufficientRoles", "The user holds none of the roles, or lacks one that the API client requires.")
	}
	active := user.with()
	active.failedLogins = 0
	active.fields["LastActive"] = formatInstant(s.now())
	c.put(active)
	given := grant{
		username: user.text("Username"), userType: userTypeOf(c), clientID: client.id(), roles: granted,
	}
	return s.issue(client, given, issuer)
}

// mayUse checks that user, company and API client are active and belong
// together.
func (s *Sandbox) mayUse(client *record, c *collection, user *record) *oauthRefusal {
	if user.fields["Active"] != true {
		return refuseToken(statusBadGrant, "invalid_grant", "Auth.UserNotActive", "The user is not active.")
	}
	if _, buyer, inBuyer := s.state.at(c.owner); inBuyer && buyer.fields["Active"] != true {
		return refuseToken(statusBadGrant, "invalid_grant", "Auth.CompanyNotActive", "The buyer is not active.")
	}
	if !s.state.reaches(client, c) {
		return refuseToken(statusBadGrant, "invalid_grant", "Auth.UserNotFound", "The user cannot use this API client.")
	}
	return nil
}

// issue makes the token and the answer that bears it.
func (s *Sandbox) issue(client *record, given grant, issuer string) (*tokenAnswer, *oauthRefusal) {
	lifetime := s.tokenLifetime
	if lifetime == 0 {
		lifetime = time.Duration(wholeOf(client.fields["AccessTokenDuration"])) * time.Minute
	}
	given.expires = s.now().Add(lifetime)
	token, err := s.tokens.issue(given, issuer)
	if err != nil {
		return nil, refuseToken(http.StatusInternalServerError, "server_error", "ServerError", "The token cannot be signed.")
	}
	issued := &tokenAnswer{
		AccessToken: token,
		TokenType:   "bearer",
		// One second less than the lifetime, as documented (35999); never 0,
		// which clients take for "does not expire".
		ExpiresIn: max(int(lifetime/time.Second)-1, 1),
	}
	if minutes := wholeOf(client.fields["RefreshTokenDuration"]); minutes > 0 && given.impersonator == "" {
		given.expires = s.now().Add(time.Duration(minutes) * time.Minute)
		refresh := s.tokens.remember(given)
		issued.RefreshToken = &refresh
	}
	return issued, nil
}

func userTypeOf(c *collection) string {
	if c.owner == "" {
		return userTypeAdmin
	}
	return userTypeBuyer
}

// limitedByClient applies the MaximumGrantedRoles of an API client.
func limitedByClient(client *record, roles []string) []string {
	limit := append(textsOf(client.fields["MaximumGrantedRoles"]), textsOf(client.fields["MaximumGrantedCustomRoles"])...)
	if len(limit) == 0 {
		return roles
	}
	return intersection(roles, limit)
}

// holdsRequired applies the MinimumRequiredRoles of an API client.
func holdsRequired(client *record, held []string) bool {
	required := append(textsOf(client.fields["MinimumRequiredRoles"]), textsOf(client.fields["MinimumRequiredCustomRoles"])...)
	return len(intersection(required, held)) == len(required)
}

// intersection keeps the elements of a that are in b too.
func intersection(a, b []string) []string {
	var both []string
	for _, element := range a {
		if slices.Contains(b, element) {
			both = append(both, element)
		}
	}
	return both
}
