// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package claim says whose an object in OrderCloud is: the identity of a
// marketplace, and claims as data with pure functions. It asks nobody anything.
package claim

import (
	"net/url"
	"strings"
)

// Marketplace is the identity of a marketplace: its seller and where its API is. One
// seller alone is not enough, because staging is a copy of production [I], and neither
// is a URL, because all marketplaces of a region and environment share one [D].
type Marketplace struct {
	// SellerID is the seller's ID, as GET /v1/me told it for credentials that
	// OrderCloud accepted; empty while no such answer is known.
	SellerID string
	// URL is the base URL of OrderCloud's API in the form that CanonicalURL returns.
	URL string
}

// IsProven says that OrderCloud itself told the seller.
func (m Marketplace) IsProven() bool { return m.SellerID != "" }

// IsSame says that both are proven, and are one marketplace.
func (m Marketplace) IsSame(other Marketplace) bool { return m.IsProven() && m == other }

// CanonicalURL returns the form of a base URL in which two that reach the same place are
// equal: scheme and host in lower case, without the scheme's own port and without a slash
// at the end. It returns what it cannot read as it is.
func CanonicalURL(base string) string {
	parsed, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || parsed.Host == "" {
		return base
	}
	host := strings.ToLower(parsed.Host)
	switch parsed.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return parsed.Scheme + "://" + strings.TrimSuffix(host, ":")
}
