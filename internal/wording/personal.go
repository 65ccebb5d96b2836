// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"cmp"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// withoutPersonal hides the longest values first, so that a username which begins an
// e-mail address does not leave its rest behind.
func (p Private) withoutPersonal(text string) string {
	values := slices.Clone(p.Personal)
	slices.SortStableFunc(values, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, value := range values {
		for _, form := range slices.Compact([]string{
			Printable(value), jsonOf(value), jsonInASCII(value), url.QueryEscape(value), url.PathEscape(value), html.EscapeString(value),
		}) {
			text = replaceValues(text, form)
		}
	}
	return text
}

// replaceValues hides a value wherever it stands whole, in any letter case. A word that
// sentences consist of, such as user, is a value only where it can be nothing else.
func replaceValues(text, value string) string {
	if value == "" || !utf8.ValidString(value) {
		return text // what is no UTF-8 is not printed
	}
	stands := isWhole
	if vocabulary[strings.ToLower(value)] {
		stands = isValue
	}
	var written strings.Builder
	from := 0
	for _, place := range regexp.MustCompile("(?i)"+regexp.QuoteMeta(value)).FindAllStringIndex(text, -1) {
		if stands(text[:place[0]], text[place[1]:]) {
			written.WriteString(text[from:place[0]] + Redacted)
			from = place[1]
		}
	}
	return written.String() + text[from:]
}

// escapedBefore is an encoded character, whose last letters do not belong to what follows.
var escapedBefore = regexp.MustCompile(`(?i)(?:%[0-9a-f]{2}|\\u[0-9a-f]{4}|\\[nrt])$`)

// isWhole says that neither a letter nor a digit joins what stands between the two texts
// to a longer word.
func isWhole(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	if isWordLetter(next) {
		return false
	}
	return !isWordLetter(last) || escapedBefore.MatchString(before)
}

func isWordLetter(letter rune) bool {
	return letter != utf8.RuneError && (unicode.IsLetter(letter) || unicode.IsDigit(letter))
}

var (
	opensValue   = regexp.MustCompile(`(?:["'` + "`" + `“‘«<(\[=]|\w["'\\]*:|%3D|%22|\\u0022)$`)
	followsColon = regexp.MustCompile(`[:=]\s+$`)
	closesValue  = regexp.MustCompile(`^(?:$|["'` + "`" + `”’»>)\]&;\\]|,|\.(?:\s|$)|%22|%26)`)
)

// isValue says that what stands between the two texts is a value and no part of a sentence:
// it is quoted, or set apart by what separates a name from its value.
func isValue(before, after string) bool {
	if !isWhole(before, after) {
		return false
	}
	if followsColon.MatchString(before) || opensValue.MatchString(before) {
		return closesValue.MatchString(after)
	}
	return false
}
