// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Compare returns the one difference between two values of a field, or none.
func Compare(name string, desired, observed any) Fields {
	if Equal(desired, observed) {
		return nil
	}
	return Fields{{Name: name, Desired: desired, Observed: observed}}
}

// CompareDeclared compares only the keys that are declared: others belong to
// others. A declared null and an absent key are the same.
func CompareDeclared(prefix string, desired, observed map[string]any) Fields {
	var fields Fields
	for _, key := range slices.Sorted(maps.Keys(desired)) {
		fields = append(fields, Compare(prefix+"."+key, desired[key], observed[key])...)
	}
	return fields
}

// CompareWhole compares every key of either side. A null and an absent key are
// the same.
func CompareWhole(prefix string, desired, observed map[string]any) Fields {
	all := maps.Clone(observed)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, desired)
	var fields Fields
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fields = append(fields, Compare(prefix+"."+key, desired[key], observed[key])...)
	}
	return fields
}

// Equal says whether two JSON values mean the same: numbers by their value, so
// that 1 equals 1.0, objects whatever the order of their keys.
func Equal(desired, observed any) bool {
	switch want := desired.(type) {
	case map[string]any:
		have, ok := observed.(map[string]any)
		return ok && maps.EqualFunc(want, have, Equal)
	case []any:
		have, ok := observed.([]any)
		return ok && slices.EqualFunc(want, have, Equal)
	case json.Number, float64:
		return equalNumbers(desired, observed)
	default:
		return reflect.DeepEqual(desired, observed)
	}
}

// equalNumbers compares the text of integers, however long: those beyond 2^53,
// which a float64 would round, stay apart. A number that no float64 can hold is
// still equal to itself.
func equalNumbers(desired, observed any) bool {
	want, ok := desired.(json.Number)
	have, alsoOK := observed.(json.Number)
	if ok && alsoOK && (want == have || isInteger(want) && isInteger(have)) {
		return want == have
	}
	wantFloat, ok := toFloat(desired)
	haveFloat, alsoOK := toFloat(observed)
	return ok && alsoOK && wantFloat == haveFloat
}

// isInteger says that two such numbers are equal only if their texts are. That
// leaves out -0, which equals 0.
func isInteger(number json.Number) bool {
	return number != "-0" && !strings.ContainsAny(string(number), ".eE")
}

func toFloat(value any) (float64, bool) {
	switch number := value.(type) {
	case float64:
		return number, true
	case json.Number:
		float, err := number.Float64()
		return float, err == nil
	default:
		return 0, false
	}
}
