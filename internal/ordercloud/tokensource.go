// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// refusalMemory is how long refused credentials are not tried again, so
	// that thousands of callers do not hammer the token endpoint.
	refusalMemory = time.Minute
	// refreshMargin is how long before its end a token is replaced, at most;
	// a short-lived one is replaced in the last tenth of its life.
	refreshMargin = time.Minute
	// refreshAgain is how long a token that is still good is used after an attempt to
	// replace it got no answer, before the next one.
	refreshAgain = 5 * time.Second
)

// grant is one access token and what is known about it.
type grant struct {
	access    string
	token     Token
	refreshAt time.Time
	// accepted counts the calls with it that OrderCloud has done.
	accepted atomic.Int64
}

func newGrant(access string, token Token, lifetime time.Duration) *grant {
	margin := min(refreshMargin, lifetime/10)
	return &grant{access: access, token: token, refreshAt: token.Expiry.Add(-margin)}
}

// againAt is when to try again to replace a token that is good yet.
func (g *grant) againAt(now time.Time) time.Time {
	if again := now.Add(refreshAgain); again.Before(g.token.Expiry) {
		return again
	}
	return g.token.Expiry
}

// tokenSource keeps one token for all goroutines and has at most one token
// request in flight.
type tokenSource struct {
	fetch func(context.Context) (*grant, error)
	now   func() time.Time

	mutex        sync.Mutex
	current      *grant
	refusal      error
	refusedUntil time.Time
	flight       *flight
}

// flight is a token request that several callers may wait for. Its fields,
// except for waiters, are written before landed is closed.
type flight struct {
	landed  chan struct{}
	cancel  context.CancelFunc
	waiters int
	grant   *grant
	err     error
}

// get returns a token that is good for a while yet, asking for one if need be.
// A caller that leaves does not take the token request away from the others.
func (s *tokenSource) get(ctx context.Context) (*grant, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	joined, granted, err := s.join()
	if joined == nil {
		return granted, err
	}
	select {
	case <-joined.landed:
		return joined.grant, joined.err
	case <-ctx.Done():
		s.leave(joined)
		return nil, ctx.Err()
	}
}

// join returns the flight to wait for, or no flight and what is known already.
func (s *tokenSource) join() (*flight, *grant, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := s.now()
	if s.current != nil && now.Before(s.current.refreshAt) {
		return nil, s.current, nil
	}
	if s.refusal != nil && now.Before(s.refusedUntil) {
		return nil, nil, s.refusal
	}
	if s.flight == nil {
		s.flight = s.depart()
	}
	s.flight.waiters++
	return s.flight, nil, nil
}

// depart starts a token request that belongs to no caller: whoever happened to
// start it may leave while others wait.
func (s *tokenSource) depart() *flight {
	ctx, cancel := context.WithCancel(context.Background())
	started := &flight{landed: make(chan struct{}), cancel: cancel}
	go func() {
		defer cancel()
		started.grant, started.err = s.fetch(ctx)
		s.land(started)
		close(started.landed)
	}()
	return started
}

// land keeps the result, unless the flight was forgotten on the way.
func (s *tokenSource) land(landed *flight) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.flight != landed {
		return
	}
	s.flight = nil
	switch {
	case landed.err == nil:
		s.current, s.refusal = landed.grant, nil
	case IsCredentialsRefused(landed.err):
		s.refusal, s.refusedUntil = landed.err, s.now().Add(refusalMemory)
	case s.current != nil && s.now().Before(s.current.token.Expiry):
		// An outage of the token endpoint takes nothing from a token that is good yet.
		s.current.refreshAt = s.current.againAt(s.now())
		landed.grant, landed.err = s.current, nil
	}
}

// leave ends a token request for which nobody waits any more.
func (s *tokenSource) leave(left *flight) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	left.waiters--
	if left.waiters > 0 {
		return
	}
	left.cancel()
	if s.flight == left {
		s.flight = nil
	}
}

// discard drops a token that was refused, unless another has replaced it.
func (s *tokenSource) discard(refused *grant) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.current == refused {
		s.current = nil
	}
}

// forget drops the token, the remembered refusal and the request in flight,
// whose callers still get its result.
func (s *tokenSource) forget() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.current, s.refusal, s.flight = nil, nil, nil
}

// Acceptance says how often OrderCloud has done what was asked with one token. See
// Client.Acceptance.
type Acceptance struct {
	granted *grant
	calls   int64
}

// IsSince says that OrderCloud has accepted the same token again since an earlier moment.
func (a Acceptance) IsSince(earlier Acceptance) bool {
	return a.granted != nil && a.granted == earlier.granted && a.calls > earlier.calls
}

func (s *tokenSource) acceptance() Acceptance {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.current == nil {
		return Acceptance{}
	}
	return Acceptance{granted: s.current, calls: s.current.accepted.Load()}
}
