// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package drift_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
)

// parse reads JSON as the operator does: numbers stay as they were written.
func parse(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func TestTwoValuesAreEqualWhenTheyMeanTheSame(t *testing.T) {
	for name, test := range map[string]struct {
		desired, observed string
		equal             bool
	}{
		"the same text":                       {`"a"`, `"a"`, true},
		"another text":                        {`"a"`, `"b"`, false},
		"letter case counts":                  {`"a"`, `"A"`, false},
		"escaped and plain text":              {`"\u0041"`, `"A"`, true},
		"null and null":                       {`null`, `null`, true},
		"null and empty text":                 {`null`, `""`, false},
		"null and zero":                       {`null`, `0`, false},
		"null and an empty object":            {`null`, `{}`, false},
		"false and null":                      {`false`, `null`, false},
		"true and true":                       {`true`, `true`, true},
		"1 and 1.0":                           {`1`, `1.0`, true},
		"1 and 1e0":                           {`1`, `1e0`, true},
		"100 and 1e2":                         {`100`, `1e2`, true},
		"0 and -0":                            {`0`, `-0`, true},
		"0.1 and 0.10":                        {`0.1`, `0.10`, true},
		"1 and 2":                             {`1`, `2`, false},
		"1 and -1":                            {`1`, `-1`, false},
		"a number and its text":               {`1`, `"1"`, false},
		"a text and its number":               {`"1"`, `1`, false},
		"a number and a truth value":          {`1`, `true`, false},
		"neighbours beyond 2^53":              {`9007199254740993`, `9007199254740992`, false},
		"the same beyond 2^53":                {`9007199254740993`, `9007199254740993`, true},
		"neighbours beyond 2^63":              {`18446744073709551617`, `18446744073709551616`, false},
		"the same beyond 2^63":                {`18446744073709551617`, `18446744073709551617`, true},
		"the same, too large for any float":   {`1e400`, `1e400`, true},
		"another, too large for any float":    {`1e400`, `1e401`, false},
		"keys in another order":               {`{"a":1,"b":2}`, `{"b":2,"a":1}`, true},
		"nested numbers":                      {`{"a":{"b":[1,{"c":2.0}]}}`, `{"a":{"b":[1.0,{"c":2}]}}`, true},
		"a nested difference":                 {`{"a":{"b":[1,{"c":2}]}}`, `{"a":{"b":[1,{"c":3}]}}`, false},
		"a key more":                          {`{"a":1}`, `{"a":1,"b":2}`, false},
		"a key less":                          {`{"a":1,"b":2}`, `{"a":1}`, false},
		"another key with null":               {`{"a":null}`, `{"b":null}`, false},
		"a nested null is not a missing key":  {`{"a":null}`, `{}`, false},
		"lists in another order":              {`[1,2]`, `[2,1]`, false},
		"a list and its beginning":            {`[1,2]`, `[1]`, false},
		"an empty list and an empty object":   {`[]`, `{}`, false},
		"empty lists":                         {`[]`, `[]`, true},
		"an object and a list":                {`{"0":1}`, `[1]`, false},
		"a list and a text":                   {`[]`, `""`, false},
		"an object and null":                  {`{}`, `null`, false},
		"an object within a list within both": {`[{"a":[{}]}]`, `[{"a":[{}]}]`, true},
	} {
		t.Run(name, func(t *testing.T) {
			desired, observed := parse(t, test.desired), parse(t, test.observed)
			if got := drift.Equal(desired, observed); got != test.equal {
				t.Errorf("Equal(%s, %s) = %v", test.desired, test.observed, got)
			}
			if got := drift.Equal(observed, desired); got != test.equal {
				t.Errorf("Equal(%s, %s) = %v", test.observed, test.desired, got)
			}
		})
	}
}

func TestNumbersAreEqualWhicheverTypeTheDecoderChose(t *testing.T) {
	for name, test := range map[string]struct {
		desired, observed any
		equal             bool
	}{
		"a float and its text":       {1.5, json.Number("1.5"), true},
		"a whole float and its text": {2.0, json.Number("2"), true},
		"two floats":                 {0.5, 0.5, true},
		"other floats":               {0.5, 0.25, false},
		"a float and a word":         {1.0, "1", false},
		"no number at all":           {json.Number("x"), 1.0, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := drift.Equal(test.desired, test.observed); got != test.equal {
				t.Errorf("got %v", got)
			}
			if got := drift.Equal(test.observed, test.desired); got != test.equal {
				t.Errorf("the other way round: got %v", got)
			}
		})
	}
}

