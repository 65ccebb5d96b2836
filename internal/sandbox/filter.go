// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// term is one alternative of a filter: "acme*", "!acme", ">2024-01-01".
type term struct {
	operator string // "", ">", "<", ">=", "<="
	negated  bool
	pattern  string
}

// condition is one filter of a list: a property and its alternatives [D].
type condition struct {
	property string
	terms    []term
}

func parseCondition(property, expression string) condition {
	parsed := condition{property: property}
	for alternative := range strings.SplitSeq(expression, "|") {
		parsed.terms = append(parsed.terms, parseTerm(alternative))
	}
	return parsed
}

func parseTerm(expression string) term {
	parsed := term{}
	if rest, negated := strings.CutPrefix(expression, "!"); negated {
		parsed.negated, expression = true, rest
	}
	for _, operator := range []string{">=", "<=", ">", "<"} {
		if rest, found := strings.CutPrefix(expression, operator); found {
			parsed.operator, parsed.pattern = operator, rest
			return parsed
		}
	}
	parsed.pattern = expression
	return parsed
}

// exact tells whether the condition names nothing but whole values.
func (c condition) exact() bool {
	for _, each := range c.terms {
		if each.negated || each.operator != "" || strings.Contains(each.pattern, "*") {
			return false
		}
	}
	return true
}

// after tells whether the condition is a single "> value".
func (c condition) after() (string, bool) {
	if len(c.terms) != 1 || c.terms[0].operator != ">" || c.terms[0].negated {
		return "", false
	}
	return c.terms[0].pattern, true
}

// matches tells whether a value satisfies any alternative. fold brings texts
// into the form in which they are compared.
func (c condition) matches(value any, fold func(string) string) bool {
	for _, each := range c.terms {
		if each.matches(value, fold) != each.negated {
			return true
		}
	}
	return false
}

func (t term) matches(value any, fold func(string) string) bool {
	switch given := value.(type) {
	case nil:
		return t.negated && t.pattern != "*" && !nullMatchesNegation
	case []any:
		for _, element := range given {
			if t.matches(element, fold) {
				return true
			}
		}
		return false
	case []string:
		for _, element := range given {
			if t.matches(element, fold) {
				return true
			}
		}
		return false
	}
	written := fold(written(value))
	pattern := fold(t.pattern)
	switch t.operator {
	case ">":
		return compareTexts(written, pattern) > 0
	case "<":
		return compareTexts(written, pattern) < 0
	case ">=":
		return compareTexts(written, pattern) >= 0
	case "<=":
		return compareTexts(written, pattern) <= 0
	}
	return wildcard(pattern, written)
}

// written is a value as a filter or a search sees it.
func written(value any) string {
	switch given := value.(type) {
	case string:
		return given
	case bool:
		return strconv.FormatBool(given)
	case json.Number:
		return given.String()
	case nil:
		return ""
	}
	return fmt.Sprint(value)
}

// compareTexts compares as numbers or instants where both are, else as text.
func compareTexts(a, b string) int {
	if left, err := strconv.ParseFloat(a, 64); err == nil {
		if right, err := strconv.ParseFloat(b, 64); err == nil {
			return compareNumbers(left, right)
		}
	}
	if left, ok := parseInstant(a); ok {
		if right, ok := parseInstant(b); ok {
			return left.Compare(right)
		}
	}
	return strings.Compare(a, b)
}

func compareNumbers(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func parseInstant(value string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if parsed, err := time.Parse(layout, strings.ToUpper(value)); err == nil {
			return parsed, true
		}
	}
	return time.Time{}, false
}

// wildcard matches a text against a pattern in which * stands for any text.
func wildcard(pattern, given string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == given
	}
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(given, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		position := strings.Index(rest, part)
		if position < 0 {
			return false
		}
		rest = rest[position+len(part):]
	}
	return strings.HasSuffix(rest, last)
}

// wholeOf reads an integer that may have come from a body or from a seed.
func wholeOf(value any) int {
	switch given := value.(type) {
	case int:
		return given
	case float64:
		return int(given)
	case json.Number:
		number, err := given.Int64()
		if err != nil {
			return 0
		}
		return int(number)
	}
	return 0
}
