// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"
)

// class says what an error means to a caller. An error has exactly one, so at
// most one of the Is… predicates that ask for it is true.
type class int

const (
	classOther class = iota
	classCredentialsRefused
	classUnauthorized
	classForbidden
	classRateLimited
	classUnavailable
	classNotFound
	classIDExists
	classUsernameTaken
	classInUse
	classInvalid
)

// IsCredentialsRefused says that the token endpoint refused the client ID, its
// secret or the roles asked for. A 401 or 403 on an API call is none of that.
func IsCredentialsRefused(err error) bool { return classOf(err) == classCredentialsRefused }

// IsUnauthorized says that an API call was answered 401, with a new token too.
func IsUnauthorized(err error) bool { return classOf(err) == classUnauthorized }

// IsForbidden says that an API call was answered 403: the token lacks a role [D].
func IsForbidden(err error) bool { return classOf(err) == classForbidden }

// IsRateLimited says that the answer was 429; RetryAfter tells how long to wait.
func IsRateLimited(err error) bool { return classOf(err) == classRateLimited }

// IsUnavailable says that OrderCloud could not be reached or did not answer
// properly: no connection, a time-out (a caller's deadline included), a dropped
// connection, 5xx, Api.Offline, a redirect, or an answer that is not
// OrderCloud's. A write may have been applied all the same. A caller's own
// cancellation is not meant.
func IsUnavailable(err error) bool { return classOf(err) == classUnavailable }

// IsNotFound says that the object, its parent, or an object that the body names
// does not exist; MissingObject tells which. A 404 without OrderCloud's code
// comes from something in between and does not count.
func IsNotFound(err error) bool { return classOf(err) == classNotFound }

// IsIDExists says that a Create met an object with that ID.
func IsIDExists(err error) bool { return classOf(err) == classIDExists }

// IsUsernameTaken says that another user of the marketplace has that username.
func IsUsernameTaken(err error) bool { return classOf(err) == classUsernameTaken }

// IsInUse says that a deletion was refused because something needs the object;
// the code says what.
func IsInUse(err error) bool { return classOf(err) == classInUse }

// IsInvalid says that the request itself was refused, by OrderCloud for a
// reason that no other predicate names, or by this client before it was sent.
func IsInvalid(err error) bool { return classOf(err) == classInvalid }

// HasCode says that the error carries that code.
func HasCode(err error, code string) bool {
	failure, ok := errors.AsType[*Error](err)
	return ok && failure.hasCode(code)
}

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
		if detail.Code != CodeNotFound || json.Unmarshal(detail.Data, &data) != nil || data.ObjectType == "" {
			continue
		}
		return data.ObjectType, data.ObjectID, true
	}
	return "", "", false
}

// IsHeldBack says that nothing was sent, because a Config.Transport held the
// request back; RetryAfter tells for how long.
func IsHeldBack(err error) bool { return isUnsent(err) }

// HadNoEffect says that a write certainly changed nothing: it was not sent, or OrderCloud
// itself refused it. Only a JSON answer with one of its codes is OrderCloud's own word. A
// 429, a 5xx and a page of something in between say nothing of what was done before them,
// and neither does an answer that did not come. An error that is not of this client is one
// of before the call.
func HadNoEffect(err error) bool {
	failure, ok := errors.AsType[*Error](err)
	switch {
	case !ok, isUnsent(err), failure.Route == tokenRoute:
		return true
	case failure.Status == 0:
		return isUnconnected(failure.Cause)
	case failure.Status == http.StatusTooManyRequests, isOutage(failure):
		return false
	default:
		return failure.Status < http.StatusInternalServerError && len(failure.Errors) > 0
	}
}

// isUnconnected says that no connection was made, so that nothing was sent.
func isUnconnected(cause error) bool {
	var dialled *net.OpError
	return errors.As(cause, &dialled) && dialled.Op == "dial" || isCertificateFailure(cause)
}

// RequestID returns the X-oc-logid of the answer, or "".
func RequestID(err error) string {
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		return ""
	}
	return failure.RequestID
}

// RetryAfter returns how long to wait: what the answer asked for, or what a
// Config.Transport that sent nothing says in its error, by a method RetryAfter.
func RetryAfter(err error) (time.Duration, bool) {
	if failure, ok := errors.AsType[*Error](err); ok && failure.RetryAfter > 0 {
		return failure.RetryAfter, true
	}
	var held unsent
	if errors.As(err, &held) && held.RetryAfter() > 0 {
		return held.RetryAfter(), true
	}
	return 0, false
}

func classOf(err error) class {
	if _, refused := errors.AsType[*InvalidRequestError](err); refused {
		return classInvalid
	}
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		return classOther
	}
	return failure.class()
}

func (e *Error) class() class {
	switch {
	case errors.Is(e.Cause, context.Canceled):
		return classOther
	case e.Status == http.StatusTooManyRequests:
		return classRateLimited
	case isOutage(e):
		return classUnavailable
	case e.Route == tokenRoute:
		return e.classOfTokenRequest()
	case e.Status == http.StatusUnauthorized || e.hasCode(CodeTokenRevoked):
		return classUnauthorized
	case e.Status == http.StatusForbidden:
		return classForbidden
	}
	return e.classByCode()
}

// classOfTokenRequest knows two answers only, because nothing of a token request
// but its credentials can be wrong: any other status is not OrderCloud's.
func (e *Error) classOfTokenRequest() class {
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return classCredentialsRefused
	}
	return classUnavailable
}

// classByCode goes by the code alone where a status is not established.
func (e *Error) classByCode() class {
	switch {
	case e.hasCode(notFoundCodes...):
		return classNotFound
	case e.hasCode(CodeIDExists):
		return classIDExists
	case e.hasCode(CodeUsernameMustBeUnique):
		return classUsernameTaken
	case e.hasCode(inUseCodes...):
		return classInUse
	}
	return classInvalid
}

func (e *Error) hasCode(codes ...string) bool {
	return slices.ContainsFunc(e.Errors, func(detail ErrorDetail) bool {
		return slices.Contains(codes, detail.Code)
	})
}
