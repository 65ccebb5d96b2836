// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants

// This file holds every choice that rests on a fact tagged [N]: not established by any
// public source. Each states the question and the reading.

// isNull says whether a field of a config names nothing. [N] Which of null and the empty
// text OrderCloud answers for a field that was sent as null: both are read as null.
func isNull(field *string) bool { return field == nil || *field == "" }
