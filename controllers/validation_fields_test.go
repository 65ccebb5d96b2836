// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
)

// raw is JSON as it is sent, because numbers can be written in several ways.
type raw string

// MarshalJSON returns the text itself.
func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

func inRaw(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

// schemaField is a field somewhere below the spec or status of a kind.
type schemaField struct {
	// path to the field; "0" is the first item of a list and "k" a key of a map.
	path []string
	// schemas of everything on the path: the last one is the field's.
	schemas []map[string]any
}

func (f schemaField) String() string { return strings.Join(f.path, ".") }

func (f schemaField) schema() map[string]any { return f.schemas[len(f.schemas)-1] }

func (f schemaField) isWithin(path string) bool {
	return f.String() == path || strings.HasPrefix(f.String(), path+".")
}

// fieldsBelow lists every field of a schema, those of lists, maps and objects included.
func fieldsBelow(schema map[string]any) []schemaField {
	return fieldsOf(schemaField{schemas: []map[string]any{schema}})
}

func fieldsOf(parent schemaField) []schemaField {
	children := map[string]map[string]any{}
	properties, _ := parent.schema()["properties"].(map[string]any)
	for _, name := range sortedNames(properties) {
		children[name] = propertyOf(parent.schema(), name)
	}
	if items, ok := parent.schema()["items"].(map[string]any); ok {
		children["0"] = items
	}
	if values, ok := parent.schema()["additionalProperties"].(map[string]any); ok {
		children["k"] = values
	}
	var fields []schemaField
	for name, schema := range children {
		child := schemaField{
			path:    append(append([]string{}, parent.path...), name),
			schemas: append(append([]map[string]any{}, parent.schemas...), schema),
		}
		fields = append(append(fields, child), fieldsOf(child)...)
	}
	return fields
}

// in lays the value over an object at the field's path. What else has to be there on
// the way is made up.
func (f schemaField) in(object any, value raw) any { return f.lay(0, object, value) }

func (f schemaField) lay(depth int, there any, value raw) any {
	if depth == len(f.path) {
		return value
	}
	if there == nil {
		there = sample(f.schemas[depth])
	}
	name := f.path[depth]
	switch container := there.(type) {
	case []any:
		list := append([]any{}, container...)
		if len(list) == 0 {
			list = []any{nil}
		}
		list[0] = f.lay(depth+1, list[0], value)
		return list
	case map[string]any:
		object := maps.Clone(container)
		object[name] = f.lay(depth+1, object[name], value)
		return object
	default:
		panic(f.String() + " is in no object")
	}
}

// sample is the least that a schema admits, as far as it says so.
func sample(schema map[string]any) any {
	if values, ok := schema["enum"].([]any); ok {
		return values[0]
	}
	switch schema["type"] {
	case "object":
		object := map[string]any{}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			name, _ := name.(string)
			object[name] = sample(propertyOf(schema, name))
		}
		return object
	case "array":
		return []any{}
	case "integer", "number":
		return raw("1")
	case "boolean":
		return true
	}
	if schema["format"] == "date-time" {
		return "2026-03-01T09:00:00Z"
	}
	return "a"
}

