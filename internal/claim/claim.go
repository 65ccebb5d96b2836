// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package claim

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// State says how far a resource has come to own an object in OrderCloud.
type State string

const (
	// None is no claim: adoptionPolicy decides about an object that is there.
	None State = ""
	// Tried is no claim either. A create was sent before, for the same declaration, and
	// had no effect: it is sent again without writing a claim first, so that a creation
	// that is refused for days costs no write of the resource.
	Tried State = "Tried"
	// Fresh is a Pending claim that the present pass has made.
	Fresh State = "Fresh"
	// Pending is a claim that was written before a create whose effect is not known. It
	// gives a right to an object that shows exactly what was sent, and to no other.
	Pending State = "Pending"
	// Held is a claim that OrderCloud's answer or a look has confirmed: the object is
	// the resource's own, and is changed and deleted with it.
	Held State = "Held"
	// Elsewhere is a claim to another path, or in another marketplace than the present
	// one. It gives no right here.
	Elsewhere State = "Elsewhere"
)

// Claims says that the state is a claim to the object in the marketplace at hand.
func (s State) Claims() bool { return s == Fresh || s == Pending || s == Held }

// IsPending says that the state is a claim that nothing has confirmed yet.
func (s State) IsPending() bool { return s == Fresh || s == Pending }

// Claim is what is recorded of a claim. Its zero value is none.
type Claim struct {
	// State is Pending or Held; empty when there is no claim.
	State State
	// UID is that of the resource which made the claim: a copy has another one.
	UID types.UID
	// Marketplace is where the object is. One without a seller comes from a version of
	// the operator that recorded the base URL only.
	Marketplace Marketplace
	// Path is that of the object, such as buyers/acme/users/jdoe.
	Path string
	// Since is when the claim came into this state.
	Since time.Time
	// Sent is a digest of what the latest create sent, while the claim is Pending.
	Sent string
}

// At returns what a claim is worth to a resource that declares a path in a marketplace.
// Of a marketplace that is not proven the URL alone is compared.
func (c Claim) At(uid types.UID, here Marketplace, path string) State {
	switch {
	case c.State == None || c.UID != uid:
		return None
	case c.Path != path, here.URL != "" && c.Marketplace.URL != here.URL:
		return Elsewhere
	case c.Marketplace.IsProven() && here.IsProven() && c.Marketplace.SellerID != here.SellerID:
		return Elsewhere
	default:
		return c.State
	}
}

// FoldPath returns the form of a path in which two are equal that may name one object.
// Whether OrderCloud tells IDs apart that differ in letter case only is not established
// [N]. So they are in conflict with each other, and neither inherits from the other: both
// readings can refuse, and neither writes to another's object.
func FoldPath(path string) string { return strings.ToLower(path) }
