// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package claim

import (
	"testing"
	"time"
)

const path = "buyers/acme/users/jdoe"

func TestAClaimIsWorthSomethingOnlyWhereItWasMade(t *testing.T) {
	here := Marketplace{SellerID: "acme-shop", URL: "https://api.ordercloud.io"}
	made := func(change func(*Claim)) Claim {
		claimed := Claim{State: Held, UID: "jdoe", Marketplace: here, Path: path}
		change(&claimed)
		return claimed
	}
	for name, test := range map[string]struct {
		claim Claim
		here  Marketplace
		want  State
	}{
		"to its resource, at its path, in its marketplace": {made(func(*Claim) {}), here, Held},
		"while nothing confirms it":                        {made(func(c *Claim) { c.State = Pending }), here, Pending},
		"no claim":                                         {Claim{}, here, None},
		"to a copy of the resource":                        {made(func(c *Claim) { c.UID = "original" }), here, None},
		"at another path":                                  {made(func(c *Claim) { c.Path = "buyers/acme/users/other" }), here, Elsewhere},
		"at a path in other letters":                       {made(func(c *Claim) { c.Path = "buyers/acme/users/JDoe" }), here, Elsewhere},
		"with another seller":                              {made(func(*Claim) {}), Marketplace{"rival-shop", here.URL}, Elsewhere},
		"at another URL":                                   {made(func(*Claim) {}), Marketplace{here.SellerID, "https://stagingapi.ordercloud.io"}, Elsewhere},
		"at another URL that is not proven":                {made(func(*Claim) {}), Marketplace{URL: "https://stagingapi.ordercloud.io"}, Elsewhere},
		"at its URL, while nothing is proven":              {made(func(*Claim) {}), Marketplace{URL: here.URL}, Held},
		"while nothing is known":                           {made(func(*Claim) {}), Marketplace{}, Held},
		"of a version that recorded no seller":             {made(func(c *Claim) { c.Marketplace.SellerID = "" }), here, Held},
		"of such a version, at another URL": {
			made(func(c *Claim) { c.Marketplace = Marketplace{URL: "https://stagingapi.ordercloud.io"} }), here, Elsewhere,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.claim.At("jdoe", test.here, path); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOfTwoThatDeclareOneObjectOneHasTheBetterRight(t *testing.T) {
	noon := time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	base := Contender{Created: noon, Name: "shop/jdoe"}
	with := func(change func(*Contender)) Contender {
		changed := base
		change(&changed)
		return changed
	}
	for name, test := range map[string]struct{ first, second Contender }{
		"the one that holds the claim, though younger": {
			with(func(c *Contender) { c.Claim, c.Created = Held, noon.Add(time.Hour) }), base,
		},
		"the one that holds the claim, though it is being deleted": {
			with(func(c *Contender) { c.Claim, c.Leaves = Held, true }), base,
		},
		"the one that holds the claim before one whose create may have taken effect": {
			with(func(c *Contender) { c.Claim, c.Created = Held, noon.Add(time.Hour) }), with(func(c *Contender) { c.Claim = Pending }),
		},
		"the one whose create may have taken effect before one that has sent none": {
			with(func(c *Contender) { c.Claim, c.Created = Pending, noon.Add(time.Hour) }), base,
		},
		"the one that stays, though younger": {
			with(func(c *Contender) { c.Created = noon.Add(time.Hour) }), with(func(c *Contender) { c.Leaves = true }),
		},
		"the older": {base, with(func(c *Contender) { c.Created = noon.Add(time.Second) })},
		"of the same second the first by name": {
			base, with(func(c *Contender) { c.Name = "shop/zoe" }),
		},
		"a claim elsewhere counts for nothing": {
			base, with(func(c *Contender) { c.Claim, c.Created = Elsewhere, noon.Add(time.Second) }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			if !test.first.GoesBefore(test.second) {
				t.Error("it does not go first")
			}
			if test.second.GoesBefore(test.first) {
				t.Error("the other one goes first as well")
			}
		})
	}
}
