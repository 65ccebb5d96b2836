// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

// access is who may use a route.
type access struct {
	open       bool     // no token
	anyRole    bool     // any valid token
	roles      []string // any of these, or FullAccess
	sellerOnly bool     // admin users only
	ownBuyer   bool     // a buyer user reaches its own buyer only
}

// call is one request on its way through an endpoint. The lock on state is
// held while the endpoint runs.
type call struct {
	sandbox *Sandbox
	state   *state
	request *http.Request
	caller  *caller // nil when the request is trusted
	body    map[string]any
	now     time.Time
}

func (c *call) path(parameter string) string { return c.request.PathValue(parameter) }

type endpoint func(*call) answer

// routes is every route of OrderCloud that the sandbox has, and who may use
// it. Roles are those of the OpenAPI document [D] unless marked.
func (s *Sandbox) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", s.issueToken)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		notFound("Route", r.URL.Path).answer().write(w, r)
	})
	reads := func(pattern string, allowed access, handle endpoint) {
		mux.HandleFunc(pattern, s.handler(allowed, false, handle))
	}
	writes := func(pattern string, allowed access, handle endpoint) {
		mux.HandleFunc(pattern, s.handler(allowed, true, handle))
	}
	reads("GET /env", access{open: true}, getEnvironment)
	reads("GET /v1/me", access{anyRole: true}, getMe)
	reads("GET /v1/buyerusers", access{roles: []string{"BuyerUserReader"}, sellerOnly: true}, listAllBuyerUsers)
	for _, k := range s.kinds.all {
		collection, element := "/v1/"+k.template, "/v1/"+k.template+"/{"+k.parameter+"}"
		reader := access{roles: k.readers, sellerOnly: k.sellerOnly, ownBuyer: true}
		writer := access{roles: k.writers, sellerOnly: k.sellerOnly, ownBuyer: true}
		reads("GET "+collection, reader, k.list)
		reads("GET "+element, reader, k.get)
		writes("POST "+collection, writer, k.create)
		writes("PUT "+element, writer, k.save)
		writes("PATCH "+element, writer, k.patch)
		writes("DELETE "+element, writer, k.delete)
	}
	user := "/v1/buyers/{buyerID}/users/{userID}"
	writes("POST "+user+"/accesstoken", access{roles: []string{"BuyerImpersonation"}}, impersonate)
	writes("DELETE "+user+"/tokens", access{roles: []string{rolesToRevokeTokens}, ownBuyer: true}, revokeUserTokens)
	writes("POST "+user+"/unlock", access{roles: []string{rolesToUnlock}, ownBuyer: true}, unlockUser)
	writes("POST "+user+"/moveto/{newBuyerID}", access{roles: []string{"BuyerUserAdmin"}, sellerOnly: true}, moveUser)
	s.assignmentRoutes(reads, writes)
	return mux
}

// handler wraps an endpoint with everything that each of them needs:
// authentication, roles, the body, the lock.
func (s *Sandbox) handler(allowed access, writes bool, handle endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.answer(allowed, writes, handle, r).write(w, r)
	}
}

func (s *Sandbox) answer(allowed access, writes bool, handle endpoint, r *http.Request) answer {
	if writes {
		s.mutex.Lock()
		defer s.mutex.Unlock()
	} else {
		s.mutex.RLock()
		defer s.mutex.RUnlock()
	}
	incoming := &call{sandbox: s, state: s.state, request: r, now: s.now()}
	if r.Context().Value(trusted{}) == nil && !allowed.open {
		known, refused := s.authenticate(r)
		if refused != nil {
			return refused.answer()
		}
		if refused := allowed.check(known, r); refused != nil {
			return refused.answer()
		}
		incoming.caller = known
	}
	if r.Method != http.MethodGet && r.Method != http.MethodDelete {
		body, refused := readBody(r)
		if refused != nil {
			return refused.answer()
		}
		incoming.body = body
	}
	return handle(incoming)
}

// check refuses a caller that may not use a route [D].
func (a access) check(known *caller, r *http.Request) *refusal {
	sufficient := append([]string{"FullAccess"}, a.roles...)
	permitted := a.anyRole || slices.ContainsFunc(sufficient, func(role string) bool {
		return slices.Contains(known.roles, role)
	})
	if !permitted {
		return refuse(http.StatusForbidden, "Auth.InsufficientRoles",
			"The token lacks a role that this needs.", insufficientRolesData(sufficient, known.roles))
	}
	if a.sellerOnly && known.userType != userTypeAdmin {
		return refuse(http.StatusForbidden, codeSellerOnly, "Only seller users may do this.", nil)
	}
	buyerID := r.PathValue("buyerID")
	if a.ownBuyer && buyerID != "" && known.userType == userTypeBuyer && buyerPath(buyerID) != known.company {
		return notFound("Buyer", buyerID)
	}
	return nil
}

// readBody reads a JSON object. Numbers keep the digits that they were sent
// with, so that xp comes back as it was. An absent body is an empty object:
// whether one is needed is the endpoint's business.
func readBody(r *http.Request) (map[string]any, *refusal) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, invalidBody("The body cannot be read.")
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, nil
	}
	if given := r.Header.Get("Content-Type"); given != "" {
		media, _, err := mime.ParseMediaType(given)
		if err != nil || (media != "application/json" && !strings.HasSuffix(media, "+json")) {
			return nil, refuse(http.StatusBadRequest, "Request.InvalidContentType", "The content type must be application/json.", nil)
		}
	}
	var body map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&body); err != nil || body == nil {
		return nil, invalidBody("The body is not a JSON object.")
	}
	if decoder.More() {
		return nil, invalidBody("The body is more than one JSON object.")
	}
	return body, nil
}
