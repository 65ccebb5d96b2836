// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"path"
	"time"
)

// change is one object about to be stored.
type change struct {
	state      *state
	collection *collection
	previous   *record // nil when it is new
	next       *record
	password   *string // the one that the body gave
	now        time.Time
}

// create stores a new object; a taken ID is refused with IdExists [D].
func (s *state) create(c *collection, body map[string]any, now time.Time) (*record, *refusal) {
	next := &record{fields: c.kind.blank(nil)}
	password, refused := c.kind.apply(next.fields, body, false)
	if refused != nil {
		return nil, refused
	}
	if next.id() == "" {
		next.fields["ID"] = c.kind.newID()
	}
	if _, taken := c.find(next.id()); taken {
		return nil, idExists(c.kind.objectType, next.id())
	}
	return s.commit(&change{state: s, collection: c, next: next, password: password, now: now})
}

// save creates or overwrites: what the body leaves out becomes null or its
// default [I].
func (s *state) save(c *collection, id string, body map[string]any, now time.Time) (saved *record, created bool, refused *refusal) {
	previous, exists := c.find(id)
	if !exists && c.kind.serverID {
		return nil, false, notFound(c.kind.objectType, id)
	}
	next := &record{fields: c.kind.blank(nil)}
	if exists {
		next = previous.with()
		next.fields = c.kind.blank(previous.fields)
		if !putWithoutPasswordKeepsIt {
			next.password = ""
		}
	}
	password, refused := c.kind.apply(next.fields, body, false)
	if refused != nil {
		return nil, false, refused
	}
	if next.id() == "" {
		next.fields["ID"] = id
		if exists {
			next.fields["ID"] = previous.id()
		}
	}
	saved, refused = s.commit(&change{
		state: s, collection: c, previous: previous, next: next, password: password, now: now,
	})
	return saved, !exists, refused
}

// patch changes the given fields only, and merges xp [D].
func (s *state) patch(c *collection, id string, body map[string]any, now time.Time) (*record, *refusal) {
	previous, exists := c.find(id)
	if !exists {
		return nil, notFound(c.kind.objectType, id)
	}
	next := previous.with()
	password, refused := c.kind.apply(next.fields, body, true)
	if refused != nil {
		return nil, refused
	}
	if next.id() == "" {
		next.fields["ID"] = previous.id()
	}
	return s.commit(&change{
		state: s, collection: c, previous: previous, next: next, password: password, now: now,
	})
}

// remove deletes an object unless something needs it, and with it what is
// below it and its assignments.
func (s *state) remove(c *collection, id string) *refusal {
	r, exists := c.find(id)
	if !exists {
		return notFound(c.kind.objectType, id)
	}
	if c.kind.guard != nil {
		if refused := c.kind.guard(s, c, r); refused != nil {
			return refused
		}
	}
	s.erase(c, r)
	return nil
}

func (s *state) erase(c *collection, r *record) {
	objectPath := c.pathOf(r.id())
	if c.kind == s.kinds.buyer {
		for _, k := range s.kinds.perBuyer {
			below := s.collections[objectPath+"/"+k.segment]
			for _, each := range below.records {
				s.erase(below, each)
			}
			delete(s.collections, below.path)
		}
	}
	s.unindex(c, r)
	c.drop(r.id())
	for _, assigned := range []*relation{s.groupMembers, s.profiles, s.clientBuyers} {
		assigned.drop(objectPath)
	}
	s.generation++
}

// commit checks a change against the rest of the marketplace and stores it.
func (s *state) commit(change *change) (*record, *refusal) {
	c, next, previous := change.collection, change.next, change.previous
	if other, taken := c.find(next.id()); taken && other != previous {
		return nil, idExists(c.kind.objectType, next.id())
	}
	if c.kind.prepare != nil {
		if refused := c.kind.prepare(change); refused != nil {
			return nil, refused
		}
	}
	if previous != nil {
		s.unindex(c, previous)
		if c.kind.key(previous.id()) != c.kind.key(next.id()) {
			c.drop(previous.id())
		}
	}
	c.put(next)
	s.index(c, next)
	if c.kind == s.kinds.buyer && previous == nil {
		s.openBuyer(c.pathOf(next.id()))
	}
	if previous != nil && previous.id() != next.id() {
		s.renamed(c, previous.id(), next.id())
	}
	if c.kind == s.kinds.securityProfile {
		s.generation++
	}
	return next, nil
}

func (s *state) index(c *collection, r *record) {
	switch c.kind {
	case s.kinds.buyerUser, s.kinds.adminUser:
		s.usernames[usernameKey(r.text("Username"))] = c.pathOf(r.id())
	case s.kinds.impersonationConfig:
		s.configs.add(r)
	}
}

func (s *state) unindex(c *collection, r *record) {
	switch c.kind {
	case s.kinds.buyerUser, s.kinds.adminUser:
		delete(s.usernames, usernameKey(r.text("Username")))
	case s.kinds.impersonationConfig:
		s.configs.remove(r)
	}
}

// renamed lets everything that refers to an object follow its new ID.
func (s *state) renamed(c *collection, oldID, newID string) {
	from, to := c.pathOf(oldID), c.pathOf(newID)
	if c.kind == s.kinds.buyer {
		s.moveBuyer(from, to, newID)
	}
	s.generation++
	if !referencesFollowRename {
		return
	}
	for _, assigned := range []*relation{s.groupMembers, s.profiles, s.clientBuyers} {
		assigned.rename(from, to)
	}
	configs := s.collections[s.kinds.impersonationConfig.template]
	for _, config := range s.configs.naming(from) {
		moved := config.with()
		for _, named := range configReferences(config) {
			moved.fields[named.field] = followed(config.text(named.field), named.path, movePath(named.path, from, to))
		}
		s.unindex(configs, config)
		configs.put(moved)
		s.index(configs, moved)
	}
}

// followed keeps the text of a reference unless its last element has changed.
func followed(current, from, to string) string {
	if path.Base(from) == path.Base(to) {
		return current
	}
	return path.Base(to)
}

func (s *state) moveBuyer(from, to, newID string) {
	for _, k := range s.kinds.perBuyer {
		moved := s.collections[from+"/"+k.segment]
		delete(s.collections, moved.path)
		moved.path, moved.owner = to+"/"+k.segment, to
		s.collections[moved.path] = moved
		for _, each := range moved.records {
			if k != s.kinds.buyerUser {
				continue
			}
			follower := each.with()
			follower.fields["CompanyID"] = newID
			moved.put(follower)
			s.index(moved, follower)
		}
	}
}
