// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// AccessTokenRequest asks for a token with which the caller acts as a buyer user.
type AccessTokenRequest struct {
	// ClientID is the GUID of the application's API client, in either letter case;
	// required [D].
	ClientID string `json:"ClientID"`
	// Roles of OrderCloud that are asked for; required, may be empty [D].
	Roles []string `json:"Roles"`
	// CustomRoles of the marketplace that are asked for [D].
	CustomRoles []string `json:"CustomRoles"`
}

// UserToken is a token that stands for a buyer user.
type UserToken struct {
	// Access is the access token itself.
	Access Secret
	// Lifetime is how long it is good from when it was issued; 0 where that is not
	// known, see ReadAccessToken.
	Lifetime time.Duration
	// Roles are those that were granted.
	Roles []string
	// Username is whom it stands for, claim usr [D].
	Username string
	// Impersonator is who acts with it, claim imp [D].
	Impersonator string
	// ClientID is the GUID of the application's API client, in lower case [I].
	ClientID string
}

// CreateAccessToken asks for a token for a buyer user; the client's own token needs
// BuyerImpersonation [D]. The answer's roles are those of the impersonation config's
// security profile, limited to the ones asked for [I]. IsNotFound tells that there is
// no such user; HasCode tells CodeImpersonationConfigError, CodeImpersonationClientIDNotFound
// and CodeImpersonationBuyerNotAssigned. It is never repeated, though a repetition would
// do no harm: a token that nobody knows expires.
func (c *Client) CreateAccessToken(ctx context.Context, buyerID, userID string, wanted AccessTokenRequest) (UserToken, error) {
	users := c.BuyerUsers(buyerID)
	if err := users.check(userID); err != nil {
		return UserToken{}, err
	}
	if wanted.Roles == nil {
		wanted.Roles = []string{} // null is no list
	}
	if wanted.CustomRoles == nil {
		wanted.CustomRoles = []string{}
	}
	request := users.itemCall(http.MethodPost, userID, wanted)
	request.route, request.path = request.route+"/accesstoken", request.path+"/accesstoken"
	request.wants = answer.Token
	var issued struct {
		AccessToken string      `json:"access_token"`
		ExpiresIn   json.Number `json:"expires_in"`
	}
	if err := c.do(ctx, request, &issued); err != nil {
		return UserToken{}, err
	}
	read, err := readClaims(issued.AccessToken)
	if err != nil {
		return UserToken{}, users.unreadable(request)
	}
	seconds, _ := issued.ExpiresIn.Float64() // 0 where there is none
	token := read.userToken(issued.AccessToken)
	token.Lifetime = read.lifetime(secondsOf(seconds), c.now())
	return token, nil
}

func (c claims) userToken(access string) UserToken {
	return UserToken{Access: Secret(access), Roles: c.Roles, Username: c.Username, Impersonator: c.Impersonator, ClientID: c.ClientID}
}

// ReadAccessToken returns what a token that was kept somewhere says of itself; its
// Lifetime is not known. The error says only that it is no token of OrderCloud's.
func ReadAccessToken(access Secret) (UserToken, error) {
	read, err := readClaims(access.Reveal())
	if err != nil {
		return UserToken{}, err
	}
	return read.userToken(access.Reveal()), nil
}

// MeWith returns the user whom another token than the client's stands for.
// IsUnauthorized tells that the token is no good: revoked, expired, or its user is
// gone or inactive.
func (c *Client) MeWith(ctx context.Context, access Secret) (Me, error) { return c.me(ctx, access) }
