// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package failure turns errors into what a person reads in a condition: a
// reason, a sentence that says what to do, and when the operator looks again.
package failure

import (
	"errors"
	"fmt"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// Retry says when to look again.
type Retry int

const (
	// Backoff looks again soon, and then ever later; internal/schedule has the bounds.
	Backoff Retry = iota
	// AtInterval looks again when the object's interval has passed.
	AtInterval
	// UpToAMinute looks again after some seconds, and then ever later, at last once a minute:
	// what was refused may have been a mistake of the moment.
	UpToAMinute
	// WhenFree looks again within seconds for a minute, because the holder of what is taken
	// may be on its way out, and then once a minute.
	WhenFree
)

// Failure is an error that becomes a condition of an object.
type Failure struct {
	// Reason is one of the reasons in api/v1alpha1.
	Reason string
	// Message is a sentence for a person. It is the same from one pass to the
	// next for as long as the cause is, and holds no secret and no personal data.
	Message string
	// ForOwner, if any, is a sentence for those who own the Marketplace: it names what
	// Message has to conceal, because it belongs to other tenants.
	ForOwner string
	// Stalled says that nothing changes until a person or another system acts.
	Stalled bool
	// Retry says when to look again.
	Retry Retry
	// After, when positive, is how long to wait at least: what OrderCloud
	// asked for.
	After time.Duration
	// IsEverywhere says that whatever is asked of the marketplace meets the same at present,
	// so that its Marketplace tells it and not each of its objects.
	IsEverywhere bool
	// Cause is the error behind it, for logs.
	Cause error
}

// Error is for logs: the reason and the cause, whose texts never hold values.
func (f *Failure) Error() string {
	if f.Cause == nil {
		return f.Reason
	}
	return f.Reason + ": " + f.Cause.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// New returns a failure with a message for a person, made like fmt.Sprintf.
// Set Stalled, Retry and Cause with the methods below.
func New(reason, format string, arguments ...any) *Failure {
	return &Failure{Reason: reason, Message: fmt.Sprintf(format, arguments...)}
}

// Stall marks that only a person or another system helps, and looks again at
// the interval.
func (f *Failure) Stall() *Failure {
	f.Stalled = true
	f.Retry = AtInterval
	return f
}

// Again sets when to look again.
func (f *Failure) Again(retry Retry) *Failure {
	f.Retry = retry
	return f
}

// Telling sets what is said to those who own the Marketplace.
func (f *Failure) Telling(forOwner string) *Failure {
	f.ForOwner = forOwner
	return f
}

// By sets the cause.
func (f *Failure) By(cause error) *Failure {
	f.Cause = cause
	return f
}

// IsOutage says that OrderCloud cannot answer now, whatever is asked: that tells
// nothing about the object.
func (f *Failure) IsOutage() bool {
	return f.Reason == v1alpha1.ReasonUnavailable || f.Reason == v1alpha1.ReasonRateLimited
}

// As returns the failure within an error, or nil.
func As(err error) *Failure {
	if failure, ok := errors.AsType[*Failure](err); ok {
		return failure
	}
	return nil
}
