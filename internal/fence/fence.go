// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fence keeps a replica that is no longer the leader from changing anything
// in OrderCloud. Electing a leader alone does not: a process that was frozen, by a
// debugger, a machine that swaps or a virtual machine that is moved, goes on in the
// middle of its work when it thaws, and the election's own loop gives up only a
// renew deadline later. OrderCloud has nothing by which it could refuse such writes.
package fence

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Fence knows whether this replica holds the lease. It is made by [New]; a nil
// Fence holds nothing back, for an operator without leader election.
type Fence struct {
	validity time.Duration

	mutex sync.Mutex
	// renewed is when the latest renewal that succeeded was sent; zero before the
	// first.
	renewed time.Time
	// changed is closed at the next renewal.
	changed chan struct{}
	lost    chan struct{}
	isLost  bool
}

// New returns a fence that is shut until the lease is acquired. It opens for validity
// after each renewal was sent. Validity is the election's renew deadline: what is left
// of the lease's duration is for requests that were sent just before.
func New(validity time.Duration) *Fence {
	return &Fence{validity: validity, changed: make(chan struct{}), lost: make(chan struct{})}
}

// Lost returns a channel that is closed when another replica has held the lease since
// this one did. The process has to end then: its passes began with what is no
// longer so, and must not go on even if it could become the leader again. The
// channel of a nil Fence is never closed.
func (f *Fence) Lost() <-chan struct{} {
	if f == nil {
		return nil
	}
	return f.lost
}

// renew opens the fence, as of when the renewal was sent.
func (f *Fence) renew(sent time.Time) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.renewed = sent
	close(f.changed)
	f.changed = make(chan struct{})
}

// release shuts the fence.
func (f *Fence) release() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.renewed = time.Time{}
}

// lose shuts the fence for good.
func (f *Fence) lose() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if !f.isLost {
		f.isLost = true
		close(f.lost)
	}
}

// hasHeld says whether the lease was this replica's when it last looked.
func (f *Fence) hasHeld() bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return !f.renewed.IsZero()
}

// wasLost says whether the fence is shut for good.
func (f *Fence) wasLost() bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.isLost
}

// isOpen says whether the lease is this replica's now, and else what is closed when
// it may be. A nil fence is always open.
func (f *Fence) isOpen(now time.Time) (open bool, changed <-chan struct{}) {
	if f == nil {
		return true, nil
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.isLost || f.renewed.IsZero() {
		return false, f.changed
	}
	// By both clocks: the monotonic one is not set back, and the other goes on while
	// a machine is suspended.
	age := max(now.Sub(f.renewed), now.Round(0).Sub(f.renewed.Round(0)))
	return age < f.validity, f.changed
}

// wait returns when the lease is this replica's, or with the context's error.
func (f *Fence) wait(ctx context.Context) error {
	for {
		open, changed := f.isOpen(time.Now())
		if open {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the leader's lease: %w", context.Cause(ctx))
		}
	}
}

// Transport returns a transport that sends what may change something only while the
// lease is this replica's, and only if the check of the request's context agrees. Such a
// request waits for a renewal that is late, for as long as its context lives: an error
// would be recorded as one of OrderCloud's. It is to be the last thing that can take time
// before a request is sent. A nil fence waits for no lease. What is exempt is sent without
// a check, such as a request for a token.
func (f *Fence) Transport(next http.RoundTripper, exempt func(*http.Request) bool) http.RoundTripper {
	return transport{fence: f, next: next, exempt: exempt}
}

type transport struct {
	fence  *Fence
	next   http.RoundTripper
	exempt func(*http.Request) bool
}

// RoundTrip sends the request when it may be sent.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		if err := t.mayBeSent(request); err != nil {
			if request.Body != nil {
				_ = request.Body.Close() // as every RoundTripper does, sent or not
			}
			return nil, err
		}
	}
	return t.next.RoundTrip(request)
}

// mayBeSent asks the lease after the check, however long that took: a process that was
// frozen during the check may have lost the lease by its end. What had to wait for the
// lease is checked again.
func (t transport) mayBeSent(request *http.Request) error {
	ctx := request.Context()
	check, ok := ctx.Value(checkKey{}).(Check)
	if !ok || t.exempt(request) {
		check = func(context.Context) error { return nil }
	}
	for {
		if err := t.fence.wait(ctx); err != nil {
			return err
		}
		if err := check(ctx); err != nil {
			return &StoppedError{Cause: err}
		}
		if open, _ := t.fence.isOpen(time.Now()); open {
			return nil
		}
	}
}
