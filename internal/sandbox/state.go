// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
)

// record is one stored object. It is never changed once it is stored: a write
// replaces it, so that readers need no copy.
type record struct {
	fields       map[string]any
	password     string
	openOrder    bool
	failedLogins int
	encoded      atomic.Pointer[encoding]
}

// encoding is a record as JSON, valid for one generation of the computed
// fields.
type encoding struct {
	generation uint64
	body       []byte
}

func (r *record) id() string { return textOf(r.fields["ID"]) }

func (r *record) text(name string) string { return textOf(r.fields[name]) }

// with copies a record so that the copy can be changed.
func (r *record) with() *record {
	return &record{
		fields:       maps.Clone(r.fields),
		password:     r.password,
		openOrder:    r.openOrder,
		failedLogins: r.failedLogins,
	}
}

// collection holds the objects of one kind below one owner, ordered by ID.
type collection struct {
	kind    *kind
	path    string // "buyers/acme/users"
	owner   string // path of what it is in ("buyers/acme"), or ""
	records map[string]*record
	keys    []string // sorted
}

func (c *collection) find(id string) (*record, bool) {
	found, ok := c.records[c.kind.key(id)]
	return found, ok
}

// pathOf is the path that names an object of this collection in relations.
func (c *collection) pathOf(id string) string { return c.path + "/" + c.kind.key(id) }

func (c *collection) put(r *record) {
	key := c.kind.key(r.id())
	if _, replaced := c.records[key]; !replaced {
		position, _ := slices.BinarySearch(c.keys, key)
		c.keys = slices.Insert(c.keys, position, key)
	}
	c.records[key] = r
}

func (c *collection) drop(id string) {
	key := c.kind.key(id)
	if _, found := c.records[key]; !found {
		return
	}
	delete(c.records, key)
	if position, found := slices.BinarySearch(c.keys, key); found {
		c.keys = slices.Delete(c.keys, position, position+1)
	}
}

// state is a whole marketplace. The Sandbox's lock guards it.
type state struct {
	marketplaceID string
	kinds         *kinds
	collections   map[string]*collection
	usernames     map[string]string // username key → user path
	configs       *configIndex
	groupMembers  *relation // group path → user path
	profiles      *relation // security profile path → party path
	clientBuyers  *relation // API client path → buyer path
	// generation changes when fields that are computed from other objects may
	// have changed, and makes cached encodings stale.
	generation uint64
}

// sellerParty is the party path of "every admin user".
const sellerParty = "seller"

func newState(marketplaceID string, table *kinds) *state {
	s := &state{
		marketplaceID: marketplaceID,
		kinds:         table,
		collections:   map[string]*collection{},
		usernames:     map[string]string{},
		configs:       newConfigIndex(),
		groupMembers:  newRelation(),
		profiles:      newRelation(),
		clientBuyers:  newRelation(),
	}
	for _, k := range s.kinds.all {
		if !strings.Contains(k.template, "{") {
			s.open(k, k.template, "")
		}
	}
	return s
}

func (s *state) open(k *kind, path, owner string) {
	s.collections[path] = &collection{kind: k, path: path, owner: owner, records: map[string]*record{}}
}

// openBuyer gives a buyer its collections.
func (s *state) openBuyer(path string) {
	for _, k := range s.kinds.perBuyer {
		if _, open := s.collections[path+"/"+k.segment]; !open {
			s.open(k, path+"/"+k.segment, path)
		}
	}
}

// buyerPath is the path of a buyer by its ID.
func buyerPath(buyerID string) string { return "buyers/" + idKey(buyerID) }

// collectionAt finds a collection of a kind, in a buyer where the kind is per
// buyer.
func (s *state) collectionAt(k *kind, buyerID string) (*collection, *refusal) {
	if !strings.Contains(k.template, "{") {
		return s.collections[k.template], nil
	}
	found, ok := s.collections[buyerPath(buyerID)+"/"+k.segment]
	if !ok {
		return nil, notFound(s.kinds.buyer.objectType, buyerID)
	}
	return found, nil
}

// at finds an object by its path, as relations name it.
func (s *state) at(path string) (*collection, *record, bool) {
	cut := strings.LastIndexByte(path, '/')
	if cut < 0 {
		return nil, nil, false
	}
	c, ok := s.collections[path[:cut]]
	if !ok {
		return nil, nil, false
	}
	r, ok := c.find(path[cut+1:])
	return c, r, ok
}

// value is what a property of an object is answered as.
func (s *state) value(c *collection, r *record, name string) any {
	if c.kind.computed != nil {
		if computed, ok := c.kind.computed(s, c, r, name); ok {
			return computed
		}
	}
	return r.fields[name]
}

// encode is an object as it is answered, fields in the order of its kind.
func (s *state) encode(c *collection, r *record) []byte {
	if cached := r.encoded.Load(); cached != nil && cached.generation == s.generation {
		return cached.body
	}
	body := []byte{'{'}
	for _, f := range c.kind.fields {
		if f.secret {
			continue
		}
		value, err := json.Marshal(s.value(c, r, f.name))
		if err != nil {
			value = []byte("null")
		}
		if len(body) > 1 {
			body = append(body, ',')
		}
		body = append(body, '"')
		body = append(body, f.name...)
		body = append(body, '"', ':')
		body = append(body, value...)
	}
	body = append(body, '}')
	r.encoded.Store(&encoding{generation: s.generation, body: body})
	return body
}

// userByName finds the user that bears a username, of whatever sort.
func (s *state) userByName(username string) (*collection, *record, bool) {
	path, ok := s.usernames[usernameKey(username)]
	if !ok {
		return nil, nil, false
	}
	return s.at(path)
}

// memberPath is the party that an assignment or a config names on one side:
// a group, a user, a buyer or the seller.
func memberPath(buyerID, groupID, userID string) string {
	switch {
	case buyerID != "" && groupID != "":
		return buyerPath(buyerID) + "/usergroups/" + idKey(groupID)
	case buyerID != "" && userID != "":
		return buyerPath(buyerID) + "/users/" + idKey(userID)
	case buyerID != "":
		return buyerPath(buyerID)
	case groupID != "":
		return "usergroups/" + idKey(groupID)
	case userID != "":
		return "adminusers/" + idKey(userID)
	}
	return sellerParty
}
