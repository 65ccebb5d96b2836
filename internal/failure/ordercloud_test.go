// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package failure_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// attempt is one call of the client; the error is what the tests explain.
type attempt func(context.Context, *world) error

func createUser(change func(*ordercloud.BuyerUser)) attempt {
	return func(ctx context.Context, w *world) error {
		user := jane()
		change(&user)
		_, err := w.client.BuyerUsers("acme").Create(ctx, user)
		return err
	}
}

func createUserIn(buyerID string) attempt {
	return func(ctx context.Context, w *world) error {
		_, err := w.client.BuyerUsers(buyerID).Create(ctx, jane())
		return err
	}
}

func createConfig(change func(*ordercloud.ImpersonationConfig)) attempt {
	return func(ctx context.Context, w *world) error {
		buyer := "acme"
		config := ordercloud.ImpersonationConfig{ID: "desk", BuyerID: &buyer, SecurityProfileID: "cs-rep", ClientID: storefront}
		change(&config)
		_, err := w.client.ImpersonationConfigs().Create(ctx, config)
		return err
	}
}

func asDeclared(*ordercloud.BuyerUser) {}

func deleteWalkIn(ctx context.Context, w *world) error {
	return w.client.BuyerUsers("acme").Delete(ctx, "walk-in")
}

const (
	users    = "/v1/buyers/*/users"
	creating = "creating buyers/acme/users/jdoe"
)

func TestEveryErrorOfOrderCloudSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		setup   func(*testing.T, *world)
		fault   sandbox.Fault
		attempt attempt
		doing   string
		want    failure.Failure
	}{
		"the secret is wrong": {
			setup:   func(t *testing.T, w *world) { w.connect(t, "not-the-secret", operatorRoles) },
			attempt: createUser(asDeclared),
			want: failure.Failure{
				Reason: v1alpha1.ReasonCredentialsInvalid, Stalled: true, Retry: failure.UpToAMinute,
				Message: "URL refuses the Marketplace's credentials (CODE): check clientID and clientSecret in its Secret, and that the API client is active and has a default context user",
			},
		},
		"every token is refused": {
			fault:   sandbox.Fault{Path: users, Kind: sandbox.FaultTokenRevoked},
			attempt: createUser(asDeclared),
			want: failure.Failure{
				Reason: v1alpha1.ReasonCredentialsInvalid, Stalled: true, Retry: failure.UpToAMinute,
				Message: "URL refuses the Marketplace's credentials (Auth.TokenRevoked): check clientID and clientSecret in its Secret, and that the API client is active and has a default context user",
			},
		},
		"the token lacks a role": {
			setup:   func(t *testing.T, w *world) { w.connect(t, w.secret, "BuyerUserReader") },
			attempt: createUser(asDeclared),
			want: failure.Failure{
				Reason: v1alpha1.ReasonAccessDenied, Stalled: true, Retry: failure.UpToAMinute,
				Message: "OrderCloud refuses creating buyers/acme/users/jdoe (Auth.InsufficientRoles): the operator's token lacks a role for it, see the Marketplace's status.missingRoles",
			},
		},
		"it asks to slow down, and for how long": {
			fault:   sandbox.Fault{Path: users, Status: http.StatusTooManyRequests, RetryAfter: 7 * time.Second},
			attempt: createUser(asDeclared),
			want: failure.Failure{
				Reason: v1alpha1.ReasonRateLimited, IsEverywhere: true, After: 7 * time.Second,
				Message: "OrderCloud asked to slow down; the operator tries again by itself",
			},
		},
		"it asks to slow down and does not say for how long": {
			fault:   sandbox.Fault{Path: users, Status: http.StatusTooManyRequests},
			attempt: createUser(asDeclared),
			want: failure.Failure{
				Reason: v1alpha1.ReasonRateLimited, IsEverywhere: true, Message: "OrderCloud asked to slow down; the operator tries again by itself",
			},
		},
		"the token endpoint asks to slow down": {
			fault:   sandbox.Fault{Path: "/oauth/token", Status: http.StatusTooManyRequests, RetryAfter: time.Second},
			attempt: createUser(asDeclared),
			want: failure.Failure{
				Reason: v1alpha1.ReasonRateLimited, IsEverywhere: true, After: time.Second,
				Message: "OrderCloud asked to slow down; the operator tries again by itself",
			},
		},
		"it is down for maintenance": {
			fault:   sandbox.Fault{Path: users, Status: http.StatusServiceUnavailable, RetryAfter: time.Minute},
			attempt: createUser(asDeclared),
			want: failure.Failure{
				Reason: v1alpha1.ReasonUnavailable, IsEverywhere: true, After: time.Minute,
				Message: "URL is down for maintenance (Api.Offline), and says: A fault was injected; the operator tries again by itself",
			},
		},
		"it has a failure of its own": {
			fault:   sandbox.Fault{Path: users, Status: http.StatusInternalServerError},
			attempt: createUser(asDeclared), want: failure.Failure{Reason: v1alpha1.ReasonUnavailable, Message: generally},
		},
		"the token endpoint has a failure of its own": {
			fault:   sandbox.Fault{Path: "/oauth/token", Status: http.StatusBadGateway},
			attempt: createUser(asDeclared), want: outage,
		},
		"the connection drops": {
			fault:   sandbox.Fault{Path: users, Kind: sandbox.FaultDropConnection},
			attempt: createUser(asDeclared), want: outage,
		},
		"the answer to a write is lost": {
			fault:   sandbox.Fault{Path: users, Kind: sandbox.FaultLostAnswer},
			attempt: createUser(asDeclared), want: outage,
		},
		"the answer is cut short": {
			fault:   sandbox.Fault{Path: users, Kind: sandbox.FaultMalformedBody},
			attempt: createUser(asDeclared),
			want: failure.Failure{
				Reason:  v1alpha1.ReasonUnavailable,
				Message: "OrderCloud's answer to creating buyers/acme/users/jdoe cannot be read (answer unreadable): it is cut short, too large or not what was asked for; the operator tries again by itself",
			},
		},
		"a 404 that is not OrderCloud's": {
			setup:   func(_ *testing.T, w *world) { w.answerInstead(http.StatusNotFound, "<html>no such site</html>") },
			attempt: createUser(asDeclared),
			want: failure.Failure{
				Reason:  v1alpha1.ReasonUnavailable,
				Message: "URL is answered by something that is not OrderCloud (status 404 without OrderCloud's JSON): check the Marketplace's spec.url, and the proxies, firewalls and log-in pages on the way",
			},
		},
		"nobody listens": {
			setup:   func(_ *testing.T, w *world) { w.server.Close() },
			attempt: createUser(asDeclared), want: outage,
		},
		"the username is taken": {
			attempt: createUser(func(user *ordercloud.BuyerUser) { user.Username = "walk-in@acme.example" }),
			want: failure.Failure{
				Reason: v1alpha1.ReasonUsernameTaken, Stalled: true, Retry: failure.WhenFree,
				Message: "another user of the marketplace has this username, and usernames are unique in all of it: choose another one, or remove it from the other user",
			},
		},
		"a value is refused": {
			attempt: createUser(func(user *ordercloud.BuyerUser) { user.FirstName = strings.Repeat("x", 101) }),
			want: failure.Failure{
				Reason: v1alpha1.ReasonRejected, Stalled: true, Retry: failure.AtInterval,
				Message: "OrderCloud refuses creating buyers/acme/users/jdoe (ValidationFailure): FirstName: must have at most 100 characters",
			},
		},
		"several values are refused": {
			attempt: createUser(func(user *ordercloud.BuyerUser) { user.FirstName, user.Email = "", "" }),
			want: failure.Failure{
				Reason: v1alpha1.ReasonRejected, Stalled: true, Retry: failure.AtInterval,
				Message: "OrderCloud refuses creating buyers/acme/users/jdoe (ValidationFailure): FirstName: is required; Email: is required",
			},
		},
		"the password is too weak": {
			attempt: createUser(func(user *ordercloud.BuyerUser) { user.Password = "weak" }),
			want: failure.Failure{
				Reason: v1alpha1.ReasonRejected, Stalled: true, Retry: failure.AtInterval,
				Message: "OrderCloud refuses creating buyers/acme/users/jdoe (Auth.InsecurePassword): The password does not meet the requirements",
			},
		},
		"the ID is none": {
			attempt: createUser(func(user *ordercloud.BuyerUser) { user.ID = "../acme" }),
			want: failure.Failure{
				Reason: v1alpha1.ReasonRejected, Stalled: true, Retry: failure.AtInterval,
				Message: "creating buyers/acme/users/jdoe was not tried: userID must be 1 to 100 characters out of A-Z, a-z, 0-9, _ and -",
			},
		},
		"it refuses and does not say why": {
			setup:   func(_ *testing.T, w *world) { w.answerInstead(http.StatusConflict, `{"Errors":[]}`) },
			attempt: createUser(asDeclared),
			want: failure.Failure{
				Reason: v1alpha1.ReasonRejected, Stalled: true, Retry: failure.AtInterval,
				Message: "OrderCloud refuses creating buyers/acme/users/jdoe: it answered with status 409 and no explanation",
			},
		},
		"the buyer is missing": {
			attempt: createUserIn("nowhere"),
			want:    missing(`buyer "nowhere"`),
		},
		"the security profile is missing": {
			attempt: createConfig(func(config *ordercloud.ImpersonationConfig) { config.SecurityProfileID = "no-profile" }),
			want:    missing(`security profile "no-profile"`),
		},
		"the API client is missing": {
			attempt: createConfig(func(config *ordercloud.ImpersonationConfig) { config.ClientID = "no-client" }),
			want:    missing(`API client "no-client"`),
		},
		"the user group is missing": {
			attempt: createConfig(func(config *ordercloud.ImpersonationConfig) { group := "no-group"; config.GroupID = &group }),
			want:    missing(`user group "no-group"`),
		},
		"another config grants the same": {
			setup: func(t *testing.T, w *world) {
				w.mutate(t, http.MethodPost, "impersonationconfig", map[string]any{
					"ID": "other", "BuyerID": "acme", "SecurityProfileID": "cs-rep", "ClientID": storefront,
				})
			},
			attempt: createConfig(func(*ordercloud.ImpersonationConfig) {}),
			want: failure.Failure{
				Reason: v1alpha1.ReasonRejected, Stalled: true, Retry: failure.WhenFree,
				Message: "OrderCloud refuses creating buyers/acme/users/jdoe (ImpersonationConfig.ConflictingImpersonationConfigExists): Another impersonation config grants the same already",
			},
		},
		"something needs the user": {
			setup: func(t *testing.T, w *world) {
				if err := w.box.SetOpenOrder("buyers/acme/users/walk-in", true); err != nil {
					t.Fatal(err)
				}
			},
			attempt: deleteWalkIn,
			doing:   "deleting buyers/acme/users/walk-in",
			want: failure.Failure{
				Reason:  v1alpha1.ReasonInUse,
				Message: "OrderCloud refuses deleting buyers/acme/users/walk-in (User.CannotDeleteWithOpenOrder): The user has an open order",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			if test.setup != nil {
				test.setup(t, w)
			}
			if test.fault != (sandbox.Fault{}) {
				w.box.Inject(test.fault)
			}
			err := test.attempt(t.Context(), w)
			got := w.call(orElse(test.doing, creating)).FromOrderCloud(err)
			if got == nil {
				t.Fatalf("%v is not explained", err)
			}
			// The code of a refused token request is not established.
			want := test.want
			want.Message = strings.ReplaceAll(want.Message, "CODE", codeOf(err))
			want.Message = strings.ReplaceAll(want.Message, "URL", w.server.URL)
			if diff := cmp.Diff(want, *got, cmpopts.IgnoreFields(failure.Failure{}, "Cause")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if !errors.Is(got, err) {
				t.Error("the cause is lost")
			}
			w.expectNothingPersonal(t, got)
		})
	}
}

const generally = "URL cannot be reached or answers with a failure; the operator tries again by itself"

// outage is met by everything that is asked.
var outage = failure.Failure{Reason: v1alpha1.ReasonUnavailable, IsEverywhere: true, Message: generally}

func missing(what string) failure.Failure {
	return failure.Failure{
		Reason: v1alpha1.ReasonReferenceNotFound, Stalled: true, Retry: failure.Backoff,
		Message: what + " does not exist in URL: create it there, or name another one",
	}
}