// Values to try, by what the schema says of a field.
var (
	// ofAnyType are tried on every field: most are refused.
	ofAnyType = []raw{`null`, `true`, `false`, `1`, `-1`, `1.5`, `""`, `"a"`, `[]`, `{}`, `[null]`, `{"k": null}`, `{"k": "v"}`, `["a"]`, `"2026-03-01T09:00:00Z"`, `"10m"`}
	numbers   = []raw{
		`0`, `-0`, `2`, `3.0`, `1e2`, `1E+2`, `100e-2`, `0.0`, `255.0`, `32767`, `32768`, `2147483647`, `2147483648`, `-2147483648`, `-2147483649`,
		`2147483647.0`, `2147483648.0`, `4294967296`, `9007199254740993`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775808`,
		`-9223372036854775809`, `1e18`, `1e19`, `18446744073709551616`, `1e21`, `1e300`, `123456789012345678901234567890`, `1e400`,
	}
	moments = []raw{
		`"2026-03-01t09:00:00z"`, `"2026-03-01T09:00:00z"`, `"2026-03-01t09:00:00Z"`, `"2026-03-01T09:00:00.1Z"`, `"2026-03-01T09:00:00.123456Z"`,
		`"2026-03-01T09:00:00.1234567890123456789Z"`, `"2026-03-01T09:00:00,5Z"`, `"2026-03-01T09:00:00x5Z"`, `"2026-03-01T09:00:00+02:00"`,
		`"2026-03-01T09:00:00-00:00"`, `"2026-03-01T09:00:00+23:59"`, `"2026-03-01T09:00:00+24:00"`, `"2026-03-01T09:00:00+99:99"`,
		`"1990-12-31T23:59:60Z"`, `"2026-03-01T24:00:00Z"`, `"2026-03-01 09:00:00Z"`, `"2026-03-01T09:00:00"`, `"2026-03-01T09:00:00Ztomorrow"`,
		`"0000-01-01T00:00:00Z"`, `"0000-01-01T00:00:00+23:59"`, `"9999-12-31T23:59:59-23:59"`, `"10000-01-01T00:00:00Z"`, `"2026-03-01"`, `"now"`,
	}
	durations = []raw{
		`"1s"`, `"0s"`, `"-1s"`, `"1000ms"`, `"1h30m0.5s"`, `"1.999999999h"`, `"999999h"`, `"999999h999999h999999h"`, `"999999h999999h99999h"`,
		`"2562047h47m16s"`, `"2562047h47m17s"`, `"999999.999999999h"`, `"1.9999999999h"`, `"1d"`, `"1us"`, `"1µs"`, `"+1s"`, `".5h"`, `"1.h"`, `"1"`, `"0"`,
		`"1s\n"`, `" 1s"`, `"1S"`, `"1e3s"`, `"1h1h1h1h1h1h1h1h1h1h"`, `"0.000000001h1s"`,
	}
	texts = []raw{
		`"\u0000"`, `"\ud800"`, `"\u2028 \u00e9 \ud83d\ude00"`, `" "`, `"A-Z_0-9"`, `"true"`, `"1"`, `"null"`, `"https://proxy.example:8443/"`,
		`"http://127.0.0.1:9990"`,
	}
	objects = []raw{
		`{"a": 1e300, "b": 123456789012345678901234567890, "c": 0.1, "d": -0, "": [{"a": [null]}]}`, `{"a": {"a": {"a": {"a": {}}}}}`,
		`{"kind": 1, "apiVersion": null, "metadata": []}`, `{"a": "\ud800\u0000"}`, `{"": ""}`, `{"a.b/c": ""}`,
		raw(`{"a": ` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`),
	}
)

// of returns what an object holds at the field's path.
func (f schemaField) of(object any) any {
	for _, name := range f.path {
		switch container := object.(type) {
		case map[string]any:
			object = container[name]
		case []any:
			if object = nil; len(container) > 0 {
				object = container[0]
			}
		}
	}
	return object
}

// candidates are the values to try: what is sound, what the schema's type, format,
// bounds and enum may let through, and what they are to refuse.
func (f schemaField) candidates(sound map[string]any) []raw {
	schema := f.schema()
	values := append([]raw{raw(inRaw(sample(schema))), raw(inRaw(f.of(sound)))}, ofAnyType...)
	choices, _ := schema["enum"].([]any)
	for _, choice := range choices {
		values = append(values, raw(inRaw(choice)))
	}
	switch schema["type"] {
	case "integer", "number":
		values = append(values, numbers...)
		for _, bound := range []string{"minimum", "maximum"} {
			if limit, ok := schema[bound].(float64); ok {
				values = append(values, raw(strconv.FormatFloat(limit, 'f', 1, 64)), raw(strconv.FormatFloat(limit, 'e', -1, 64)))
			}
		}
	case "string":
		values = append(values, texts...)
		values = append(values, moments...)
		values = append(values, durations...)
		if longest, ok := schema["maxLength"].(float64); ok {
			values = append(values, raw(`"`+strings.Repeat("é", int(longest))+`"`), raw(`"`+strings.Repeat("a", int(longest))+`"`))
		}
	case "object":
		values = append(values, objects...)
	case "array":
		if items, ok := schema["items"].(map[string]any); ok {
			item := string(inRaw(sample(items)))
			values = append(values, raw("["+item+"]"), raw("["+item+","+item+"]"))
		}
	}
	return values
}
