// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// fieldType is the JSON type of a field.
type fieldType int

const (
	text     fieldType = iota // string or null
	flag                      // true or false
	whole                     // integer or null
	instant                   // date-time or null
	document                  // xp: object or null, merged key by key by PATCH
	settings                  // object or null, replaced as a whole
	textList                  // list of strings
)

// maximumXPLength is how many characters xp may have as JSON [D].
const maximumXPLength = 8000

// idPattern is what an ID may consist of [D].
var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// field describes one property of an object: name, type and length are those
// of the OpenAPI document [D].
type field struct {
	name      string
	kind      fieldType
	maxLength int  // characters; 0 is no limit
	required  bool // in POST and PUT
	readOnly  bool // ignored in bodies
	secret    bool // never answered
	fallback  any  // value when a POST or PUT leaves it out; nil is null
}

// kind is everything that tells one type of object from another. One set of
// handlers serves all of them.
type kind struct {
	objectType string // as in Data.ObjectType
	template   string // path of the collection, with {parameters}
	parameter  string // path parameter that bears the ID
	segment    string // last element of template
	fields     []field
	searchable []string
	sortable   []string
	readers    []string // roles that may read, besides FullAccess
	writers    []string // roles that may write, besides FullAccess
	sellerOnly bool
	serverID   bool // the server makes the ID; bodies cannot
	key        func(id string) string
	newID      func() string
	// prepare checks and completes what is about to be stored.
	prepare func(change *change) *refusal
	// guard refuses a deletion.
	guard func(s *state, c *collection, r *record) *refusal
	// computed gives the values of fields that depend on other objects.
	computed func(s *state, c *collection, r *record, name string) (any, bool)
}

func (k *kind) field(name string) (field, bool) {
	for _, f := range k.fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// blank is an object as it is before a body has been read into it: defaults
// in what can be written, the previous values in what cannot.
func (k *kind) blank(previous map[string]any) map[string]any {
	fields := make(map[string]any, len(k.fields))
	for _, f := range k.fields {
		switch {
		case f.secret:
		case f.readOnly:
			fields[f.name] = previous[f.name]
		default:
			fields[f.name] = f.fallback
		}
	}
	return fields
}

// apply reads a body into fields. With partial, required fields may be left
// out and xp is merged [D].
func (k *kind) apply(fields, body map[string]any, partial bool) (password *string, refused *refusal) {
	var wrong violations
	for _, f := range k.fields {
		value, present := body[f.name]
		if f.readOnly {
			continue
		}
		if !present {
			if f.required && !partial {
				wrong.add(f.name, "is required.")
			}
			continue
		}
		converted, err := f.convert(value)
		if err != nil {
			return nil, err
		}
		if f.required && (converted == nil || converted == "") {
			wrong.add(f.name, "is required.")
			continue
		}
		f.check(converted, &wrong)
		switch {
		case f.secret:
			if given, isText := converted.(string); isText && given != "" {
				password = &given
			}
		case f.kind == document && partial:
			fields[f.name] = mergeXP(fields[f.name], converted)
		default:
			fields[f.name] = converted
		}
	}
	return password, wrong.refusal()
}

// convert checks the JSON type of a value and brings it into stored form.
func (f field) convert(value any) (any, *refusal) {
	if value == nil {
		return nil, nil
	}
	switch f.kind {
	case text:
		if given, ok := value.(string); ok {
			if given == "" && emptyTextIsNull {
				return nil, nil
			}
			return given, nil
		}
	case flag:
		if given, ok := value.(bool); ok {
			return given, nil
		}
	case whole:
		return f.convertWhole(value)
	case instant:
		if given, ok := value.(string); ok {
			if parsed, err := time.Parse(time.RFC3339, given); err == nil {
				return formatInstant(parsed), nil
			}
		}
	case document, settings:
		if given, ok := value.(map[string]any); ok {
			return given, nil
		}
	case textList:
		return f.convertList(value)
	}
	return nil, invalidBody(f.name + " has the wrong JSON type.")
}

func (f field) convertWhole(value any) (any, *refusal) {
	switch given := value.(type) {
	case json.Number:
		if number, err := strconv.ParseInt(given.String(), 10, 32); err == nil {
			return int(number), nil
		}
	case float64:
		if number := int(given); float64(number) == given {
			return number, nil
		}
	case int:
		return given, nil
	}
	return nil, invalidBody(f.name + " is not a whole number.")
}

func (f field) convertList(value any) (any, *refusal) {
	list, ok := value.([]any)
	if !ok {
		return nil, invalidBody(f.name + " is not a list.")
	}
	texts := make([]any, 0, len(list))
	for _, element := range list {
		if _, isText := element.(string); !isText {
			return nil, invalidBody(f.name + " is not a list of strings.")
		}
		texts = append(texts, element)
	}
	return texts, nil
}

// check adds what is wrong with a value of the right type.
func (f field) check(value any, wrong *violations) {
	switch given := value.(type) {
	case string:
		if f.maxLength > 0 && utf8.RuneCountInString(given) > f.maxLength {
			wrong.add(f.name, "must have at most "+strconv.Itoa(f.maxLength)+" characters.")
		}
		if f.name == "ID" && !idPattern.MatchString(given) {
			wrong.add(f.name, "may consist of letters, digits, hyphens and underscores only.")
		}
	case map[string]any:
		if f.kind == document && xpLength(given) > maximumXPLength {
			wrong.add(f.name, "must have at most "+strconv.Itoa(maximumXPLength)+" characters.")
		}
	}
}

func xpLength(xp map[string]any) int {
	encoded, err := json.Marshal(xp)
	if err != nil {
		return 0
	}
	return utf8.RuneCount(encoded)
}

// mergeXP merges the top-level keys of a patch [D]; null clears all of it.
func mergeXP(current, patch any) any {
	changes, isObject := patch.(map[string]any)
	if !isObject {
		return nil
	}
	merged := map[string]any{}
	if present, ok := current.(map[string]any); ok {
		maps.Copy(merged, present)
	}
	maps.Copy(merged, changes)
	return merged
}

func textOf(value any) string {
	given, _ := value.(string)
	return given
}

func textsOf(value any) []string {
	list, _ := value.([]any)
	texts := make([]string, 0, len(list))
	for _, element := range list {
		texts = append(texts, textOf(element))
	}
	return slices.Clip(texts)
}
