// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package claim

import "testing"

func TestTwoSpellingsOfOneBaseURLAreEqual(t *testing.T) {
	for name, test := range map[string]struct{ one, other string }{
		"letter case of the host":        {"https://API.OrderCloud.io", "https://api.ordercloud.io"},
		"a slash at the end":             {"https://api.ordercloud.io/", "https://api.ordercloud.io"},
		"the port of https":              {"https://api.ordercloud.io:443", "https://api.ordercloud.io"},
		"the port of http":               {"http://127.0.0.1:80/", "http://127.0.0.1"},
		"an empty port":                  {"https://api.ordercloud.io:", "https://api.ordercloud.io"},
		"an address of the sixth family": {"http://[::1]:80", "http://[::1]"},
	} {
		t.Run(name, func(t *testing.T) {
			if one, other := CanonicalURL(test.one), CanonicalURL(test.other); one != other {
				t.Errorf("%q and %q", one, other)
			}
		})
	}
}

func TestTwoPlacesStayTwo(t *testing.T) {
	for name, test := range map[string]struct{ one, other string }{
		"another host":             {"https://api.ordercloud.io", "https://stagingapi.ordercloud.io"},
		"another port":             {"http://127.0.0.1:9990", "http://127.0.0.1:9991"},
		"another scheme":           {"http://127.0.0.1:8443", "https://127.0.0.1:8443"},
		"the other scheme's port":  {"https://127.0.0.1:80", "https://127.0.0.1"},
		"what is no URL is itself": {"::", "https://api.ordercloud.io"},
	} {
		t.Run(name, func(t *testing.T) {
			if one, other := CanonicalURL(test.one), CanonicalURL(test.other); one == other {
				t.Errorf("%q and %q are both %q", test.one, test.other, one)
			}
		})
	}
}

func TestMarketplacesAreTheSameOnlyWhenBothAreProven(t *testing.T) {
	here := Marketplace{SellerID: "acme", URL: "https://api.ordercloud.io"}
	for name, test := range map[string]struct {
		one, other Marketplace
		want       bool
	}{
		"the same seller at the same URL": {here, here, true},
		"another seller":                  {here, Marketplace{"rival", here.URL}, false},
		"another URL":                     {here, Marketplace{"acme", "https://stagingapi.ordercloud.io"}, false},
		"one is not proven":               {here, Marketplace{URL: here.URL}, false},
		"neither is proven":               {Marketplace{URL: here.URL}, Marketplace{URL: here.URL}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.one.IsSame(test.other); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
