// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// IsCredentialsRefused says that the token endpoint refused the client ID, its
// secret or the roles asked for. A 401 or 403 on an API call is none of that.
func IsCredentialsRefused(err error) bool { return meaningOf(err) == answer.CredentialsRefused }

// IsUnauthorized says that an API call was answered 401, with a new token too.
func IsUnauthorized(err error) bool { return meaningOf(err) == answer.Unauthorized }

// IsForbidden says that an API call was answered 403: the token lacks a role [D].
func IsForbidden(err error) bool { return meaningOf(err) == answer.Forbidden }

// IsRateLimited says that the answer was 429; RetryAfter tells how long to wait.
func IsRateLimited(err error) bool { return meaningOf(err) == answer.RateLimited }

// IsUnavailable says that OrderCloud could not be reached or did not answer
// properly: no connection, a time-out (a caller's deadline included), a dropped
// connection, 5xx, Api.Offline, a redirect, or an answer that is not
// OrderCloud's. A write may have been applied all the same. A caller's own
// cancellation is not meant.
func IsUnavailable(err error) bool { return answer.OfError(err).IsUnavailable() }

// IsNotFound says that the object, its parent, or an object that the body names
// does not exist; MissingObject tells which. A 404 without OrderCloud's code
// comes from something in between and does not count.
func IsNotFound(err error) bool { return meaningOf(err) == answer.NotFound }

// IsIDExists says that a Create met an object with that ID.
func IsIDExists(err error) bool { return meaningOf(err) == answer.IDExists }

// IsUsernameTaken says that another user of the marketplace has that username.
func IsUsernameTaken(err error) bool { return meaningOf(err) == answer.UsernameTaken }

// IsInUse says that a deletion was refused because something needs the object;
// the code says what.
func IsInUse(err error) bool { return meaningOf(err) == answer.InUse }

// IsInvalid says that the request itself was refused, by OrderCloud for a
// reason that no other predicate names, or by this client before it was sent.
func IsInvalid(err error) bool {
	_, refused := errors.AsType[*InvalidRequestError](err)
	return refused || meaningOf(err) == answer.Invalid
}

// IsGrantTaken says that another impersonation config grants the same.
func IsGrantTaken(err error) bool { return meaningOf(err) == answer.GrantTaken }

// HasCode says that the error carries that code.
func HasCode(err error, code string) bool { return answer.OfError(err).HasCode(code) }

// MissingObject returns what a not-found error says is missing: its type as
// OrderCloud calls it ("User", "SecurityProfile") and its ID [D].
func MissingObject(err error) (objectType, objectID string, ok bool) {
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		return "", "", false
	}
	for _, detail := range failure.Errors {
		var data struct {
			ObjectType string `json:"ObjectType"`
			ObjectID   string `json:"ObjectID"`
		}
		if detail.Code != answer.CodeNotFound || json.Unmarshal(detail.Data, &data) != nil || data.ObjectType == "" {
			continue
		}
		return data.ObjectType, data.ObjectID, true
	}
	return "", "", false
}

// IsHeldBack says that nothing was sent, because something held the
// request back; RetryAfter tells for how long.
func IsHeldBack(err error) bool { return meaningOf(err) == answer.HeldBack }

// HadNoEffect says that a write certainly changed nothing: it was not sent, or OrderCloud
// itself refused it. An error that is not of this client is one of before the call.
func HadNoEffect(err error) bool {
	failure, ok := errors.AsType[*Error](err)
	return !ok || !failure.WasRepeated && (failure.Effect == answer.EffectNone || failure.Route == tokenRoute)
}

// RequestID returns the X-oc-logid of the answer, or "".
func RequestID(err error) string { return answer.OfError(err).RequestID }

// RetryAfter returns how long to wait: what the answer asked for, or what a
// transport that sent nothing says in its error, by a method RetryAfter.
func RetryAfter(err error) (time.Duration, bool) {
	wait := answer.OfError(err).RetryAfter
	return wait, wait > 0
}

func meaningOf(err error) answer.Meaning { return answer.OfError(err).Meaning }
