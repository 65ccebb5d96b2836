// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func fullUser() BuyerUser {
	return BuyerUser{
		ID: "jdoe", Username: "jane", Password: "hunter2-hunter2", FirstName: "Jane", LastName: "Doe",
		Email: "jane@example.com", Phone: new("555"), TermsAccepted: new(testNow), Active: true,
		XP:        json.RawMessage(`{"a":1}`),
		CompanyID: "acme", AvailableRoles: []string{"Shopper"}, DateCreated: new(testNow),
		LastActive: new(testNow), PasswordLastSetDate: new(testNow), FailedLoginAttempts: 3,
	}
}

func TestEachOperationSendsItsRequest(t *testing.T) {
	const (
		wholeUser = `{"ID":"jdoe","Username":"jane","Password":"hunter2-hunter2","FirstName":"Jane","LastName":"Doe",` +
			`"Email":"jane@example.com","Phone":"555","TermsAccepted":"2026-03-01T12:00:00Z","Active":true,"xp":{"a":1}}`
		emptyUser = `{"ID":"jdoe","Username":"","FirstName":"","LastName":"","Email":"","Phone":null,` +
			`"TermsAccepted":null,"Active":false,"xp":null}`
		config = `{"ID":"cs","ImpersonationBuyerID":null,"ImpersonationGroupID":null,"ImpersonationUserID":null,` +
			`"BuyerID":"acme","GroupID":null,"UserID":null,"SecurityProfileID":"p","ClientID":"c"}`
	)
	csDesk := ImpersonationConfig{ID: "cs", BuyerID: new("acme"), SecurityProfileID: "p", ClientID: "c"}
	tests := map[string]struct {
		call func(*testing.T, *Client) error
		want recordedRequest
	}{
		"reading a user": {
			func(t *testing.T, c *Client) error {
				_, err := c.BuyerUsers("acme").Get(t.Context(), "jdoe")
				return err
			},
			recordedRequest{Method: "GET", URI: "/v1/buyers/acme/users/jdoe"},
		},
		"creating a user sends every writable field and no read-only one": {
			func(t *testing.T, c *Client) error {
				_, err := c.BuyerUsers("acme").Create(t.Context(), fullUser())
				return err
			},
			recordedRequest{Method: "POST", URI: "/v1/buyers/acme/users", Body: wholeUser},
		},
		"saving an empty user sends nulls, the path's ID and no password": {
			func(t *testing.T, c *Client) error {
				_, err := c.BuyerUsers("acme").Save(t.Context(), "jdoe", BuyerUser{})
				return err
			},
			recordedRequest{Method: "PUT", URI: "/v1/buyers/acme/users/jdoe", Body: emptyUser},
		},
		"saving an admin user": {
			func(t *testing.T, c *Client) error {
				_, err := c.AdminUsers().Save(t.Context(), "jdoe", AdminUser(fullUser()))
				return err
			},
			recordedRequest{Method: "PUT", URI: "/v1/adminusers/jdoe", Body: wholeUser},
		},
		"patching sends a secret's value and an explicit null": {
			func(t *testing.T, c *Client) error {
				_, err := c.BuyerUsers("acme").Patch(t.Context(), "jdoe", map[string]any{
					"ID": "jdoe", "Password": Secret("hunter2"), "Phone": nil,
					"xp": map[string]any{"pins": []any{new(Secret("1234"))}},
				})
				return err
			},
			recordedRequest{
				Method: "PATCH", URI: "/v1/buyers/acme/users/jdoe",
				Body: `{"ID":"jdoe","Password":"hunter2","Phone":null,"xp":{"pins":["1234"]}}`,
			},
		},
		"deleting a user": {
			func(t *testing.T, c *Client) error { return c.BuyerUsers("acme").Delete(t.Context(), "jdoe") },
			recordedRequest{Method: "DELETE", URI: "/v1/buyers/acme/users/jdoe"},
		},
		"creating a config sends nulls": {
			func(t *testing.T, c *Client) error {
				_, err := c.ImpersonationConfigs().Create(t.Context(), csDesk)
				return err
			},
			recordedRequest{Method: "POST", URI: "/v1/impersonationconfig", Body: config},
		},
		"saving a config": {
			func(t *testing.T, c *Client) error {
				_, err := c.ImpersonationConfigs().Save(t.Context(), "cs", csDesk)
				return err
			},
			recordedRequest{Method: "PUT", URI: "/v1/impersonationconfig/cs", Body: config},
		},
		"creating a buyer": {
			func(t *testing.T, c *Client) error {
				_, err := c.Buyers().Create(t.Context(), Buyer{ID: "acme", Name: "Acme", Active: true})
				return err
			},
			recordedRequest{
				Method: "POST", URI: "/v1/buyers",
				Body: `{"ID":"acme","Name":"Acme","DefaultCatalogID":null,"Active":true,"xp":null}`,
			},
		},
		"reading a buyer's user group": {
			func(t *testing.T, c *Client) error { _, err := c.UserGroups("acme").Get(t.Context(), "g"); return err },
			recordedRequest{Method: "GET", URI: "/v1/buyers/acme/usergroups/g"},
		},
		"reading an admin user group": {
			func(t *testing.T, c *Client) error { _, err := c.AdminUserGroups().Get(t.Context(), "g"); return err },
			recordedRequest{Method: "GET", URI: "/v1/usergroups/g"},
		},
		"reading a security profile": {
			func(t *testing.T, c *Client) error { _, err := c.SecurityProfiles().Get(t.Context(), "p"); return err },
			recordedRequest{Method: "GET", URI: "/v1/securityprofiles/p"},
		},
		"reading oneself": {
			func(t *testing.T, c *Client) error { _, err := c.Me(t.Context()); return err },
			recordedRequest{Method: "GET", URI: "/v1/me"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			reply := replies(http.StatusCreated, test.want.ownID())
			if test.want.Method == http.MethodDelete {
				reply = replies(http.StatusNoContent, "")
			}
			server := newTestServer(t, reply)
			if err := test.call(t, server.client); err != nil {
				t.Fatal(err)
			}
			got := server.recorded()[0]
			got.Authorization = ""
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAnswersAreReadWithEmptyStringsAndNullsAsNil(t *testing.T) {
	t.Run("a user with everything", func(t *testing.T) {
		server := newTestServer(t, replies(http.StatusOK, `{"ID":"jdoe","Username":"jane","Password":"x","FirstName":"Jane",
			"LastName":"Doe","Email":"jane@example.com","Phone":"555","TermsAccepted":"2026-03-01T14:00:00+02:00",
			"Active":true,"xp":{"a":1},"CompanyID":"acme","AvailableRoles":["Shopper"],"Locale":{"ID":"l"},
			"DateCreated":"2026-03-01T12:00:00","LastActive":"2026-03-01T12:00:00.000+00:00",
			"PasswordLastSetDate":"2026-03-01T12:00:00Z","FailedLoginAttempts":3,"Later":"field"}`))
		want := fullUser()
		want.Password = ""
		got, err := server.client.BuyerUsers("acme").Get(t.Context(), "jdoe")
		if err != nil {
			t.Fatal(err)
		}
		equalTimes := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
		if diff := cmp.Diff(want, got, equalTimes); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
	t.Run("a user with nothing", func(t *testing.T) {
		server := newTestServer(t, replies(http.StatusOK,
			`{"ID":"jdoe","Phone":"","TermsAccepted":null,"xp":null,"AvailableRoles":null,"LastActive":null}`))
		got, err := server.client.BuyerUsers("acme").Get(t.Context(), "jdoe")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(BuyerUser{ID: "jdoe"}, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
	t.Run("a config with empty strings", func(t *testing.T) {
		server := newTestServer(t, replies(http.StatusOK, `{"ID":"cs","ImpersonationBuyerID":"","ImpersonationGroupID":null,
			"BuyerID":"acme","UserID":"","SecurityProfileID":"p","ClientID":"C"}`))
		got, err := server.client.ImpersonationConfigs().Get(t.Context(), "cs")
		if err != nil {
			t.Fatal(err)
		}
		want := ImpersonationConfig{ID: "cs", BuyerID: new("acme"), SecurityProfileID: "p", ClientID: "C"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
	t.Run("the own user", func(t *testing.T) {
		server := newTestServer(t, replies(http.StatusOK,
			`{"ID":"op","Username":"operator","Active":true,"AvailableRoles":["A"],"Seller":{"ID":"s"},"Buyer":null}`))
		got, err := server.client.Me(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := Me{ID: "op", Username: "operator", Active: true, AvailableRoles: []string{"A"}, SellerID: "s"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestRequestsThatWouldDoHarmAreRefused(t *testing.T) {
	server := newTestServer(t, replies(http.StatusOK, `{"ID":"x"}`))
	ctx := t.Context()
	_, saveRenames := server.client.BuyerUsers("acme").Save(ctx, "jdoe", BuyerUser{ID: "JDoe"})
	_, patchRenames := server.client.BuyerUsers("acme").Patch(ctx, "jdoe", map[string]any{"ID": "other"})
	_, createsClient := server.client.APIClients().Create(ctx, APIClient{ID: "a"})
	_, savesClient := server.client.APIClients().Save(ctx, "a", APIClient{})
	_, badXP := server.client.BuyerUsers("acme").Save(ctx, "jdoe", BuyerUser{XP: json.RawMessage(`{"half`)})
	for name, err := range map[string]error{
		"a PUT that renames": saveRenames, "a PATCH that renames": patchRenames,
		"creating an API client": createsClient, "saving a part of an API client": savesClient,
		"an xp that is not JSON": badXP,
	} {
		if !IsInvalid(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if requests := server.recorded(); len(requests) != 0 {
		t.Errorf("something was sent: %v", requests)
	}
}

func TestPathIsWithoutTheVersion(t *testing.T) {
	client := newTestServer(t, nil).client
	got := []string{client.BuyerUsers("acme").Path("jdoe"), client.ImpersonationConfigs().Path("cs-desk")}
	want := []string{"buyers/acme/users/jdoe", "impersonationconfig/cs-desk"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnAnswerWithAnotherIDIsNotTheObject(t *testing.T) {
	server := newTestServer(t, replies(http.StatusOK, `{"id":"request-4711","message":"accepted"}`))
	users := server.client.BuyerUsers("acme")
	for name, call := range map[string]func() (BuyerUser, error){
		"reading":  func() (BuyerUser, error) { return users.Get(t.Context(), "jdoe") },
		"creating": func() (BuyerUser, error) { return users.Create(t.Context(), BuyerUser{ID: "jdoe"}) },
		"patching": func() (BuyerUser, error) { return users.Patch(t.Context(), "jdoe", map[string]any{"Active": true}) },
	} {
		if _, err := call(); !IsUnavailable(err) || HadNoEffect(err) {
			t.Errorf("%s: got %v, no effect: %t", name, err, HadNoEffect(err))
		}
	}
}
