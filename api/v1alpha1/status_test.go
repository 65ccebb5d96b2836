// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestAStatusLosesOnlyWhatDoesNotDecode(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"all of it decodes": {
			`{"userID":"jdoe","dateCreated":"2026-03-01T09:00:00Z","observedGeneration":2}`,
			`{"observedGeneration":2,"userID":"jdoe","dateCreated":"2026-03-01T09:00:00Z"}`,
		},
		"a moment":            {`{"userID":"jdoe","dateCreated":"2026-03-01t09:00:00z"}`, `{"userID":"jdoe"}`},
		"a number":            {`{"observedGeneration":10000000000000000000,"path":"buyers/acme"}`, `{"path":"buyers/acme"}`},
		"a part of a list":    {`{"conditions":[{"type":"Ready"},{"type":"Synced","lastTransitionTime":"2026-03-01t09:00:00z"}],"userID":"jdoe"}`, `{"userID":"jdoe"}`},
		"every field":         {`{"userID":1,"companyID":{}}`, `{}`},
		"one of another name": {`{"userid":1,"userID":"jdoe"}`, `{"userID":"jdoe"}`},
		"the status":          {`"ready"`, `{}`},
		"no status":           {`null`, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			user := v1alpha1.BuyerUser{}
			if err := json.Unmarshal([]byte(`{"spec":{"buyerID":"acme"},"status":`+test.text+`}`), &user); err != nil {
				t.Fatal(err)
			}
			if user.Spec.BuyerID != "acme" {
				t.Error("the spec is lost, too")
			}
			var want v1alpha1.BuyerUser
			if err := json.Unmarshal([]byte(`{"status":`+test.want+`}`), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Status, user.Status); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEveryKindsStatusDecodes(t *testing.T) {
	const text = `{"status":{"observedGeneration":1e19,"lastHandledReconcileAt":"now"}}`
	var (
		user   v1alpha1.BuyerUser
		config v1alpha1.ImpersonationConfig
		token  v1alpha1.ImpersonationToken
		market v1alpha1.Marketplace
	)
	for _, object := range []any{&user, &config, &token, &market} {
		if err := json.Unmarshal([]byte(text), object); err != nil {
			t.Errorf("%T: %v", object, err)
		}
	}
	for _, got := range []string{
		user.Status.LastHandledReconcileAt, config.Status.LastHandledReconcileAt, token.Status.LastHandledReconcileAt, market.Status.LastHandledReconcileAt,
	} {
		if got != "now" {
			t.Errorf("got %q", got)
		}
	}
}
