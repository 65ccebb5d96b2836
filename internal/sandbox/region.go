// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// Region answers for several marketplaces at one base URL, as OrderCloud does for all of
// a region and environment [D]: a token request goes to the marketplace that has the API
// client, and every other request to the one that issued its token. What belongs to none
// goes to the first. The marketplaces need API clients with different IDs.
func Region(marketplaces ...*Sandbox) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		knows := func(s *Sandbox) bool { return s.tokens.knows(bearer(r)) }
		if r.URL.Path == "/oauth/token" {
			clientID := peekClientID(r)
			knows = func(s *Sandbox) bool { return s.hasClient(clientID) }
		}
		if index := slices.IndexFunc(marketplaces, knows); index > 0 {
			marketplaces[index].ServeHTTP(w, r)
			return
		}
		marketplaces[0].ServeHTTP(w, r)
	})
}

// OfSeller returns the seed of another marketplace that holds the same. Its API clients
// have other IDs, because OrderCloud itself makes those [D].
func (seed Seed) OfSeller(id string) Seed {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(id)) // never fails
	renamed := func(client string) string { return fmt.Sprintf("%08X", hash.Sum32()) + client[min(8, len(client)):] }
	other := seed
	other.MarketplaceID, other.OperatorClientID = id, renamed(seed.OperatorClientID)
	other.Objects = map[string]map[string]any{}
	for path, fields := range seed.Objects {
		if owner, client := cutLast(path); owner == "apiclients" {
			path = owner + "/" + renamed(client)
		}
		fields = maps.Clone(fields)
		if client, ok := fields["ClientID"].(string); ok {
			fields["ClientID"] = renamed(client)
		}
		other.Objects[path] = fields
	}
	other.ClientBuyers = map[string][]string{}
	for client, buyers := range seed.ClientBuyers {
		other.ClientBuyers[renamed(client)] = buyers
	}
	return other
}

// peekClientID reads the API client of a token request and leaves the body to be read.
func peekClientID(r *http.Request) string {
	body, err := io.ReadAll(io.LimitReader(r.Body, maximumBodyBytes))
	if err != nil {
		return ""
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return ""
	}
	return form.Get("client_id")
}

func (s *Sandbox) hasClient(id string) bool {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	_, found := s.state.collections["apiclients"].find(id)
	return found
}

func (t *tokens) knows(token string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	_, found := t.issued[token]
	return found
}
