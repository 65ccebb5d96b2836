// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox/contract"
)

func TestTheMarketplacesOfARegionShareABaseURLAndNothingElse(t *testing.T) {
	var boxes []*sandbox.Sandbox
	for _, seller := range []string{"", "another-seller"} {
		seed := sandbox.DefaultSeed()
		if seller != "" {
			seed = seed.OfSeller(seller)
		}
		box, err := sandbox.New(sandbox.WithSeed(seed))
		if err != nil {
			t.Fatal(err)
		}
		boxes = append(boxes, box)
	}
	server := httptest.NewServer(contract.Handler(t, sandbox.Region(boxes...)))
	t.Cleanup(server.Close)
	for index, want := range []string{"sandbox-marketplace", "another-seller"} {
		s := &service{Sandbox: boxes[index], t: t, url: server.URL}
		operator := s.asOperator("BuyerUserAdmin")
		if got := operator.send(http.MethodGet, "/v1/me", nil); !strings.Contains(got.raw, `"Seller":{"ID":"`+want+`"}`) {
			t.Errorf("GET /v1/me: %s", got.raw)
		}
		user := object{
			"ID": "of-" + want, "Username": "u-" + want, "FirstName": "F", "LastName": "L", "Email": "a@b.example", "Active": true,
		}
		if got := operator.send(http.MethodPost, "/v1/buyers/acme/users", user); got.status != http.StatusCreated {
			t.Errorf("%d %s", got.status, got.raw)
		}
		for number, box := range boxes {
			if _, exists := box.Object("buyers/acme/users/of-" + want); exists != (number == index) {
				t.Errorf("marketplace %d has the user of %s: %v", number, want, exists)
			}
		}
	}
	stranger := &service{Sandbox: boxes[0], t: t, url: server.URL}
	if got := stranger.requestToken(clientForm("5A3D0C5E-1D7B-4C0E-9A43-0000000000FF", "x", "Shopper")); got.status != http.StatusUnauthorized {
		t.Errorf("an API client of none: %d", got.status)
	}
	if got := stranger.with("of-none").send(http.MethodGet, "/v1/me", nil); got.status != http.StatusUnauthorized {
		t.Errorf("a token of none: %d", got.status)
	}
}
