// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// UnmarshalJSON decodes what can be decoded, see decodeStatus.
func (s *BuyerUserStatus) UnmarshalJSON(text []byte) error {
	type plain BuyerUserStatus
	return decodeStatus(text, (*plain)(s))
}

// UnmarshalJSON decodes what can be decoded, see decodeStatus.
func (s *ImpersonationConfigStatus) UnmarshalJSON(text []byte) error {
	type plain ImpersonationConfigStatus
	return decodeStatus(text, (*plain)(s))
}

// UnmarshalJSON decodes what can be decoded, see decodeStatus.
func (s *ImpersonationTokenStatus) UnmarshalJSON(text []byte) error {
	type plain ImpersonationTokenStatus
	return decodeStatus(text, (*plain)(s))
}

// UnmarshalJSON decodes what can be decoded, see decodeStatus.
func (s *MarketplaceStatus) UnmarshalJSON(text []byte) error {
	type plain MarketplaceStatus
	return decodeStatus(text, (*plain)(s))
}

// decodeStatus decodes a status, and leaves out each of its fields that does not decode:
// it is as if that had not been seen yet. The API server admits moments and numbers that
// Go's types do not hold, only the operator writes a status, and what somebody else wrote
// there must not keep it from reading all objects of the kind.
func decodeStatus[T any](text []byte, status *T) error {
	if err := utiljson.Unmarshal(text, status); err == nil {
		return nil
	}
	*status = *new(T)
	var fields map[string]json.RawMessage
	if err := utiljson.Unmarshal(text, &fields); err != nil {
		return nil //nolint:nilerr // a status that is no object tells nothing
	}
	for name, value := range fields {
		alone, err := json.Marshal(map[string]json.RawMessage{name: value})
		if err != nil {
			return err
		}
		// A failure may leave a part behind: it is tried apart first.
		if utiljson.Unmarshal(alone, new(T)) != nil {
			continue
		}
		if err := utiljson.Unmarshal(alone, status); err != nil {
			return err
		}
	}
	return nil
}
