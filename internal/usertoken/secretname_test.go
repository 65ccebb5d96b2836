// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken

import "testing"

func TestASecretIsNamedAsItsTokenOrAsTheNamespaceAllows(t *testing.T) {
	for name, test := range map[string]struct {
		secretName, token, label string
		want                     bool
	}{
		"as the token":                        {"jdoe", "jdoe", "", true},
		"beginning with the token's name":     {"jdoe-token", "jdoe", "", true},
		"as the token, though labelled":       {"jdoe", "jdoe", "team", true},
		"as the label says":                   {"team", "jdoe", "team", true},
		"beginning with what the label says":  {"team-orders", "jdoe", "team", true},
		"another name":                        {"db-credentials", "jdoe", "", false},
		"another name than the label allows":  {"db-credentials", "jdoe", "team", false},
		"a longer word than the token's name": {"jdoes", "jdoe", "", false},
		"a longer word than the label":        {"teamster", "jdoe", "team", false},
		"another separator":                   {"jdoe.token", "jdoe", "", false},
		"a part of the token's name":          {"jd", "jdoe", "", false},
		"the token's name further on":         {"db-jdoe", "jdoe", "", false},
		"a hyphen and no label":               {"-token", "jdoe", "", false},
		"a label that ends with a hyphen":     {"team-orders", "jdoe", "team-", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mayBeNamed(test.secretName, test.token, test.label); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
