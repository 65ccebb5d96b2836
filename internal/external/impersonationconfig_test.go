// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

func storedConfig(changes map[string]any) map[string]any {
	config := map[string]any{
		"ID": "desk", "ImpersonationGroupID": "customer-service", "BuyerID": "acme", "SecurityProfileID": "cs-rep", "ClientID": storefrontID,
	}
	maps.Copy(config, changes)
	return config
}

const wholeConfig = `{"ID":"desk","ImpersonationBuyerID":null,"ImpersonationGroupID":"customer-service","ImpersonationUserID":null,` +
	`"BuyerID":"acme","GroupID":null,"UserID":null,"SecurityProfileID":"cs-rep","ClientID":"` + storefrontID + `"}`

func TestEveryFieldOfAConfigIsOwned(t *testing.T) {
	for name, test := range map[string]struct {
		theirs map[string]any
		want   []string
	}{
		"equal":                               {},
		"its client in another letter case":   {theirs: map[string]any{"ClientID": strings.ToLower(storefrontID)}},
		"any buyer instead of one":            {map[string]any{"BuyerID": nil}, []string{"BuyerID"}},
		"another buyer":                       {map[string]any{"BuyerID": "globex"}, []string{"BuyerID"}},
		"only one group":                      {map[string]any{"GroupID": "purchasers"}, []string{"GroupID"}},
		"only one user":                       {map[string]any{"UserID": "walk-in"}, []string{"UserID"}},
		"all admins instead of a group":       {map[string]any{"ImpersonationGroupID": nil}, []string{"ImpersonationGroupID"}},
		"an admin instead of a group":         {map[string]any{"ImpersonationGroupID": nil, "ImpersonationUserID": "jane"}, []string{"ImpersonationGroupID", "ImpersonationUserID"}},
		"a buyer's group instead of an admin": {map[string]any{"ImpersonationBuyerID": "acme", "ImpersonationGroupID": "purchasers"}, []string{"ImpersonationBuyerID", "ImpersonationGroupID"}},
		"more rights":                         {map[string]any{"SecurityProfileID": "operator"}, []string{"SecurityProfileID"}},
		"another application":                 {map[string]any{"ClientID": operatorID}, []string{"ClientID"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.mutate(http.MethodPost, "impersonationconfig", storedConfig(test.theirs))
			bound := w.bindConfig(declaredConfig())
			seen := w.observe(bound)
			expectDifferences(t, seen, test.want...)
			if len(test.want) == 0 {
				return
			}
			after, err := bound.Update(t.Context(), seen.Differences)
			if err != nil {
				t.Fatal(err)
			}
			expectDifferences(t, after)
			w.expectSent(http.MethodPut, wholeConfig)
			expectDifferences(t, w.observe(bound))
		})
	}
}

func TestWhatHappensToAConfigMeanwhileIsTold(t *testing.T) {
	w := begin(t)
	bound := w.bindConfig(declaredConfig())
	if _, err := w.look(bound, false); err != nil {
		t.Fatal(err)
	}
	if _, err := bound.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := bound.Create(t.Context()); err != lifecycle.ErrExists { //nolint:errorlint // the engine's contract is this very error
		t.Errorf("a second create returned %v", err)
	}
	for range 2 {
		if err := bound.Delete(t.Context()); err != nil {
			t.Errorf("deleting: %v", err)
		}
	}
}

func TestWhatAConfigNamesAndIsMissingIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*v1alpha1.ImpersonationConfigSpec)
		missing string
	}{
		"security profile": {func(spec *v1alpha1.ImpersonationConfigSpec) { spec.SecurityProfileID = "nothing" }, "security profile"},
		"API client":       {func(spec *v1alpha1.ImpersonationConfigSpec) { spec.ClientID = "nothing" }, "API client"},
		"buyer":            {func(spec *v1alpha1.ImpersonationConfigSpec) { spec.BuyerID = "nothing" }, "buyer"},
		"user group":       {func(spec *v1alpha1.ImpersonationConfigSpec) { spec.GroupID = "nothing" }, "user group"},
		"user":             {func(spec *v1alpha1.ImpersonationConfigSpec) { spec.UserID = "nothing" }, "user"},
		"impersonating buyer": {func(spec *v1alpha1.ImpersonationConfigSpec) {
			spec.ImpersonationBuyerID, spec.ImpersonationGroupID = "nothing", ""
		}, "buyer"},
		"impersonating user group": {func(spec *v1alpha1.ImpersonationConfigSpec) {
			spec.ImpersonationBuyerID, spec.ImpersonationGroupID = "acme", "nothing"
		}, "user group"},
		"impersonating user": {func(spec *v1alpha1.ImpersonationConfigSpec) {
			spec.ImpersonationBuyerID, spec.ImpersonationGroupID, spec.ImpersonationUserID = "acme", "", "nothing"
		}, "user"},
		"admin user group": {func(spec *v1alpha1.ImpersonationConfigSpec) { spec.ImpersonationGroupID = "nothing" }, "admin user group"},
		"admin user": {func(spec *v1alpha1.ImpersonationConfigSpec) {
			spec.ImpersonationGroupID, spec.ImpersonationUserID = "", "nothing"
		}, "admin user"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			// OrderCloud may refuse without saying what is missing: with a 404 that
			// names nothing, or as a failed validation.
			for _, refusal := range []func(*http.Request, int, string) (int, string){withoutData, asValidationFailure} {
				w.answer = refusal
				config := declaredConfig()
				test.change(&config.Spec)
				bound := w.bindConfig(config)
				message := test.missing + ` "nothing" does not exist in URL: create it there, or name another one`
				_, err := w.look(bound, false)
				if test.missing == "security profile" {
					// Every config needs one, so it is looked for before the claim.
					w.expectFailure(err, v1alpha1.ReasonReferenceNotFound, message)
				} else if err != nil {
					t.Fatal(err)
				}
				_, err = bound.Create(t.Context())
				w.expectFailure(err, v1alpha1.ReasonReferenceNotFound, message)
				_, err = bound.Update(t.Context(), nil)
				w.expectFailure(err, v1alpha1.ReasonReferenceNotFound, message)
			}
		})
	}
}

// asValidationFailure refuses writes with a status and code that name nothing.
func asValidationFailure(request *http.Request, status int, body string) (int, string) {
	if request.Method == http.MethodGet || status != http.StatusNotFound {
		return status, body
	}
	return http.StatusBadRequest, `{"Errors":[{"ErrorCode":"ValidationFailure","Message":"Something is not valid.","Data":null}]}`
}

func TestARefusalIsRepeatedWhenNothingIsMissing(t *testing.T) {
	w := begin(t)
	w.answer = func(request *http.Request, status int, body string) (int, string) {
		if request.Method == http.MethodGet {
			return status, body
		}
		return http.StatusBadRequest, `{"Errors":[{"ErrorCode":"ValidationFailure","Message":"Something is not valid.","Data":null}]}`
	}
	bound := w.bindConfig(declaredConfig())
	if _, err := w.look(bound, false); err != nil {
		t.Fatal(err)
	}
	_, err := bound.Create(t.Context())
	w.expectFailure(err, v1alpha1.ReasonRejected,
		"OrderCloud refuses creating impersonationconfig/desk (ValidationFailure): Something is not valid")
}

func TestWhatMayNotBeReadIsNotCalledMissing(t *testing.T) {
	w := begin(t)
	w.answer = asValidationFailure
	w.box.Inject(sandbox.Fault{
		Method: http.MethodGet, Path: "/v1/securityprofiles/*", Status: http.StatusForbidden, Code: "Auth.InsufficientRoles",
	})
	config := declaredConfig()
	config.Spec.SecurityProfileID = "nothing"
	bound := w.bindConfig(config)
	if _, err := w.look(bound, false); err != nil {
		t.Fatal(err)
	}
	_, err := bound.Create(t.Context())
	w.expectFailure(err, v1alpha1.ReasonRejected,
		"OrderCloud refuses creating impersonationconfig/desk (ValidationFailure): Something is not valid")
}

func TestAnOutageIsExplainedAtEveryStep(t *testing.T) {
	const message = "URL cannot be reached or answers with a failure; the operator tries again by itself"
	for name, test := range map[string]struct {
		method string
		do     func(*world, lifecycle.External) error
	}{
		"reading": {http.MethodGet, func(w *world, bound lifecycle.External) error {
			_, err := w.look(bound, true)
			return err
		}},
		"creating": {http.MethodPost, func(w *world, bound lifecycle.External) error {
			_, err := bound.Create(w.t.Context())
			return err
		}},
		"updating": {"", func(w *world, bound lifecycle.External) error {
			_, err := bound.Update(w.t.Context(), nil)
			return err
		}},
		"deleting": {http.MethodDelete, func(w *world, bound lifecycle.External) error { return bound.Delete(w.t.Context()) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			for _, bound := range []lifecycle.External{w.bindUser(declaredUser()), w.bindConfig(declaredConfig())} {
				if _, err := w.look(bound, true); err != nil {
					t.Fatal(err)
				}
				remove := w.box.Inject(sandbox.Fault{Method: test.method, Path: "/v1/**", Status: http.StatusInternalServerError})
				w.expectFailure(test.do(w, bound), v1alpha1.ReasonUnavailable, message)
				remove()
			}
		})
	}
}
