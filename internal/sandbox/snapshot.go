// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// snapshot is a whole marketplace as JSON, passwords and secrets included.
type snapshot struct {
	MarketplaceID string
	Objects       map[string][]snapshotObject // by collection path
	GroupMembers  [][2]string
	Profiles      [][2]string
	ClientBuyers  [][2]string
}

type snapshotObject struct {
	Fields       map[string]any
	Password     string `json:",omitempty"`
	OpenOrder    bool   `json:",omitempty"`
	FailedLogins int    `json:",omitempty"`
}

// Snapshot saves the whole marketplace, for [Sandbox.Restore] of this or
// another sandbox. It contains passwords and client secrets.
func (s *Sandbox) Snapshot() ([]byte, error) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	taken := snapshot{
		MarketplaceID: s.state.marketplaceID,
		Objects:       map[string][]snapshotObject{},
		GroupMembers:  s.state.groupMembers.pairs(),
		Profiles:      s.state.profiles.pairs(),
		ClientBuyers:  s.state.clientBuyers.pairs(),
	}
	for path, c := range s.state.collections {
		for _, key := range c.keys {
			r := c.records[key]
			taken.Objects[path] = append(taken.Objects[path], snapshotObject{
				Fields: r.fields, Password: r.password, OpenOrder: r.openOrder, FailedLogins: r.failedLogins,
			})
		}
	}
	encoded, err := json.Marshal(taken)
	if err != nil {
		return nil, fmt.Errorf("encoding the snapshot: %w", err)
	}
	return encoded, nil
}

// Restore replaces the whole marketplace, as happens to OrderCloud's staging
// every Sunday [D]: what was made since is gone, what was deleted is back.
// Faults and statistics stay.
func (s *Sandbox) Restore(taken []byte) error {
	restored, err := decodeSnapshot(taken, s.kinds)
	if err != nil {
		return fmt.Errorf("restoring a snapshot: %w", err)
	}
	s.mutex.Lock()
	s.state.generation++
	restored.generation = s.state.generation
	s.state = restored
	s.mutex.Unlock()
	if restoreRevokesTokens {
		s.RevokeTokens()
	}
	return nil
}

func decodeSnapshot(raw []byte, table *kinds) (*state, error) {
	var taken snapshot
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&taken); err != nil {
		return nil, fmt.Errorf("decoding: %w", err)
	}
	if taken.MarketplaceID == "" {
		return nil, errors.New("this is not a snapshot of a sandbox")
	}
	s := newState(taken.MarketplaceID, table)
	for _, each := range taken.Objects["buyers"] {
		s.openBuyer(buyerPath(textOf(each.Fields["ID"])))
	}
	for _, path := range slices.Sorted(maps.Keys(taken.Objects)) {
		c, known := s.collections[path]
		if !known {
			return nil, fmt.Errorf("there is no collection %s", path)
		}
		for _, each := range taken.Objects[path] {
			r := &record{
				fields: each.Fields, password: each.Password, openOrder: each.OpenOrder, failedLogins: each.FailedLogins,
			}
			c.put(r)
			s.index(c, r)
		}
	}
	for _, pair := range taken.GroupMembers {
		s.groupMembers.add(pair[0], pair[1])
	}
	for _, pair := range taken.Profiles {
		s.profiles.add(pair[0], pair[1])
	}
	for _, pair := range taken.ClientBuyers {
		s.clientBuyers.add(pair[0], pair[1])
	}
	return s, nil
}
