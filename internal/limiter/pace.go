// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"math"
	"time"
)

const (
	// defaultPause follows a 429 that does not say how long to wait.
	defaultPause = time.Second
	// floorRate is left in requests per second, however many 429s there are: a
	// marketplace that is asked less than that would not be seen to recover.
	floorRate = 0.1
	// unmeasuredRate is what to begin with after a 429 when nothing was answered
	// before it.
	unmeasuredRate = 1.0
	// backOff is the part of what was borne by which a rate begins below it.
	backOff = 0.1
	// plateau is in the middle of how long a rate stays about what was borne: from
	// then on it grows past that, slowly at first.
	plateau = 6 * time.Second
)

// pace is how fast requests may follow each other: a bucket of tokens whose rate
// falls to what the marketplace bore when that answers 429, and recovers from there.
type pace struct {
	configured float64
	current    float64
	bucket     bucket
	// pausedUntil is when the next request may be granted, if in the future.
	pausedUntil time.Time
	// slowdowns counts how often the rate was lowered.
	slowdowns int
	// borne is what the rate recovers from.
	borne borne
	// recovered is for how long success has been credited since, and recoveredAt up to
	// when.
	recovered   time.Duration
	recoveredAt time.Time
	successes   recent
}

func newPace(configured float64) *pace {
	return &pace{configured: configured, current: configured, bucket: bucket{tokens: float64(burst(configured))}}
}

// burst is one second's worth, at least one request.
func burst(perSecond float64) int { return max(1, int(perSecond)) }

// reserve is how many tokens sweeps leave in the bucket: a quarter, at least
// one. A bucket that holds a single token cannot keep any.
func (p *pace) reserve() float64 {
	size := burst(p.current)
	if size == 1 {
		return 0
	}
	return float64(max(1, size/4))
}

// wait returns how long it takes until nothing is paused and the bucket holds so
// many tokens.
func (p *pace) wait(now time.Time, tokens float64) time.Duration {
	pause := max(p.pausedUntil.Sub(now), 0)
	missing := tokens - p.bucket.at(now, p.current)
	return pause + max(time.Duration(math.Ceil(missing/p.current*float64(time.Second))), 0)
}

// take takes a token, which wait has found to be there.
func (p *pace) take(now time.Time) { p.bucket.set(now, p.bucket.at(now, p.current)-1) }

func (p *pace) configure(now time.Time, configured float64) {
	isSlowed := p.current < p.configured
	p.configured = configured
	if isSlowed {
		p.set(now, p.current)
		return
	}
	p.set(now, configured)
}

// set changes the rate, within bounds, and the bucket's size with it, so that a
// slow rate does not begin with a fast one's burst.
func (p *pace) set(now time.Time, perSecond float64) {
	tokens := p.bucket.at(now, p.current)
	p.current = min(max(perSecond, floorRate), p.configured)
	since := now
	if p.bucket.since.After(now) {
		since = p.bucket.since // nothing comes in while a pause lasts
	}
	p.bucket.set(since, min(tokens, float64(burst(p.current))))
}

// throttled lowers the rate to what was borne before a 429 and pauses; the bucket holds
// one token when the pause ends, or all that waits would be sent at once then. One for a
// request that was granted before the rate was last lowered does not lower it again:
// it says nothing about the new rate. isPressed says that requests were waiting, so
// that more were not borne.
func (p *pace) throttled(now time.Time, permit *Permit, pause time.Duration, isPressed bool) {
	if pause == 0 {
		pause = defaultPause
	}
	if until := now.Add(pause); until.After(p.pausedUntil) {
		p.pausedUntil = until
	}
	if permit.slowdowns == p.slowdowns {
		p.slowdowns++
		p.borne = bearing(p.successes.perSecond(now), p.current, isPressed)
	}
	p.resume(now)
}

// resume makes the rate begin at what was borne once the pause is over.
func (p *pace) resume(now time.Time) {
	p.recovered, p.recoveredAt = 0, p.pausedUntil
	p.set(now, p.borne.after(0))
	p.bucket.set(p.pausedUntil, 1)
}

// succeeded raises the rate for the time since the last success, but one second
// at most: nothing is learned from time without requests. A request that was granted
// before the rate was lowered tells, while that pauses, what was borne until then: it
// was answered later than the one that was refused.
func (p *pace) succeeded(now time.Time, permit *Permit) {
	p.successes.add(now)
	switch {
	case permit.slowdowns != p.slowdowns && now.Before(p.pausedUntil):
		p.borne = p.borne.withLate(p.successes.perSecond(now))
		p.resume(now)
	case permit.slowdowns != p.slowdowns || p.current >= p.configured || !now.After(p.recoveredAt):
	default:
		p.recovered += min(now.Sub(p.recoveredAt), time.Second)
		p.recoveredAt = now
		p.set(now, max(p.current, p.borne.after(p.recovered)))
	}
}

// borne is what a marketplace has borne in the second before it refused.
type borne struct {
	perSecond float64
	// isMeasured says that requests were answered in that second.
	isMeasured bool
	// isPressed says that requests were waiting: no more was borne. Otherwise no more
	// was asked.
	isPressed bool
}

// bearing says what is known when so many were answered in a second and the next was
// refused, at a current rate.
func bearing(answered, current float64, isPressed bool) borne {
	begin := borne{perSecond: min(current/2, unmeasuredRate), isPressed: isPressed}
	return begin.withLate(min(answered, current))
}

// withLate is what is known when so many were answered in the last second after all.
func (b borne) withLate(answered float64) borne {
	b.perSecond = max(b.perSecond, answered)
	b.isMeasured = b.isMeasured || answered > 0
	return b
}

// after is the rate to try after so much time in which requests were answered. It
// rises to what was borne, stays about that and leaves it ever faster, as a cubic
// curve does: often there is no more to be had, and what a marketplace bears changes.
// Where more was not refused, the rate doubles every second.
func (b borne) after(good time.Duration) float64 {
	if !b.isMeasured || !b.isPressed {
		return b.perSecond * math.Exp2(good.Seconds())
	}
	distance := (good - plateau).Seconds() / plateau.Seconds()
	return b.perSecond * (1 + backOff*distance*distance*distance)
}

// bucket holds tokens that come in at a rate, from a moment on.
type bucket struct {
	tokens float64
	since  time.Time
}

// at is how many there are, one second's worth at most.
func (b bucket) at(now time.Time, perSecond float64) float64 {
	earned := max(now.Sub(b.since), 0).Seconds() * perSecond
	return min(b.tokens+earned, float64(burst(perSecond)))
}

func (b *bucket) set(since time.Time, tokens float64) { b.tokens, b.since = tokens, since }
