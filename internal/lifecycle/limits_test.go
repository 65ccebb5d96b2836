// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// The schema bounds the status: a patch beyond it would be refused for ever.
func TestAStatusStaysWithinItsSchema(t *testing.T) {
	long := strings.Repeat("k", 300)
	var declared, theirs []string
	for number := range 60 {
		declared = append(declared, fmt.Sprintf(`"%s%02d":"é"`, long[:40], number))
	}
	for _, key := range []string{long + "1", long + "2"} {
		declared = append(declared, fmt.Sprintf(`%q:1`, key))
	}
	theirs = append(theirs, fmt.Sprintf(`"team":%q`, strings.Repeat("x", 4000)))
	for name, test := range map[string]struct{ xp string }{
		"many keys":                     {"{" + strings.Join(declared, ",") + "}"},
		"keys with one long beginning":  {fmt.Sprintf(`{%q:1,%q:1}`, long+"1", long+"2")},
		"a value of thousands of bytes": {"{" + strings.Join(theirs, ",") + "}"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.mutate(http.MethodPost, "buyers/acme/users", foreignUser(nil))
			user := declaredUser()
			user.Spec.XP = xp(test.xp)
			w.declare(user)
			w.mustPass(user)
			w.expect(user, "Ready", "False NotOwned")
			expectWithinSchema(t, user)

			// And with what a drift leaves behind.
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.AdoptionPolicy = v1alpha1.AdoptAlways })
			w.mustPass(user)
			w.mutate(http.MethodPatch, userPath, map[string]any{"xp": nil})
			w.mustPass(user)
			w.expect(user, "Ready", "True Corrected")
			expectWithinSchema(t, user)
		})
	}
}

func expectWithinSchema(t *testing.T, user *v1alpha1.BuyerUser) {
	t.Helper()
	if len(user.Status.Drift) > 20 {
		t.Errorf("%d entries of drift", len(user.Status.Drift))
	}
	fields := map[string]bool{}
	for _, entry := range user.Status.Drift {
		if fields[entry.Field] {
			t.Errorf("two entries with one key: %.20s…", entry.Field)
		}
		fields[entry.Field] = true
		for _, text := range []string{entry.Field, entry.Desired, entry.Observed} {
			if len([]rune(text)) > 512 {
				t.Errorf("%d characters: %.20s…", len([]rune(text)), text)
			}
		}
	}
	if last := user.Status.LastDrift; last != nil {
		if len(last.Fields) > 20 {
			t.Errorf("%d fields of lastDrift", len(last.Fields))
		}
		for _, name := range last.Fields {
			if len([]rune(name)) > 512 {
				t.Errorf("%d characters: %.20s…", len([]rune(name)), name)
			}
		}
	}
	for _, condition := range user.Status.Conditions {
		if len(condition.Message) > 32768 {
			t.Errorf("%s has a message of %d bytes", condition.Type, len(condition.Message))
		}
	}
}
