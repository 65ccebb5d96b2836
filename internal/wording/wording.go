// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package wording makes text that came from OrderCloud, or from whatever answered in
// its place, fit to be shown: printable, without secrets and personal values, and bounded.
package wording

import (
	"strings"
	"unicode/utf8"
)

// Redacted is what stands in the place of a value that must not be shown.
const Redacted = "(redacted)"

// Private are the values that an answer may echo and that must not be shown.
type Private struct {
	// Secrets are hidden in every encoding, also inside of other words.
	Secrets []string
	// Personal values are hidden where they stand as whole values, in any letter case.
	Personal []string

	// forms are the encodings of the secrets, where many texts are cleaned.
	forms []string
}

// Prepared returns the same values, for many texts: it takes far longer to work out how
// secrets may be encoded than to look for them.
func (p Private) Prepared() Private {
	p.forms = formsOf(p.Secrets)
	return p
}

// Clean returns the text as it may be shown: on one line, printable, without private
// values, and with at most so many bytes before the ellipsis that marks a cut.
func (p Private) Clean(text string, most int) string { return Cut(p.Redact(text), most) }

// Redact returns the text on one line, printable and without private values. What looks
// like a credential is hidden, too, whether it is known or not.
func (p Private) Redact(text string) string {
	// Before what is not printable is lost, which a secret may have in it, and after:
	// it may have stood inside of one.
	text = Printable(p.withoutSecrets(text))
	return p.withoutPersonal(p.withoutSecrets(text))
}

// Cut returns at most so many bytes of a text, whole letters only, and an ellipsis after
// what was cut.
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}

// identifierLimit bounds a request ID; the ones that are known have 36 characters.
const identifierLimit = 64

// Identifier returns the first 64 characters of an ID that an answer bears, such as the
// one of a request: ASCII that can be printed, without spaces and without secrets.
func (p Private) Identifier(text string) string {
	text = strings.Map(func(letter rune) rune {
		if letter <= ' ' || letter > '~' {
			return -1
		}
		return letter
	}, p.Redact(text))
	return text[:min(len(text), identifierLimit)]
}
