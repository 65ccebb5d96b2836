// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"encoding/json"
	"time"
)

// This file holds what the client does where OrderCloud's behaviour is not
// established [N]: each time the reading that does the least harm when wrong,
// in one place, so that it can be changed when someone has seen the real one. What
// an answer means is decided in package answer, whose assumptions.go has the rest.

// assumedTokenLifetime is used for a token that tells its lifetime neither in
// expires_in nor in a plausible exp claim: the shortest that an API client can
// have.
const assumedTokenLifetime = 10 * time.Minute

// wireTime reads a time with an offset, as the documentation shows it, and one
// without, which is not known to occur, as UTC: a read-only date must not make
// a whole page unreadable.
type wireTime struct{ time.Time }

// UnmarshalJSON reads a time in RFC 3339, with or without an offset.
func (t *wireTime) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		parsed, err = time.Parse("2006-01-02T15:04:05", text)
	}
	t.Time = parsed
	return err
}

// pointer returns nil for nil.
func (t *wireTime) pointer() *time.Time {
	if t == nil {
		return nil
	}
	return &t.Time
}

// nilIfEmpty reads an empty string as null: which of the two OrderCloud answers
// for a field that was sent as null is not established.
func nilIfEmpty(text *string) *string {
	if text == nil || *text == "" {
		return nil
	}
	return text
}

// nilIfNull reads a JSON null as no value.
func nilIfNull(value json.RawMessage) json.RawMessage {
	if string(value) == "null" {
		return nil
	}
	return value
}
