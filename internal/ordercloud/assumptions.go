// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"encoding/json"
	"net/http"
	"time"
)

// This file holds what the client does where OrderCloud's behaviour is not
// established [N]: each time the reading that does the least harm when wrong,
// in one place, so that it can be changed when someone has seen the real one.

// assumedTokenLifetime is used for a token that tells its lifetime neither in
// expires_in nor in a plausible exp claim: the shortest that an API client can
// have.
const assumedTokenLifetime = 10 * time.Minute

// notFoundCodes mean that an object does not exist, under whatever status: a
// missing security profile in a POST may be answered 404 or 400.
var notFoundCodes = []string{CodeNotFound, CodeUserNotFound}

// inUseCodes refuse a deletion. Whether they come with 400 or 409 is not
// established, so only the code counts.
var inUseCodes = []string{
	CodeCannotDeleteImpersonateeParty,
	CodeCannotDeleteSecurityProfile,
	CodeCannotDeleteDefaultContextUser,
	CodeCannotDeleteWithOpenOrder,
	CodeCannotDeleteDevImpersonationUser,
	CodeCannotDeleteApprovingGroup,
	CodeUsedByImpersonationConfig,
	CodeUsedByIntegration,
	CodeCannotDeleteLastFullAccess,
}

// needsNewToken says whether an answer to an API call means that its token is
// no good. The status of Auth.TokenRevoked is not established.
func needsNewToken(status int, body []byte) bool {
	if status == http.StatusUnauthorized {
		return true
	}
	if status < http.StatusBadRequest || status >= http.StatusInternalServerError {
		return false
	}
	details, err := parseErrorBody(body)
	return err == nil && (&Error{Errors: details}).hasCode(CodeTokenRevoked)
}

// isOutage says whether a failure lies with the way to OrderCloud or with
// OrderCloud's own health rather than with the request. The status of
// Api.Offline is not established, so only the code counts. A redirect is not
// known to happen, and a 404, 400 or 409 that is not JSON, or a 404 without a
// code, comes from something in between: to take one for "the object does not
// exist" could delete or create an object by mistake.
func isOutage(failure *Error) bool {
	switch {
	case failure.hasCode(CodeAPIOffline):
		return true
	case failure.Status < http.StatusBadRequest, failure.Status >= http.StatusInternalServerError:
		return true
	case failure.Status == http.StatusRequestTimeout:
		return true
	case failure.Status == http.StatusUnauthorized, failure.Status == http.StatusForbidden:
		return false
	case failure.Status == http.StatusNotFound:
		return len(failure.Errors) == 0
	}
	return failure.Cause != nil
}

// isSuccess accepts every 2xx, because whether a creating PUT answers 200 or
// 201 is not established.
func isSuccess(status int) bool {
	return status >= http.StatusOK && status < http.StatusMultipleChoices
}

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
