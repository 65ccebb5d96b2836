// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package answer says what came back for one request to OrderCloud. An answer is
// classified once, where its body is in memory, and everything else switches on that
// value: what is sent again, what opens the breaker, what a claim is worth, what is
// counted and what a person reads.
package answer

import (
	"errors"
	"net/http"
	"slices"
	"time"
)

// Answer is what came back for one request.
type Answer struct {
	// Status is the HTTP status, 0 when no answer came.
	Status int
	// Errors are OrderCloud's own errors, in the answer's order; may be empty.
	Errors []Detail
	// RequestID is the answer's X-oc-logid, which OrderCloud's support asks for [D].
	RequestID string
	// RetryAfter is how long the answer asks to wait, at most MaximumRetryAfter; 0 when it
	// does not say.
	RetryAfter time.Duration
	// Cause is why there is no readable answer; nil when OrderCloud answered.
	Cause error
	// Meaning is what the answer says.
	Meaning Meaning
	// Effect says whether the request has changed anything in OrderCloud.
	Effect Effect
	// Scope says what else would be answered alike.
	Scope Scope
}

// Meaning is what an answer says. There is exactly one for each.
type Meaning int

const (
	// Nothing is the meaning of an error that is no answer.
	Nothing Meaning = iota
	// Success is what was asked for.
	Success
	// Left says that the caller gave up before an answer came.
	Left
	// HeldBack says that this side sent nothing, because it would have been in vain.
	HeldBack
	// Unreachable says that no answer came: no connection, one that dropped, or a time-out.
	Unreachable
	// ProxyRefused says that a proxy on the way did not let the request through.
	ProxyRefused
	// Foreign says that the answer is not OrderCloud's: a page of something in between.
	Foreign
	// Unreadable says that the answer to a request that succeeded is cut short, too large,
	// or not the object that was asked for.
	Unreadable
	// Failing says that OrderCloud, or what stands before it, failed.
	Failing
	// Offline says that OrderCloud is down for maintenance.
	Offline
	// RateLimited says that OrderCloud asks to slow down.
	RateLimited
	// CredentialsRefused says that the token endpoint refused the client ID, its secret, or
	// the roles asked for.
	CredentialsRefused
	// Unauthorized says that the token is no good.
	Unauthorized
	// Forbidden says that the token lacks a role [D].
	Forbidden
	// NotFound says that the object, its parent, or an object that the body names does not
	// exist.
	NotFound
	// IDExists says that a POST met an object with its ID.
	IDExists
	// UsernameTaken says that another user of the marketplace has the username.
	UsernameTaken
	// GrantTaken says that another impersonation config grants the same.
	GrantTaken
	// InUse says that a deletion was refused because something needs the object.
	InUse
	// Invalid says that OrderCloud refused the request for a reason that no other meaning
	// names.
	Invalid
)

// Effect says whether a request has changed anything.
type Effect int

const (
	// EffectUnknown says that it may have, or not. It is the zero value: what nobody knows
	// must never pass for nothing.
	EffectUnknown Effect = iota
	// EffectNone says that it certainly has not: it was not sent, or OrderCloud itself
	// refused it.
	EffectNone
	// EffectApplied says that it has.
	EffectApplied
)

// Scope says what else would be answered alike.
type Scope int

const (
	// ScopeUnknown says that the answer may be about this request or about all of its kind:
	// one more request tells.
	ScopeUnknown Scope = iota
	// ScopeRequest says that the answer is about this request.
	ScopeRequest
	// ScopeAll says that every request would be answered alike at present.
	ScopeAll
)

// IsUnavailable says that OrderCloud could not be reached or did not answer properly, so
// that the answer says nothing about what was asked for.
func (a Answer) IsUnavailable() bool {
	switch a.Meaning {
	case HeldBack, Unreachable, ProxyRefused, Foreign, Unreadable, Failing, Offline:
		return true
	default:
		return false
	}
}

// IsAnswered says that OrderCloud itself dealt with the request, whatever it said.
func (a Answer) IsAnswered() bool {
	return a.Meaning != Nothing && a.Meaning != Left && a.Meaning != RateLimited && !a.IsUnavailable()
}

// IsFailure says that the marketplace, or the way to it, failed: what a breaker counts. An
// object that cannot be read fails nothing else.
func (a Answer) IsFailure() bool {
	return a.IsUnavailable() && a.Meaning != HeldBack && a.Meaning != Unreadable
}

// IsLike says that another request of the same kind was answered in the same way.
func (a Answer) IsLike(other Answer) bool {
	return a.Meaning != Nothing && a.Meaning == other.Meaning && a.Status == other.Status
}

// HasCode says that the answer carries one of the codes.
func (a Answer) HasCode(codes ...string) bool {
	return slices.ContainsFunc(a.Errors, func(detail Detail) bool { return slices.Contains(codes, detail.Code) })
}

// Of returns what came back for a request that Transport has sent. What another transport
// returns has not been read: it counts as Foreign.
func Of(response *http.Response, err error) Answer {
	if err != nil {
		return classifyCause(err, 0)
	}
	if read, ok := response.Body.(*body); ok {
		return read.answer
	}
	return Answer{Status: response.StatusCode, Meaning: Foreign, Cause: errUnreadable}
}

// OfError returns what came back for the request whose error this is: the answer of the
// innermost error that holds one. Its Meaning is Nothing if there is none.
func OfError(err error) Answer {
	held, ok := errors.AsType[interface {
		error
		Answered() Answer
	}](err)
	if !ok {
		return Answer{Effect: EffectNone, Cause: err}
	}
	return held.Answered()
}

// Failure is an answer that made somebody hold requests back.
type Failure struct{ Answer }

// Error names the failure in words that are the same each time.
func (f *Failure) Error() string { return f.Describe() }

// Unwrap returns why no answer came, if so.
func (f *Failure) Unwrap() error { return f.Cause }

// Behind returns the answer that an error tells of: of one that was held back, the answer
// for which it was.
func Behind(err error) Answer {
	told := OfError(err)
	if behind, ok := errors.AsType[*Failure](told.Cause); ok && told.Meaning == HeldBack {
		return behind.Answer
	}
	return told
}
