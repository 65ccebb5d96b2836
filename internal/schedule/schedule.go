// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package schedule decides when to ask again: what happened, since when and how often it
// was due become one wait, for every controller.
package schedule

import (
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

const (
	// FirstRetry is how long a failed attempt waits the first time.
	FirstRetry = time.Second
	// LastRetry is how long a failed attempt waits at most.
	LastRetry = 5 * time.Minute
	// LastOutageRetry is how long an attempt waits at most that OrderCloud failed to answer:
	// nobody tells when a fault of one route is over.
	LastOutageRetry = 20 * time.Second
	// FirstRecheck is how long it takes the first time until what was refused is asked for
	// again: a person may help any time.
	FirstRecheck = 5 * time.Second
	// LastRecheck is how long that takes at most.
	LastRecheck = time.Minute
	// LastWhileGoing is how long an attempt waits at most while the holder of what is taken
	// may be on its way out.
	LastWhileGoing = 5 * time.Second
	// Patience is how long after the first refusal the holder of what is taken may be on its
	// way out. After that only a person helps.
	Patience = time.Minute
	// AfterConflict is how long a pass waits that lost a race for its object: the change
	// that it lost to wakes it sooner, unless that was no declaration.
	AfterConflict = 200 * time.Millisecond
)

// Outcome is how an attempt ended, and what bounds the next one.
type Outcome struct {
	// Problem is why the attempt failed, else nil.
	Problem *failure.Failure
	// Generation is the declaration that it was about. Another one begins with the first
	// wait.
	Generation int64
	// Regular is how long it is until the attempt that is due anyway, and Interval how long
	// from one of these to the next.
	Regular, Interval time.Duration
	// Awaited says that somebody waits for the outcome.
	Awaited bool
	// Probes says that others are woken by the success: then the attempt is made as soon as
	// OrderCloud may be asked.
	Probes bool
	// Left, if positive, is how long what there is can still be used.
	Left time.Duration
}

// Attempts is what is remembered of the attempts that failed in a row. The zero value is
// that none did.
type Attempts struct {
	// Count is how many of them were due. One that was woken before counts for nothing.
	Count int
	// Since is when the first of them was.
	Since time.Time
	// Due is when the next one is.
	Due time.Time
	// generation and cause are what they were about.
	generation int64
	cause      string
}

// After is the one rule for the next attempt. Chance, from 0 to 1, is what spreads those
// that failed together.
func After(what Outcome, known Attempts, now time.Time, chance float64) Attempts {
	next := known.followedBy(what, now)
	left := known.Due.Sub(now)
	isEarly := next.Count > 0 && next.Count == known.Count && left > 0
	if !isEarly {
		next.Count++
	}
	wait := what.wait(next.Count, chance)
	if isEarly {
		wait = min(wait, max(left, what.asked()))
	}
	next.Due = now.Add(what.inTime(wait))
	if what.Problem == nil {
		next.Count = 0
	}
	return next
}

// followedBy starts over when the outcome is about something else than the attempts so far.
func (a Attempts) followedBy(what Outcome, now time.Time) Attempts {
	if a.Count == 0 || a.generation != what.Generation || a.cause != what.cause() {
		return Attempts{Since: now, generation: what.Generation, cause: what.cause()}
	}
	return a
}

// cause is the same for as long as the waits for it grow.
func (o Outcome) cause() string {
	switch {
	case o.Problem == nil:
		return ""
	case o.Problem.IsOutage():
		return v1alpha1.ReasonUnavailable
	default:
		return o.Problem.Reason
	}
}

// wait is how long the attempt after so many is put off.
func (o Outcome) wait(count int, chance float64) time.Duration {
	problem := o.Problem
	switch {
	case problem == nil:
		return o.Regular
	case problem.Reason == v1alpha1.ReasonRateLimited && o.asked() > 0:
		return o.asked() + part(min(max(FirstRetry, o.asked()/4), LastOutageRetry), chance)
	case problem.IsOutage():
		return o.waitOut(count, chance)
	case problem.Retry == failure.WhenFree && !problem.Stalled:
		return min(o.Regular, Backoff(count, LastWhileGoing, chance))
	case problem.Retry == failure.UpToAMinute, problem.Retry == failure.WhenFree:
		return min(o.Regular, doubled(FirstRecheck, count, LastRecheck)+part(FirstRetry, chance))
	case problem.Retry == failure.Backoff:
		return min(o.Regular, Backoff(count, LastRetry, chance))
	default:
		return o.Regular
	}
}

// waitOut waits for the end of an outage. What is only compared need not notice it before
// it would be compared anyway, while nothing is sent: the Marketplace wakes it.
func (o Outcome) waitOut(count int, chance float64) time.Duration {
	isHeldBack := ordercloud.IsHeldBack(o.Problem)
	switch {
	case isHeldBack && o.Probes:
		return max(o.asked(), time.Millisecond)
	case isHeldBack && !o.Awaited:
		return max(Backoff(count, min(LastRetry, max(o.Interval, LastOutageRetry)), chance), o.asked())
	default:
		return max(Backoff(count, LastOutageRetry, chance), o.asked())
	}
}

// asked is what OrderCloud asked for, within bounds.
func (o Outcome) asked() time.Duration {
	if o.Problem == nil {
		return 0
	}
	return min(max(o.Problem.After, 0), answer.MaximumRetryAfter)
}

// inTime cuts a wait that would outlast what there is. The nearer the end, the less an
// outage that is over may go unnoticed.
func (o Outcome) inTime(wait time.Duration) time.Duration {
	if o.Left <= 0 {
		return max(wait, time.Millisecond)
	}
	if o.Problem != nil && o.Problem.Retry == failure.Backoff {
		wait = min(wait, max(o.Left/4, o.asked(), FirstRetry))
	}
	return max(min(wait, o.Left), time.Millisecond)
}

// Backoff doubles from FirstRetry up to the last wait, and is shortened by up to a half, so
// that what failed together does not come back together.
func Backoff(count int, last time.Duration, chance float64) time.Duration {
	wait := doubled(FirstRetry, count, last)
	return wait/2 + part(wait/2, chance)
}

// doubled is the wait after so many attempts: the first one, then ever twice as long up to
// the last.
func doubled(first time.Duration, count int, last time.Duration) time.Duration {
	const doublings = 16 // more than LastRetry takes
	return min(first<<min(max(count-1, 0), doublings), last)
}

func part(of time.Duration, chance float64) time.Duration {
	return time.Duration(float64(of) * min(max(chance, 0), 1))
}
