// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package failure_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

func TestAFailureIsBuiltStepByStep(t *testing.T) {
	cause := errors.New("the cause")
	for name, test := range map[string]struct {
		built *failure.Failure
		want  failure.Failure
		text  string
	}{
		"as it is": {
			built: failure.New("Rejected", "field %q", "x"),
			want:  failure.Failure{Reason: "Rejected", Message: `field "x"`},
			text:  "Rejected",
		},
		"stalled looks again at the interval": {
			built: failure.New("Rejected", "no").Stall(),
			want:  failure.Failure{Reason: "Rejected", Message: "no", Stalled: true, Retry: failure.AtInterval},
			text:  "Rejected",
		},
		"stalled, and yet again soon": {
			built: failure.New("ReferenceNotFound", "no").Stall().Again(failure.Backoff),
			want:  failure.Failure{Reason: "ReferenceNotFound", Message: "no", Stalled: true, Retry: failure.Backoff},
			text:  "ReferenceNotFound",
		},
		"with a cause": {
			built: failure.New("Rejected", "no").By(cause),
			want:  failure.Failure{Reason: "Rejected", Message: "no"},
			text:  "Rejected: the cause",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, *test.built, cmpopts.IgnoreFields(failure.Failure{}, "Cause")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got := test.built.Error(); got != test.text {
				t.Errorf("logged as %q, want %q", got, test.text)
			}
		})
	}
}

func TestAFailureIsFoundInsideAnotherError(t *testing.T) {
	problem := failure.New("Rejected", "no")
	if got := failure.As(fmt.Errorf("around: %w", problem)); got != problem {
		t.Errorf("got %v", got)
	}
	for _, err := range []error{nil, errors.New("another")} {
		if got := failure.As(err); got != nil {
			t.Errorf("%v is taken for %v", err, got)
		}
	}
}

func TestOrderCloudsTypeNamesBecomeWords(t *testing.T) {
	for kind, want := range map[string]string{
		"SecurityProfile":  "security profile",
		"ApiClient":        "API client",
		"Buyer":            "buyer",
		"UserGroup":        "user group",
		"AdminUserGroup":   "admin user group",
		"API client":       "API client",
		"admin user group": "admin user group",
	} {
		t.Run(kind, func(t *testing.T) {
			got := failure.MissingInOrderCloud(kind, "x", "https://api.ordercloud.io")
			text := want + ` "x" does not exist in https://api.ordercloud.io: create it there, or name another one`
			if diff := cmp.Diff(text, got.Message); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got.Reason != v1alpha1.ReasonReferenceNotFound || !got.Stalled {
				t.Errorf("got %+v", got)
			}
		})
	}
}
