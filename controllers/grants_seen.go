// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// grantsSeen remembers, for each Marketplace, what was seen of the impersonation
// configs in OrderCloud. The zero value remembers nothing.
type grantsSeen struct {
	lock    sync.Mutex
	entries map[types.NamespacedName]grantsEntry
}

type grantsEntry struct {
	attempt attempt
	// grants are as of the latest attempt that succeeded; nil if none did.
	grants *grantList
	// told is of which unmanaged ones events told; nil until any did.
	told *toldGrants
}

// attempt is the latest try to list all impersonation configs.
type attempt struct {
	client      *ordercloud.Client
	generation  int64
	reconcileAt string
	// due is when to try again.
	due time.Time
	// problem is why they could not be listed, else nil.
	problem *failure.Failure
	// lackedRole: the token had not got the role that it takes.
	lackedRole bool
}

// grantList is what was found among all impersonation configs of a marketplace in
// OrderCloud. It is not changed, but replaced.
type grantList struct {
	// of is the marketplace that holds them.
	of claim.Marketplace
	// generation of the Marketplace for which they were listed.
	generation int64
	// unmanaged are the IDs of those that no object declares, sorted.
	unmanaged []string
	wide      v1alpha1.WideGrants
}

// areOf says that the grants are those of the marketplace, as far as is known.
func (g *grantList) areOf(reached claim.Marketplace) bool {
	return g != nil && (g.of == reached || g.of.URL == reached.URL && !reached.IsProven())
}

func (s *grantsSeen) entry(key types.NamespacedName) grantsEntry {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.entries[key]
}

func (s *grantsSeen) change(key types.NamespacedName, edit func(*grantsEntry)) {
	s.lock.Lock()
	defer s.lock.Unlock()
	changed := s.entries[key]
	edit(&changed)
	if s.entries == nil {
		s.entries = map[types.NamespacedName]grantsEntry{}
	}
	s.entries[key] = changed
}

// replace puts grants in the place of others, unless newer ones are there by now.
func (s *grantsSeen) replace(key types.NamespacedName, before, after *grantList) {
	s.change(key, func(entry *grantsEntry) {
		if entry.grants == before {
			entry.grants = after
		}
	})
}

func (s *grantsSeen) forget(key types.NamespacedName) {
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.entries, key)
}

// whoseUnmanaged lists the Marketplaces of whose impersonation configs the one with
// the ID is unmanaged.
func (s *grantsSeen) whoseUnmanaged(id string) []types.NamespacedName {
	s.lock.Lock()
	defer s.lock.Unlock()
	var keys []types.NamespacedName
	for key, entry := range s.entries {
		if entry.grants == nil {
			continue
		}
		if _, found := slices.BinarySearch(entry.grants.unmanaged, id); found {
			keys = append(keys, key)
		}
	}
	return keys
}
