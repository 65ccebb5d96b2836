// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

//go:embed seed.yaml
var defaultSeed []byte

// Seed is what a marketplace holds at the start.
type Seed struct {
	// MarketplaceID is the ID of the seller, and the CompanyID of admin users.
	MarketplaceID string `json:"marketplaceID"`
	// OperatorClientID is the API client that [Sandbox.Credentials] answers.
	OperatorClientID string `json:"operatorClientID"`
	// Objects are by path, as in the API without /v1/
	// ("buyers/acme/users/jdoe"), with the fields that a POST would have. The
	// last element of the path is the ID.
	Objects map[string]map[string]any `json:"objects"`
	// ProfileAssignments lists, by security profile ID, the paths of the
	// buyers, groups and users that have it; "seller" is every admin user.
	ProfileAssignments map[string][]string `json:"profileAssignments"`
	// GroupMembers lists the paths of users by the path of their group.
	GroupMembers map[string][]string `json:"groupMembers"`
	// ClientBuyers lists, by API client ID, the IDs of the buyers assigned to it.
	ClientBuyers map[string][]string `json:"clientBuyers"`
}

// DefaultSeed is the marketplace that the samples and the demo of the operator
// are written for: buyers acme and globex, security profiles, an API client of
// a shop and one of the operator, no impersonation configs.
func DefaultSeed() Seed {
	seed, err := LoadSeed(bytes.NewReader(defaultSeed))
	if err != nil {
		panic("the embedded seed cannot be read: " + err.Error()) // a test reads it
	}
	return seed
}

// LoadSeed reads a seed from YAML. Fields that a seed does not have are an
// error.
func LoadSeed(r io.Reader) (Seed, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return Seed{}, fmt.Errorf("reading the seed: %w", err)
	}
	var seed Seed
	if err := yaml.UnmarshalStrict(raw, &seed); err != nil {
		return Seed{}, fmt.Errorf("reading the seed: %w", err)
	}
	return seed, nil
}

// build makes the marketplace. Objects are created in an order in which each
// finds what it refers to.
func (seed Seed) build(now time.Time) (*state, error) {
	marketplaceID := seed.MarketplaceID
	if marketplaceID == "" {
		marketplaceID = "sandbox"
	}
	s := newState(marketplaceID, newKinds())
	paths := slices.Sorted(maps.Keys(seed.Objects))
	left := len(paths)
	for _, k := range s.kinds.all {
		for _, path := range paths {
			owner, id := cutLast(path)
			if !k.holds(owner) {
				continue
			}
			if err := s.plant(owner, id, seed.Objects[path], now); err != nil {
				return nil, fmt.Errorf("creating %s: %w", path, err)
			}
			left--
		}
	}
	if left != 0 {
		return nil, errors.New("an object has a path that no kind of object has")
	}
	return s, seed.assign(s)
}

// holds tells whether a path is that of a collection of this kind.
func (k *kind) holds(path string) bool {
	template, given := strings.Split(k.template, "/"), strings.Split(path, "/")
	if len(template) != len(given) {
		return false
	}
	for position, element := range template {
		if !strings.HasPrefix(element, "{") && element != given[position] {
			return false
		}
	}
	return true
}

func (s *state) plant(owner, id string, given map[string]any, now time.Time) error {
	c, ok := s.collections[owner]
	if !ok {
		return errors.New("the buyer does not exist")
	}
	body, err := normalized(given)
	if err != nil {
		return err
	}
	next := &record{fields: c.kind.blank(nil)}
	password, refused := c.kind.apply(next.fields, body, false)
	if refused != nil {
		return refused
	}
	next.fields["ID"] = id
	if !idPattern.MatchString(id) {
		return fmt.Errorf("ID %q is not valid", id)
	}
	if _, refused := s.commit(&change{state: s, collection: c, next: next, password: password, now: now}); refused != nil {
		return refused
	}
	return nil
}

// normalized brings values that Go code or YAML made into the form of a body.
func normalized(given map[string]any) (map[string]any, error) {
	raw, err := json.Marshal(given)
	if err != nil {
		return nil, fmt.Errorf("encoding: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	body := map[string]any{}
	if err := decoder.Decode(&body); err != nil {
		return nil, fmt.Errorf("decoding: %w", err)
	}
	return body, nil
}

// assign makes the assignments between objects that exist.
func (seed Seed) assign(s *state) error {
	known := func(path string) error {
		if _, _, found := s.at(path); !found && path != sellerParty {
			return fmt.Errorf("assigning %s: there is no such object", path)
		}
		return nil
	}
	add := func(to *relation, left, right string) error {
		if err := errors.Join(known(left), known(right)); err != nil {
			return err
		}
		to.add(left, right)
		return nil
	}
	var failures []error
	for profileID, parties := range seed.ProfileAssignments {
		for _, party := range parties {
			failures = append(failures, add(s.profiles, "securityprofiles/"+idKey(profileID), party))
		}
	}
	for group, users := range seed.GroupMembers {
		for _, user := range users {
			failures = append(failures, add(s.groupMembers, group, user))
		}
	}
	for clientID, buyers := range seed.ClientBuyers {
		for _, buyerID := range buyers {
			failures = append(failures, add(s.clientBuyers, "apiclients/"+clientKey(clientID), buyerPath(buyerID)))
		}
	}
	s.generation++
	return errors.Join(failures...)
}

// cutLast splits a path before its last element.
func cutLast(path string) (before, last string) {
	cut := strings.LastIndexByte(path, '/')
	if cut < 0 {
		return "", path
	}
	return path[:cut], path[cut+1:]
}
