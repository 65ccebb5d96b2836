// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ordercloud-operator/ordercloud-operator/internal/wording"
)

// maximumLifetime bounds what an answer says about a token's end, so that no
// number in it overflows; the documented maximum is ten hours [D].
const maximumLifetime = 24 * time.Hour

// Token says what the client's access token stands for. The access token
// itself is not part of it.
type Token struct {
	// Roles are the roles that were granted. Those asked for that the user does
	// not hold are silently missing [D].
	Roles []string
	// Username is the user who acts: the API client's default context user [D].
	Username string
	// ClientID is the API client's GUID in lower case [I].
	ClientID string
	// Expiry is when the token ends, by this machine's clock.
	Expiry time.Time
}

// errNoToken says that a text is no token of OrderCloud's.
var errNoToken = errors.New("no OrderCloud token")

// claims are those of OrderCloud's tokens that this client reads [D].
type claims struct {
	Roles    jwt.ClaimStrings `json:"role"`
	Username string           `json:"usr"`
	// Impersonator is only on impersonation tokens.
	Impersonator string `json:"imp"`
	ClientID     string `json:"cid"`
	jwt.RegisteredClaims
}

// readClaims does not verify the signature. The token came from the token
// endpoint itself and its claims are only reported: no decision about trust
// rests on them, so a signing method that is not known does not matter either.
func readClaims(accessToken string) (claims, error) {
	var read claims
	_, _, err := jwt.NewParser().ParseUnverified(accessToken, &read)
	if err != nil && !errors.Is(err, jwt.ErrTokenUnverifiable) {
		return claims{}, errNoToken
	}
	read.Roles = bounded(read.Roles)
	read.Username = wording.Cut(wording.Printable(read.Username), maximumName)
	read.Impersonator = wording.Cut(wording.Printable(read.Impersonator), maximumName)
	return read, nil
}

const (
	// maximumName is longer than any name that OrderCloud admits, in bytes [D].
	maximumName = 250
	// maximumRoles are more than OrderCloud has; a marketplace adds some of its own.
	maximumRoles = 1000
)

// bounded leaves out what can be no role: whatever a token claims is recorded, and a list
// that the API server does not admit would freeze what is recorded beside it.
func bounded(roles []string) []string {
	var kept []string
	for _, role := range roles {
		if len(kept) < maximumRoles && role != "" && len(role) <= maximumName && wording.Printable(role) == role {
			kept = append(kept, role)
		}
	}
	return kept
}

// lifetime prefers expires_in to the exp claim, because it does not depend on
// the two clocks agreeing.
func (c claims) lifetime(expiresIn time.Duration, now time.Time) time.Duration {
	if expiresIn > 0 {
		return expiresIn
	}
	// A token that has ended by this clock means that the clocks disagree.
	if c.ExpiresAt != nil && c.ExpiresAt.After(now) {
		return min(c.ExpiresAt.Sub(now), maximumLifetime)
	}
	return assumedTokenLifetime
}
