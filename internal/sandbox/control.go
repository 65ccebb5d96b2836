// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Mutation is a change from outside: what a person does in the portal, or
// another system with its own credentials. A GET looks, uncounted.
type Mutation struct {
	Method string         `json:"method"` // GET, POST, PUT, PATCH or DELETE
	Path   string         `json:"path"`   // as in the API, without /v1/: "buyers/acme/users/jdoe"
	Body   map[string]any `json:"body"`
}

// Mutate changes the marketplace past tokens, roles, faults and statistics,
// but not past its rules: what OrderCloud refuses fails here too, with the
// codes in the error.
func (s *Sandbox) Mutate(m Mutation) error {
	answered, err := s.send(m)
	if err != nil {
		return err
	}
	if answered.status >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %w with status %d: %s", m.Method, m.Path, errInternal, answered.status, answered.body.String())
	}
	return nil
}

func (s *Sandbox) send(m Mutation) (*buffer, error) {
	body, err := json.Marshal(m.Body)
	if err != nil {
		return nil, fmt.Errorf("encoding the body of %s %s: %w", m.Method, m.Path, err)
	}
	if m.Body == nil {
		body = nil
	}
	ctx := context.WithValue(context.Background(), trusted{}, true)
	target := "http://sandbox/v1/" + strings.TrimPrefix(m.Path, "/")
	r, err := http.NewRequestWithContext(ctx, m.Method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making a request of %s %s: %w", m.Method, m.Path, err)
	}
	r.Header.Set("Content-Type", "application/json")
	return s.internal(r), nil
}

// Object is an object as the API would answer it, by its path without /v1/:
// "buyers/acme/users/jdoe", "impersonationconfig/cs-desk". It is false when
// there is none.
func (s *Sandbox) Object(path string) (map[string]any, bool) {
	answered, err := s.send(Mutation{Method: http.MethodGet, Path: path})
	if err != nil || answered.status != http.StatusOK {
		return nil, false
	}
	var object map[string]any
	if err := json.Unmarshal(answered.body.Bytes(), &object); err != nil {
		return nil, false
	}
	return object, true
}

// Password is the password that a user has at the moment, which no answer
// shows: for tests only. It is false when there is no such user, or it has none.
func (s *Sandbox) Password(path string) (string, bool) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	_, user, found := s.state.at(path)
	if !found || user.password == "" {
		return "", false
	}
	return user.password, true
}

// SetOpenOrder gives a user an open order, which OrderCloud refuses to delete
// a user with [D], or takes it away.
func (s *Sandbox) SetOpenOrder(path string, open bool) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c, user, found := s.state.at(path)
	if !found {
		return fmt.Errorf("setting the open order of %s: %w", path, notFound("User", path))
	}
	changed := user.with()
	changed.openOrder = open
	c.put(changed)
	return nil
}

// RevokeTokens lets every token that was issued so far answer 401
// Auth.TokenRevoked.
func (s *Sandbox) RevokeTokens() { s.tokens.revokeWhere(func(string) bool { return true }) }

// Inject adds a fault. remove takes it away and releases whoever hangs on it;
// calling it again does nothing.
func (s *Sandbox) Inject(f Fault) (remove func()) { return s.faults.inject(f) }

// ClearFaults removes every fault.
func (s *Sandbox) ClearFaults() { s.faults.clear() }

// Stats counts the requests since the start or the last [Sandbox.ResetStats].
func (s *Sandbox) Stats() Stats { return s.journal.snapshot() }

// ResetStats sets every count to zero and forgets [Sandbox.Requests].
func (s *Sandbox) ResetStats() { s.journal.reset() }

// Requests lists the latest 10,000 requests, oldest first.
func (s *Sandbox) Requests() []Request { return s.journal.requests() }

// Credentials are those of the API client that the seed names as the
// operator's. Both are empty when it names none.
func (s *Sandbox) Credentials() (clientID, clientSecret string) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	client, found := s.state.collections[s.kinds.apiClient.template].find(s.seed.OperatorClientID)
	if !found {
		return "", ""
	}
	return client.id(), client.text("ClientSecret")
}
