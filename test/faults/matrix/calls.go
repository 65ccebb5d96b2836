// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"strings"
)

// call is one of the requests that the operator makes of OrderCloud.
type call struct {
	name string
	// isWrite says that it changes something, so that its answer can be lost after it was
	// applied.
	isWrite bool
	// isList says that the answer is a list, which can be shorter than it should be.
	isList bool
	// hasRoles says that the answer names roles.
	hasRoles bool
	// isDeletion says that OrderCloud's own 404, and an empty success, mean that it is done.
	isDeletion bool
	// story makes the operator send it.
	story story
}

// Requests by the names that a [http.ServeMux] gives them, of those whose answer is told
// apart by who asks.
const (
	tokenRequest = "POST /oauth/token"
	meRequest    = "GET /v1/me"
	userMe       = "GET /v1/me of a user"
	accessToken  = "POST /v1/buyers/{buyerID}/users/{userID}/accesstoken"
)

// calls are all that docs/api-calls.md names.
func calls() []call {
	return []call{
		{name: tokenRequest, hasRoles: true, story: tokenIsRenewed},
		{name: meRequest, hasRoles: true, story: marketplaceIsChecked},
		{name: "GET /v1/buyers/{buyerID}/users", isList: true, hasRoles: true, story: usersAreCompared},
		{name: "GET /v1/buyerusers", isList: true, hasRoles: true, story: usersOfBuyersAreCompared},
		{name: "GET /v1/buyers/{buyerID}/users/{userID}", hasRoles: true, story: userIsEdited},
		{name: "POST /v1/buyers/{buyerID}/users", isWrite: true, hasRoles: true, story: userIsCreated},
		{name: "PUT /v1/buyers/{buyerID}/users/{userID}", isWrite: true, hasRoles: true, story: userIsReplaced},
		{name: "PATCH /v1/buyers/{buyerID}/users/{userID}", isWrite: true, hasRoles: true, story: userIsEdited},
		{name: "DELETE /v1/buyers/{buyerID}/users/{userID}", isWrite: true, isDeletion: true, story: userIsDeleted},
		{name: "GET /v1/impersonationconfig", isList: true, story: configsAreCompared},
		{name: "GET /v1/impersonationconfig/{impersonationConfigID}", story: configIsEdited},
		{name: "POST /v1/impersonationconfig", isWrite: true, story: configIsCreated},
		{name: "PUT /v1/impersonationconfig/{impersonationConfigID}", isWrite: true, story: configIsEdited},
		{name: "DELETE /v1/impersonationconfig/{impersonationConfigID}", isWrite: true, isDeletion: true, story: configIsDeleted},
		{name: "GET /v1/apiclients", isList: true, story: configIsCreated},
		{name: "GET /v1/securityprofiles/{securityProfileID}", story: configIsCreated},
		{name: accessToken, isWrite: true, hasRoles: true, story: tokensAreIssued},
		{name: userMe, hasRoles: true, story: tokensAreProven},
	}
}

// routes names a request by its method and its route.
var routes = func() *http.ServeMux {
	mux := http.NewServeMux()
	for _, each := range calls() {
		if each.name != userMe {
			mux.Handle(each.name, http.NotFoundHandler())
		}
	}
	return mux
}()

// nameOf is the name of the call that a request is. isUsers says that a token is one of
// a buyer user.
func nameOf(r *http.Request, isUsers func(token string) bool) string {
	_, name := routes.Handler(r)
	if name == meRequest && isUsers(bearer(r)) {
		return userMe
	}
	return name
}

// bearer is the token that a request bears.
func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}
