// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "(redacted)"

// Secret is a string that no print, log or JSON encoder shows: they all write
// "(redacted)", for the empty one too, so that not even its presence is told.
type Secret string

// Reveal returns the value itself. Only what puts it on the wire may call it.
func (s Secret) Reveal() string { return string(s) }

// String returns "(redacted)".
func (s Secret) String() string { return redacted }

// GoString returns "(redacted)".
func (s Secret) GoString() string { return redacted }

// Format writes "(redacted)" for every verb, %x and %q included.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// MarshalText returns "(redacted)" and no error, which covers encoding/json,
// YAML and every logger that encodes through them.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "(redacted)" for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
