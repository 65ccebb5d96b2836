// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package claim

import "time"

// Contender is one of several resources that declare the same object.
type Contender struct {
	// Claim is what its claim to the object is worth.
	Claim State
	// Leaves says that it is being deleted.
	Leaves bool
	// Created is when it was created.
	Created time.Time
	// Name is its NAMESPACE/NAME.
	Name string
}

// GoesBefore says that a contender has the better right than another one. The one that
// holds the claim has it, then one whose create may have taken effect. One that is being deleted has less than one that stays: it may
// have handed its claim over and not have let go of its own yet. The older one goes before
// the younger, and the name decides between two that were created in the same second.
func (c Contender) GoesBefore(other Contender) bool {
	mine, theirs := strength(c.Claim), strength(other.Claim)
	switch {
	case mine != theirs:
		return mine > theirs
	case c.Leaves != other.Leaves:
		return other.Leaves
	case !c.Created.Equal(other.Created):
		return c.Created.Before(other.Created)
	default:
		return c.Name < other.Name
	}
}

func strength(of State) int {
	switch {
	case of == Held:
		return 2
	case of.IsPending():
		return 1
	default:
		return 0
	}
}
