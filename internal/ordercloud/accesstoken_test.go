// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

func TestATokenForAUserIsAskedForAsDocumented(t *testing.T) {
	access := accessToken(jwt.MapClaims{"usr": "jdoe@acme.example", "imp": "operator", "role": []string{"Shopper", "MeAdmin"}, "cid": "abc"})
	server := newTestServer(t, func(writer http.ResponseWriter, _ *http.Request) { writeToken(writer, access, 599) })
	got, err := server.client.CreateAccessToken(t.Context(), "acme", "jdoe", AccessTokenRequest{ClientID: "abc", Roles: []string{"Shopper"}})
	if err != nil {
		t.Fatal(err)
	}
	want := UserToken{
		Access: Secret(access), Lifetime: 599 * time.Second, Roles: []string{"Shopper", "MeAdmin"}, Username: "jdoe@acme.example", Impersonator: "operator", ClientID: "abc",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	last := server.requests[len(server.requests)-1]
	if last.Method != http.MethodPost || last.URI != "/v1/buyers/acme/users/jdoe/accesstoken" || last.Body != `{"ClientID":"abc","Roles":["Shopper"],"CustomRoles":[]}` {
		t.Errorf("sent %s %s %s", last.Method, last.URI, last.Body)
	}
	if text := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(text, access) {
		t.Error("printing it tells the token")
	}
}

func TestATokenForAUserWithoutALifetimeEndsWhenItSays(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want time.Duration
	}{
		"its own claim": {`{"access_token": "` + accessToken(jwt.MapClaims{"exp": testNow.Add(time.Hour).Unix()}) + `"}`, time.Hour},
		"nothing":       {`{"access_token": "` + accessToken(jwt.MapClaims{}) + `"}`, assumedTokenLifetime},
		"nonsense":      {`{"expires_in": 1e300, "access_token": "` + accessToken(jwt.MapClaims{}) + `"}`, maximumLifetime},
	} {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, func(writer http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(writer, test.body) })
			got, err := server.client.CreateAccessToken(t.Context(), "acme", "jdoe", AccessTokenRequest{ClientID: "abc"})
			if err != nil || got.Lifetime != test.want {
				t.Errorf("it lives %s, %v", got.Lifetime, err)
			}
		})
	}
}

func TestAnAnswerWithoutATokenIsUnavailable(t *testing.T) {
	for name, body := range map[string]string{"no token": `{}`, "no JWT": `{"access_token": "abc"}`} {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, func(writer http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(writer, body) })
			_, err := server.client.CreateAccessToken(t.Context(), "acme", "jdoe", AccessTokenRequest{ClientID: "abc"})
			if !IsUnavailable(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestATokenForAUserIsAskedForOnce(t *testing.T) {
	server := newTestServer(t, func(writer http.ResponseWriter, _ *http.Request) { writer.WriteHeader(http.StatusBadGateway) })
	if _, err := server.client.CreateAccessToken(t.Context(), "acme", "jdoe", AccessTokenRequest{ClientID: "abc"}); !IsUnavailable(err) {
		t.Errorf("got %v", err)
	}
	if len(server.requests) != 1 {
		t.Errorf("%d requests were sent", len(server.requests))
	}
}

func TestNothingIsSentForAnIDThatNoUserHas(t *testing.T) {
	server := newTestServer(t, func(http.ResponseWriter, *http.Request) {})
	for _, ids := range [][2]string{{"..", "jdoe"}, {"acme", ""}, {"acme", "j/doe"}} {
		if _, err := server.client.CreateAccessToken(t.Context(), ids[0], ids[1], AccessTokenRequest{}); !IsInvalid(err) {
			t.Errorf("%q: got %v", ids, err)
		}
	}
	if len(server.requests) != 0 || server.tokenCount() != 0 {
		t.Error("something was sent")
	}
}

func TestAnotherTokenIsBorneOnceAndCostsNoneOfTheClients(t *testing.T) {
	server := newTestServer(t, func(writer http.ResponseWriter, request *http.Request) {
		if request.Header.Get("Authorization") != "Bearer theirs" {
			writeError(writer, http.StatusUnauthorized, "Auth.InvalidToken", nil)
			return
		}
		_, _ = io.WriteString(writer, `{"ID": "jdoe", "Buyer": {"ID": "acme"}}`)
	})
	me, err := server.client.MeWith(t.Context(), "theirs")
	if err != nil || me.ID != "jdoe" || me.BuyerID != "acme" {
		t.Errorf("got %+v, %v", me, err)
	}
	if _, err := server.client.MeWith(t.Context(), "expired"); !IsUnauthorized(err) {
		t.Errorf("got %v", err)
	}
	if len(server.requests) != 2 || server.tokenCount() != 0 {
		t.Errorf("%d requests and %d token requests were sent", len(server.requests), server.tokenCount())
	}
}

func TestAKeptTokenSaysWhomItStandsFor(t *testing.T) {
	access := Secret(accessToken(jwt.MapClaims{"usr": "jdoe", "imp": "operator", "role": "Shopper"}))
	got, err := ReadAccessToken(access)
	if diff := cmp.Diff(UserToken{Access: access, Roles: []string{"Shopper"}, Username: "jdoe", Impersonator: "operator"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	for _, access := range []Secret{"", "abc", "a.b.c"} {
		if _, err := ReadAccessToken(access); err == nil {
			t.Errorf("%q is taken for a token", access.Reveal())
		}
	}
}
