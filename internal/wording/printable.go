// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escapeSequence is what a terminal obeys: CSI with its parameters, and OSC up to its end.
var escapeSequence = regexp.MustCompile("(?:\x1b\\[|\u009b)[0-?]*[\\x20-\\x2f]*[\\x40-\\x7e]|\x1b\\][^\a\x1b]*(?:\a|\x1b\\\\)")

// Printable returns a text on one line. Control characters, escape sequences of terminals,
// marks that turn the direction of writing, and bytes that are no UTF-8 become spaces; of
// several spaces one is left.
func Printable(text string) string {
	text = escapeSequence.ReplaceAllString(text, " ")
	return strings.Join(strings.FieldsFunc(text, isNotShown), " ")
}

// isNotShown is true of spaces, too, and of the replacement character, which stands for
// bytes that are no UTF-8.
func isNotShown(letter rune) bool {
	return letter == utf8.RuneError || unicode.IsSpace(letter) || !unicode.IsPrint(letter)
}
