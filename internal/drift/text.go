// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// How values are shown to a person.
const (
	// Unset stands for null.
	Unset = "(unset)"
	// Redacted stands for a value that nobody may see.
	Redacted = "(redacted)"
	// Missing stands for an object that does not exist in OrderCloud.
	Missing = "(missing)"
)

// maxText bounds a shown value, in bytes: a status is no place for 8,000
// characters of extended properties.
const maxText = 256

// Texts shows both values of a field for a person; those of a write-only field
// are redacted.
func (f Field) Texts() (desired, observed string) {
	if f.WriteOnly {
		return Redacted, Redacted
	}
	return Text(f.Desired), Text(f.Observed)
}

// Text shows a JSON value for a person, cut after 256 bytes: a string as it is,
// everything else as JSON, null as "(unset)".
func Text(value any) string {
	switch typed := value.(type) {
	case nil:
		return Unset
	case string:
		return cut(typed)
	default:
		var buffer bytes.Buffer
		encoder := json.NewEncoder(&buffer)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			return cut(fmt.Sprint(value))
		}
		return cut(string(bytes.TrimSpace(buffer.Bytes())))
	}
}

func cut(text string) string {
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
