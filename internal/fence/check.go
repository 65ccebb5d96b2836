// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fence

import (
	"context"
	"time"
)

// Check says, as the last thing before a write is sent, whether it may be sent. An error
// stops it.
type Check func(ctx context.Context) error

type checkKey struct{}

// WithCheck returns a context whose writes are sent only if the check agrees.
func WithCheck(ctx context.Context, check Check) context.Context {
	return context.WithValue(ctx, checkKey{}, check)
}

// StoppedError says that a write was stopped by its check, before any of it was sent. To
// whatever counts failures it is what it is to a request whose caller has left: it says
// nothing about OrderCloud.
type StoppedError struct {
	// Cause is what the check returned.
	Cause error
}

// Error returns the text of the cause.
func (e *StoppedError) Error() string { return "stopped before it was sent: " + e.Cause.Error() }

// Unwrap returns the cause, and context.Canceled.
func (e *StoppedError) Unwrap() []error { return []error{e.Cause, context.Canceled} }

// RetryAfter marks the error as one of a request that was not sent. It asks for no wait.
func (e *StoppedError) RetryAfter() time.Duration { return 0 }
