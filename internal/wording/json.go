// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"bytes"
	"encoding/json"
)

// CleanJSON returns JSON whose texts are all cleaned, the names of fields included, and nil
// for what is no JSON.
func (p Private) CleanJSON(raw json.RawMessage, most int) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // an amount stays as it was written
	if decoder.Decode(&value) != nil {
		return nil
	}
	if p.forms == nil {
		p = p.Prepared()
	}
	cleaned, err := json.Marshal(p.cleanValue(value, most))
	if err != nil {
		return nil
	}
	return cleaned
}

func (p Private) cleanValue(value any, most int) any {
	switch value := value.(type) {
	case string:
		return p.Clean(value, most)
	case []any:
		for index, element := range value {
			value[index] = p.cleanValue(element, most)
		}
		return value
	case map[string]any:
		cleaned := make(map[string]any, len(value))
		for name, field := range value {
			cleaned[p.Clean(name, most)] = p.cleanValue(field, most)
		}
		return cleaned
	}
	return value
}
