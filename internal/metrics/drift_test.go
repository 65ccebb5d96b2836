// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFieldsAreFewWhateverUsersNameTheirs(t *testing.T) {
	var many []string
	for number := range 1000 {
		many = append(many, fmt.Sprintf("xp.key-%d", number))
	}
	for name, test := range map[string]struct {
		known, found, want []string
	}{
		"fields of OrderCloud":        {nil, []string{"Email", "LastName"}, []string{"Email", "LastName"}},
		"a thousand keys":             {nil, many, []string{"xp"}},
		"a key with dots":             {nil, []string{"xp.a.b", "Active"}, []string{"xp", "Active"}},
		"all of them at once":         {nil, []string{"xp"}, []string{"xp"}},
		"one that is known":           {[]string{"Email"}, []string{"Email", "LastName"}, []string{"LastName"}},
		"another key of those known":  {[]string{"xp.a"}, []string{"xp.b"}, nil},
		"nothing":                     {[]string{"Email"}, nil, nil},
		"one that is known no longer": {[]string{"Email"}, []string{"LastName"}, []string{"LastName"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, beside(test.known, test.found)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhatStillDiffersIsNotCorrected(t *testing.T) {
	before := driftCorrected.WithLabelValues("BuyerUser", "Email")
	DriftCorrected("BuyerUser", []string{"Email", "LastName"}, []string{"LastName"})
	if got := value(t, before); got != 1 {
		t.Errorf("Email was put back %v times", got)
	}
	if got := value(t, driftCorrected.WithLabelValues("BuyerUser", "LastName")); got != 0 {
		t.Errorf("LastName was put back %v times", got)
	}
}
