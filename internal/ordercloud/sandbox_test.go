// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const storefront = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1"

// marketplace starts a sandbox and a client that may do what the operator may.
func marketplace(t *testing.T) (*sandbox.Sandbox, *ordercloud.Client) {
	t.Helper()
	box, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(box)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	clientID, secret := box.Credentials()
	return box, connect(t, server.URL, clientID, secret)
}

func connect(t *testing.T, url, clientID, secret string) *ordercloud.Client {
	t.Helper()
	client, err := ordercloud.New(ordercloud.Config{
		BaseURL: url, ClientID: clientID, ClientSecret: ordercloud.Secret(secret), UserAgent: "ordercloud-operator/test",
		Scopes: []string{"SetSecurityProfile", "BuyerUserAdmin", "BuyerReader", "SecurityProfileReader", "ApiClientReader", "AdminUserReader", "AdminUserGroupReader", "UserGroupReader", "OrderAdmin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func jane() ordercloud.BuyerUser {
	phone := "555-0100"
	return ordercloud.BuyerUser{
		ID: "jdoe", Username: "jdoe@acme.example", Password: "Long-Enough-1", FirstName: "Jane", LastName: "Doe",
		Email: "jdoe@acme.example", Phone: &phone, Active: true, XP: json.RawMessage(`{"team":"blue"}`),
	}
}

// written leaves out what the server alone decides.
var written = cmpopts.IgnoreFields(ordercloud.BuyerUser{}, "Password", "CompanyID", "AvailableRoles",
	"DateCreated", "LastActive", "PasswordLastSetDate", "FailedLoginAttempts")

func TestAUserLivesThroughTheSandbox(t *testing.T) {
	box, client := marketplace(t)
	ctx := t.Context()
	users := client.BuyerUsers("acme")

	created, err := users.Create(ctx, jane())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(jane(), created, written); diff != "" {
		t.Errorf("created (-want +got)\n%s", diff)
	}
	if created.CompanyID != "acme" || created.DateCreated == nil || created.PasswordLastSetDate == nil {
		t.Errorf("the read-only fields are missing: %+v", created)
	}
	if password, _ := box.Password(users.Path("jdoe")); password != "Long-Enough-1" {
		t.Error("the password did not arrive")
	}
	if _, err := users.Create(ctx, jane()); !ordercloud.IsIDExists(err) {
		t.Errorf("creating it again: got %v", err)
	}
	other := jane()
	other.ID = "other"
	if _, err := users.Save(ctx, "other", other); !ordercloud.IsUsernameTaken(err) {
		t.Errorf("taking the username: got %v", err)
	}

	patched, err := users.Patch(ctx, "jdoe", map[string]any{
		"Phone": nil, "xp": map[string]any{"floor": 3}, "Password": ordercloud.Secret("Longer-Enough-2"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if patched.Phone != nil || !strings.Contains(string(patched.XP), "team") || !strings.Contains(string(patched.XP), "floor") {
		t.Errorf("patched: got phone %v and xp %s", patched.Phone, patched.XP)
	}
	if password, _ := box.Password(users.Path("jdoe")); password != "Longer-Enough-2" {
		t.Error("the patched password did not arrive")
	}

	whole := jane()
	whole.Password, whole.XP = "", nil
	saved, err := users.Save(ctx, "jdoe", whole)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, saved, written); diff != "" {
		t.Errorf("saved (-want +got)\n%s", diff)
	}
	read, err := users.Get(ctx, "jdoe")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(saved, read); diff != "" {
		t.Errorf("read (-want +got)\n%s", diff)
	}
	if err := users.Delete(ctx, "jdoe"); err != nil {
		t.Fatal(err)
	}
	if err := users.Delete(ctx, "jdoe"); !ordercloud.IsNotFound(err) {
		t.Errorf("deleting it again: got %v", err)
	}
}

func TestAnImpersonationConfigLivesThroughTheSandbox(t *testing.T) {
	_, client := marketplace(t)
	ctx := t.Context()
	configs := client.ImpersonationConfigs()
	buyer, user := "acme", "walk-in"
	config := ordercloud.ImpersonationConfig{
		ID: "cs-desk", BuyerID: &buyer, UserID: &user, SecurityProfileID: "cs-rep", ClientID: storefront,
	}
	lowerCase := cmp.Transformer("lower", func(config ordercloud.ImpersonationConfig) [9]any {
		return [9]any{config.ID, config.ImpersonationBuyerID, config.ImpersonationGroupID, config.ImpersonationUserID, config.BuyerID, config.GroupID, config.UserID, config.SecurityProfileID, strings.ToLower(config.ClientID)}
	})

	created, err := configs.Create(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config, created, lowerCase); diff != "" {
		t.Errorf("created (-want +got)\n%s", diff)
	}
	if err := client.BuyerUsers("acme").Delete(ctx, "walk-in"); !ordercloud.IsInUse(err) {
		t.Errorf("deleting the impersonated user: got %v", err)
	}
	config.UserID = nil
	saved, err := configs.Save(ctx, "cs-desk", config)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config, saved, lowerCase); diff != "" {
		t.Errorf("saved (-want +got)\n%s", diff)
	}
	config.SecurityProfileID = "no-such"
	_, err = configs.Save(ctx, "cs-desk", config)
	if objectType, objectID, ok := ordercloud.MissingObject(err); !ordercloud.IsNotFound(err) || !ok || objectID != "no-such" {
		t.Errorf("naming a missing profile: got %v, %q %q", err, objectType, objectID)
	}
	if err := configs.Delete(ctx, "cs-desk"); err != nil {
		t.Fatal(err)
	}
}

func TestReferencesAndTheTokenAreReadFromTheSandbox(t *testing.T) {
	_, client := marketplace(t)
	ctx := t.Context()
	token, err := client.Token(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(token.Roles, "SetSecurityProfile") || slices.Contains(token.Roles, "OrderAdmin") {
		t.Errorf("got the roles %v", token.Roles)
	}
	me, err := client.Me(ctx)
	if err != nil || me.Username != token.Username || me.ID != "operator" {
		t.Errorf("got %+v, %v", me, err)
	}
	_, buyerError := client.Buyers().Get(ctx, "acme")
	_, profileError := client.SecurityProfiles().Get(ctx, "cs-rep")
	_, clientError := client.APIClients().Get(ctx, strings.ToLower(storefront))
	_, groupError := client.UserGroups("acme").Get(ctx, "purchasers")
	_, adminGroupError := client.AdminUserGroups().Get(ctx, "customer-service")
	_, adminError := client.AdminUsers().Get(ctx, "jane")
	for _, err := range []error{buyerError, profileError, clientError, groupError, adminGroupError, adminError} {
		if err != nil {
			t.Error(err)
		}
	}
	page, err := client.APIClients().List(ctx, ordercloud.Query{Filters: []ordercloud.Filter{{Field: "AppName", Expression: "Storefront"}}})
	if err != nil || len(page.Items) != 1 || !strings.EqualFold(page.Items[0].ID, storefront) {
		t.Errorf("got %+v, %v", page, err)
	}
	if _, err := client.Buyers().Create(ctx, ordercloud.Buyer{ID: "new", Name: "New"}); !ordercloud.IsForbidden(err) {
		t.Errorf("without the role: got %v", err)
	}
	if _, err := client.BuyerUsers("no-such").Get(ctx, "jdoe"); !ordercloud.IsNotFound(err) {
		t.Errorf("in a missing buyer: got %v", err)
	}
}

func TestPagingReadsAll250Users(t *testing.T) {
	box, client := marketplace(t)
	var want []string
	for number := range 250 {
		id := fmt.Sprintf("user-%03d", number)
		want = append(want, id)
		if err := box.Mutate(sandbox.Mutation{Method: http.MethodPost, Path: "buyers/globex/users", Body: map[string]any{
			"ID": id, "Username": id, "FirstName": "F", "LastName": "L", "Email": id + "@globex.example", "Active": number%2 == 0,
		}}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(filters ...ordercloud.Filter) []string {
		var got []string
		for user, err := range client.BuyerUsers("globex").All(t.Context(), filters...) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, user.ID)
		}
		return got
	}
	if diff := cmp.Diff(want, read()); diff != "" {
		t.Errorf("all (-want +got)\n%s", diff)
	}
	chosen, err := ordercloud.FilterByID(want[3], want[240], "absent")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{want[3], want[240]}, read(chosen)); diff != "" {
		t.Errorf("chosen (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(want[101:], read(ordercloud.Filter{Field: "ID", Expression: ">" + want[100]})); diff != "" {
		t.Errorf("after one (-want +got)\n%s", diff)
	}
}

func TestTokensThatEndAreReplaced(t *testing.T) {
	t.Run("after being revoked", func(t *testing.T) {
		box, client := marketplace(t)
		for range 3 {
			if _, err := client.Buyers().Get(t.Context(), "acme"); err != nil {
				t.Fatal(err)
			}
			box.RevokeTokens()
		}
	})
	t.Run("after expiring early", func(t *testing.T) {
		box, client := marketplace(t)
		box.Inject(sandbox.Fault{Path: "/v1/**", Kind: sandbox.FaultTokenExpired, Count: 1})
		if _, err := client.BuyerUsers("acme").Create(t.Context(), jane()); err != nil {
			t.Error(err)
		}
	})
	t.Run("but not for ever", func(t *testing.T) {
		box, client := marketplace(t)
		box.Inject(sandbox.Fault{Path: "/v1/**", Kind: sandbox.FaultTokenRevoked})
		_, err := client.Buyers().Get(t.Context(), "acme")
		if !ordercloud.IsUnauthorized(err) || !ordercloud.HasCode(err, answer.CodeTokenRevoked) || ordercloud.RequestID(err) == "" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("but refused credentials are told apart", func(t *testing.T) {
		box, client := marketplace(t)
		clientID, _ := box.Credentials()
		_, err := connect(t, client.BaseURL(), clientID, "wrong").Token(t.Context())
		if !ordercloud.IsCredentialsRefused(err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFaultsOfTheSandboxAreSurvivedOrNamed(t *testing.T) {
	t.Run("a create whose answer is lost is found again", func(t *testing.T) {
		box, client := marketplace(t)
		box.Inject(sandbox.Fault{Method: http.MethodPost, Path: "/v1/buyers/**", Kind: sandbox.FaultLostAnswer, Count: 1})
		users := client.BuyerUsers("acme")
		if _, err := users.Create(t.Context(), jane()); !ordercloud.IsUnavailable(err) {
			t.Fatalf("got %v", err)
		}
		got, err := users.Get(t.Context(), "jdoe")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(jane(), got, written); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
	t.Run("a delete whose answer is lost finds nothing any more", func(t *testing.T) {
		box, client := marketplace(t)
		box.Inject(sandbox.Fault{Method: http.MethodDelete, Kind: sandbox.FaultLostAnswer, Count: 1})
		if err := client.BuyerUsers("acme").Delete(t.Context(), "walk-in"); !ordercloud.IsNotFound(err) {
			t.Error(err)
		}
		if _, found := box.Object("buyers/acme/users/walk-in"); found {
			t.Error("it is still there")
		}
	})
	t.Run("two 503 are survived", func(t *testing.T) {
		box, client := marketplace(t)
		box.Inject(sandbox.Fault{Method: http.MethodGet, Kind: sandbox.FaultStatus, Status: 503, Count: 2})
		if _, err := client.Buyers().Get(t.Context(), "acme"); err != nil {
			t.Error(err)
		}
	})
	t.Run("half an answer is unavailable", func(t *testing.T) {
		box, client := marketplace(t)
		box.Inject(sandbox.Fault{Path: "/v1/**", Kind: sandbox.FaultMalformedBody})
		if _, err := client.Buyers().Get(t.Context(), "acme"); !ordercloud.IsUnavailable(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a 429 says when to come back", func(t *testing.T) {
		box, client := marketplace(t)
		box.Inject(sandbox.Fault{Path: "/v1/**", Status: 429, RetryAfter: 30 * time.Second})
		_, err := client.Buyers().Get(t.Context(), "acme")
		if wait, ok := ordercloud.RetryAfter(err); !ordercloud.IsRateLimited(err) || !ok || wait != 30*time.Second {
			t.Errorf("got %v, %v", err, wait)
		}
	})
}
