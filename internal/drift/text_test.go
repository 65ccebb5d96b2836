// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
)

func TestAValueIsShownForAPerson(t *testing.T) {
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"null":                           {nil, "(unset)"},
		"text as it is":                  {`a "b" <c>`, `a "b" <c>`},
		"empty text":                     {"", ""},
		"truth":                          {true, "true"},
		"a number as it was written":     {json.Number("9007199254740993"), "9007199254740993"},
		"a float":                        {1.5, "1.5"},
		"a list":                         {[]any{"a", json.Number("1"), nil}, `["a",1,null]`},
		"an object with sorted keys":     {map[string]any{"b": "2", "a": "<1>"}, `{"a":"<1>","b":"2"}`},
		"what JSON cannot say":           {math.Inf(1), "+Inf"},
		"256 bytes stay":                 {strings.Repeat("x", 256), strings.Repeat("x", 256)},
		"257 bytes are cut":              {strings.Repeat("x", 257), strings.Repeat("x", 256) + "…"},
		"never in the middle of a rune":  {strings.Repeat("x", 255) + "é", strings.Repeat("x", 255) + "…"},
		"right after a rune":             {strings.Repeat("x", 254) + "é!", strings.Repeat("x", 254) + "é…"},
		"never in the middle of a smile": {strings.Repeat("x", 253) + "😀", strings.Repeat("x", 253) + "…"},
		"a long list is cut, too":        {[]any{strings.Repeat("x", 300)}, `["` + strings.Repeat("x", 254) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			got := drift.Text(test.value)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if !utf8.ValidString(got) {
				t.Errorf("%q is not UTF-8", got)
			}
		})
	}
}

func TestAWriteOnlyFieldShowsNothing(t *testing.T) {
	const secret = "Correct-Horse-7"
	field := drift.Field{Name: "Password", Desired: secret, Observed: secret, WriteOnly: true}
	desired, observed := field.Texts()
	if desired != "(redacted)" || observed != "(redacted)" {
		t.Errorf("shown as %q and %q", desired, observed)
	}
	if text := (drift.Fields{field}).String(); strings.Contains(text, secret) {
		t.Errorf("the secret is in %q", text)
	}
	if text := fmt.Sprintf("%s, %v", drift.Fields{field}, drift.Fields{field}); strings.Contains(text, secret) {
		t.Errorf("the secret is printed: %s", text)
	}
}

func TestFieldsAreListedByName(t *testing.T) {
	fields := drift.Fields{
		{Name: "Email", Desired: "a@x.example", Observed: "b@x.example"},
		{Name: "Password", WriteOnly: true},
		{Name: "xp.team", Desired: "blue"},
	}
	if diff := cmp.Diff([]string{"Email", "Password", "xp.team"}, fields.Names()); diff != "" {
		t.Errorf("names (-want +got)\n%s", diff)
	}
	if got, want := fields.String(), "Email, Password, xp.team"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !fields.Has("Password") || fields.Has("password") || fields.Has("Phone") {
		t.Error("Has finds the wrong fields")
	}
	if diff := cmp.Diff([]string{"Email", "xp.team"}, fields.Comparable().Names()); diff != "" {
		t.Errorf("comparable (-want +got)\n%s", diff)
	}
	if len(fields) != 3 || fields[1].Name != "Password" {
		t.Errorf("Comparable changed the list that it was asked about: %v", fields)
	}
	if got := drift.Fields(nil); got.String() != "" || len(got.Names()) != 0 || len(got.Comparable()) != 0 {
		t.Errorf("no fields are shown as %q", got)
	}
}
