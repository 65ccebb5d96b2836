// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Values of the usrtype claim [D].
const (
	userTypeAdmin = "admin"
	userTypeBuyer = "buyer"
)

// prunedAbove is from how many remembered tokens on expired ones are dropped.
const prunedAbove = 10_000

// grant is what a token stands for.
type grant struct {
	username     string
	userType     string
	clientID     string
	roles        []string
	impersonator string // username; empty on ordinary tokens
	expires      time.Time
	revoked      bool
}

// caller is who sent a request, as the marketplace knows it now.
type caller struct {
	collection *collection
	user       *record
	company    string // path of the buyer; empty for admin users
	userType   string
	roles      []string
}

// tokens remembers every token that was issued: the JWT says what it is for,
// and the memory whether it was revoked since.
type tokens struct {
	now func() time.Time
	key []byte

	mutex   sync.Mutex
	issued  map[string]*grant // by token
	refresh map[string]*grant // by refresh token
}

func newTokens(now func() time.Time) *tokens {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails; see crypto/rand
	return &tokens{now: now, key: key, issued: map[string]*grant{}, refresh: map[string]*grant{}}
}

// issue signs a token with the documented claims [D].
func (t *tokens) issue(given grant, issuer string) (string, error) {
	claims := jwt.MapClaims{
		"usr":     given.username,
		"cid":     strings.ToLower(given.clientID),
		"usrtype": given.userType,
		"iss":     issuer,
		"aud":     issuer,
		"nbf":     t.now().Unix(),
		// Rounded up, so that a lifetime under a second is not over at once;
		// the memory knows the exact end.
		"exp": given.expires.Add(time.Second - 1).Unix(),
		// Tells apart two tokens of one user and one second.
		"jti": newObjectID(),
	}
	switch len(given.roles) {
	case 0:
	case 1:
		claims["role"] = given.roles[0]
	default:
		claims["role"] = given.roles
	}
	if given.impersonator != "" {
		claims["imp"] = given.impersonator
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(t.key)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if len(t.issued) >= prunedAbove {
		t.prune()
	}
	t.issued[signed] = &given
	return signed, nil
}

func (t *tokens) prune() {
	for token, each := range t.issued {
		if !t.now().Before(each.expires) {
			delete(t.issued, token)
		}
	}
}

// verify returns what a token stands for, or why it is refused.
func (t *tokens) verify(token string) (grant, *refusal) {
	invalid := refuse(http.StatusUnauthorized, codeInvalidToken, "The access token is missing, invalid or expired.", nil)
	if token == "" {
		return grant{}, invalid
	}
	key := func(*jwt.Token) (any, error) { return t.key, nil }
	_, err := jwt.Parse(token, key, jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(t.now))
	if err != nil {
		return grant{}, invalid
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	known, ok := t.issued[token]
	switch {
	case !ok || !t.now().Before(known.expires):
		return grant{}, invalid
	case known.revoked:
		return grant{}, refuse(http.StatusUnauthorized, "Auth.TokenRevoked", "The access token has been revoked.", nil)
	}
	return *known, nil
}

func (t *tokens) revoke(token string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if known, ok := t.issued[token]; ok {
		known.revoked = true
	}
}

func (t *tokens) expire(token string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if known, ok := t.issued[token]; ok {
		known.expires = t.now()
	}
}

// revokeWhere revokes the tokens of some users.
func (t *tokens) revokeWhere(applies func(username string) bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, each := range t.issued {
		if applies(each.username) {
			each.revoked = true
		}
	}
	for token, each := range t.refresh {
		if applies(each.username) {
			delete(t.refresh, token)
		}
	}
}

// remember keeps a refresh token.
func (t *tokens) remember(given grant) string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	token := newObjectID()
	t.refresh[token] = &given
	return token
}

// redeem uses a refresh token up.
func (t *tokens) redeem(token string) (grant, bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	known, ok := t.refresh[token]
	if !ok || !t.now().Before(known.expires) {
		return grant{}, false
	}
	delete(t.refresh, token)
	return *known, true
}

// bearer is the token of a request.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// authenticate finds who sent a request. The user must still exist and be
// active.
func (s *Sandbox) authenticate(r *http.Request) (*caller, *refusal) {
	known, refused := s.tokens.verify(bearer(r))
	if refused != nil {
		return nil, refused
	}
	c, user, found := s.state.userByName(known.username)
	if !found {
		return nil, refuse(http.StatusUnauthorized, "Auth.UserNotFound", "The user of the token does not exist.", nil)
	}
	if user.fields["Active"] != true {
		return nil, refuse(http.StatusUnauthorized, "Auth.UserNotActive", "The user of the token is not active.", nil)
	}
	return &caller{
		collection: c, user: user, company: c.owner, userType: known.userType, roles: known.roles,
	}, nil
}
