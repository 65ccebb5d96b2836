// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external_test

import (
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
)

func TestOnlyWhatOrderCloudWouldRefuseIsLeftOutOfMemory(t *testing.T) {
	t.Parallel()
	longest := `{"a":"` + strings.Repeat("é", 7992) + `"}`
	for name, test := range map[string]struct{ declared, kept string }{
		"nothing":             {"", ""},
		"an empty object":     {"{}", "{}"},
		"the longest":         {longest, longest},
		"one character more":  {`{"a":"` + strings.Repeat("é", 7993) + `"}`, "8001"},
		"nearly a megabyte":   {`{"a":"` + strings.Repeat("x", 900_000) + `"}`, "900008"},
		"what was left out":   {"900008", "900008"},
		"what is no object":   {`["a"]`, `["a"]`},
		"a long text, broken": {strings.Repeat("{", 9000), "9000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := &v1alpha1.BuyerUser{}
			if test.declared != "" {
				user.Spec.XP = xp(test.declared)
			}
			external.WithoutLongXP(user)
			got := ""
			if user.Spec.XP != nil {
				got = string(user.Spec.XP.Raw)
			}
			if got != test.kept {
				t.Errorf("got %.40s, want %.40s", got, test.kept)
			}
		})
	}
}

func TestWhatWasLeftOutOfMemoryIsRefusedAndNeverSent(t *testing.T) {
	const message = "spec.xp has 900008 characters as JSON and OrderCloud takes at most 8000: shorten it"
	for _, policy := range []v1alpha1.UpdatePolicy{v1alpha1.UpdateMerge, v1alpha1.UpdateReplace} {
		w := begin(t)
		user := declaredUser()
		user.Spec.UpdatePolicy = policy
		user.Spec.XP = xp(`{"a":"` + strings.Repeat("x", 900_000) + `"}`)
		external.WithoutLongXP(user)
		w.expectFailure(external.BuyerUsers{}.Check(user), v1alpha1.ReasonRejected, message)
		bound := w.bindUser(user)
		_, err := bound.Resolve(t.Context(), true)
		w.expectFailure(err, v1alpha1.ReasonRejected, message)
		if got := bound.Digest(); got != "" {
			t.Errorf("the digest %q may be that of another user", got)
		}
		if total := w.box.Stats().Total; total != 0 {
			t.Errorf("%d calls", total)
		}
	}
}
