// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package grants is the rule by which OrderCloud decides who may impersonate whom: in
// which application, and with which roles. It is pure: what it knows of a marketplace is
// a Snapshot that somebody else has read.
//
// Facts about OrderCloud are tagged with where they come from: [D] documented, [I]
// inferred from official clients and tools, [N] not established; what the rule makes of
// the last kind is in assumptions.go.
package grants