func TestOneFieldIsListedOnlyWhenItDiffers(t *testing.T) {
	if got := drift.Compare("Email", "a@x.example", "a@x.example"); got != nil {
		t.Errorf("equal values give %v", got)
	}
	want := drift.Fields{{Name: "Email", Desired: "a@x.example", Observed: nil}}
	if diff := cmp.Diff(want, drift.Compare("Email", "a@x.example", nil)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestExtendedPropertiesAreComparedKeyByKey(t *testing.T) {
	type fields = drift.Fields
	for name, test := range map[string]struct {
		desired, observed map[string]any
		declared, whole   drift.Fields
	}{
		"both are nothing": {},
		"nothing declared, something there": {
			observed: map[string]any{"theirs": "x"},
			whole:    fields{{Name: "xp.theirs", Observed: "x"}},
		},
		"declared and missing": {
			desired:  map[string]any{"ours": "x"},
			declared: fields{{Name: "xp.ours", Desired: "x"}},
			whole:    fields{{Name: "xp.ours", Desired: "x"}},
		},
		"declared null and absent are the same": {
			desired: map[string]any{"gone": nil},
		},
		"absent and null there are the same": {
			observed: map[string]any{"gone": nil},
		},
		"declared null and a value there": {
			desired:  map[string]any{"gone": nil},
			observed: map[string]any{"gone": false},
			declared: fields{{Name: "xp.gone", Observed: false}},
			whole:    fields{{Name: "xp.gone", Observed: false}},
		},
		"sorted by key, others' keys in between": {
			desired:  map[string]any{"c": "1", "a": "1"},
			observed: map[string]any{"b": "2", "a": "2"},
			declared: fields{{Name: "xp.a", Desired: "1", Observed: "2"}, {Name: "xp.c", Desired: "1"}},
			whole: fields{
				{Name: "xp.a", Desired: "1", Observed: "2"}, {Name: "xp.b", Observed: "2"}, {Name: "xp.c", Desired: "1"},
			},
		},
		"a nested object is one value": {
			desired:  map[string]any{"team": map[string]any{"lead": "a"}},
			observed: map[string]any{"team": map[string]any{"lead": "a", "size": json.Number("2")}},
			declared: fields{{
				Name: "xp.team", Desired: map[string]any{"lead": "a"},
				Observed: map[string]any{"lead": "a", "size": json.Number("2")},
			}},
			whole: fields{{
				Name: "xp.team", Desired: map[string]any{"lead": "a"},
				Observed: map[string]any{"lead": "a", "size": json.Number("2")},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.declared, drift.CompareDeclared("xp", test.desired, test.observed)); diff != "" {
				t.Errorf("declared keys (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(test.whole, drift.CompareWhole("xp", test.desired, test.observed)); diff != "" {
				t.Errorf("all keys (-want +got)\n%s", diff)
			}
		})
	}
}

func TestComparingLeavesBothSidesAsTheyWere(t *testing.T) {
	desired, observed := map[string]any{"a": "1"}, map[string]any{"b": "2"}
	drift.CompareWhole("xp", desired, observed)
	if diff := cmp.Diff(map[string]any{"a": "1"}, desired); diff != "" {
		t.Errorf("desired (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"b": "2"}, observed); diff != "" {
		t.Errorf("observed (-want +got)\n%s", diff)
	}
}

func FuzzEqualIsReflexiveAndSymmetric(f *testing.F) {
	for _, seed := range [][2]string{
		{`1`, `1.0`}, {`9007199254740993`, `9007199254740992`}, {`1e400`, `1e400`}, {`-0`, `0`},
		{`{"a":[1,null,{"b":"x"}]}`, `{"a":[1,null,{"b":"x"}]}`}, {`null`, `{}`}, {`"1"`, `1`}, {`[]`, `[[]]`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, left, right string) {
		exactLeft, floatLeft, ok := decodeBoth(left)
		exactRight, floatRight, alsoOK := decodeBoth(right)
		if !ok || !alsoOK {
			t.Skip("not JSON")
		}
		values := []any{exactLeft, floatLeft, exactRight, floatRight}
		for _, one := range values {
			if !drift.Equal(one, one) {
				t.Errorf("%#v is not equal to itself", one)
			}
			for _, other := range values {
				if drift.Equal(one, other) != drift.Equal(other, one) {
					t.Errorf("Equal(%#v, %#v) depends on the order", one, other)
				}
				if drift.Equal(one, other) != (len(drift.Compare("x", one, other)) == 0) {
					t.Errorf("Compare(%#v, %#v) is of another opinion", one, other)
				}
			}
		}
	})
}

// decodeBoth reads JSON with numbers as written and with numbers as floats.
func decodeBoth(text string) (exact, float any, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&exact) != nil {
		return nil, nil, false
	}
	// What no float can hold is only read as it is written.
	if json.NewDecoder(strings.NewReader(text)).Decode(&float) != nil {
		float = exact
	}
	return exact, float, true
}
