// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"time"

	"golang.org/x/time/rate"
)

const (
	// defaultPause follows a 429 that does not say how long to wait.
	defaultPause = time.Second
	// recoveryShare of the configured rate comes back for each good second.
	recoveryShare = 1.0 / 20
	// floorShare of the configured rate is left, however many 429s there are.
	floorShare = 1.0 / 50
	// floorRate is left as well, in requests per second: a marketplace that is
	// asked less than that would not be seen to recover.
	floorRate = 0.1
)

// pace is how fast requests may follow each other: a bucket of tokens whose rate
// halves when the marketplace answers 429 and recovers little by little.
type pace struct {
	configured float64
	current    float64
	bucket     *rate.Limiter
	// pausedUntil is when the next request may be granted, if in the future.
	pausedUntil time.Time
	// slowdowns counts how often the rate was lowered.
	slowdowns int
	// recoveredAt is up to when success has been credited.
	recoveredAt time.Time
}

func newPace(configured float64) *pace {
	return &pace{
		configured: configured,
		current:    configured,
		bucket:     rate.NewLimiter(rate.Limit(configured), burst(configured)),
	}
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
	if now.Before(p.pausedUntil) {
		return p.pausedUntil.Sub(now)
	}
	missing := tokens - p.bucket.TokensAt(now)
	return time.Duration(missing / p.current * float64(time.Second))
}

// take takes a token, which wait has found to be there.
func (p *pace) take(now time.Time) { p.bucket.AllowN(now, 1) }

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
	floor := max(p.configured*floorShare, floorRate)
	p.current = min(max(perSecond, floor), p.configured)
	p.bucket.SetLimitAt(now, rate.Limit(p.current))
	p.bucket.SetBurstAt(now, burst(p.current))
}

// throttled halves the rate after a 429 and pauses. One for a request that was
// granted before the rate was last lowered does not lower it again: it says
// nothing about the new rate.
func (p *pace) throttled(now time.Time, permit *Permit, pause time.Duration) {
	if pause == 0 {
		pause = defaultPause
	}
	if until := now.Add(pause); until.After(p.pausedUntil) {
		p.pausedUntil = until
	}
	p.recoveredAt = p.pausedUntil
	if permit.slowdowns == p.slowdowns {
		p.slowdowns++
		p.set(now, p.current/2)
	}
}

// succeeded raises the rate for the time since the last success, but one second
// at most: nothing is learned from time without requests, or from requests that
// were granted before the rate was lowered.
func (p *pace) succeeded(now time.Time, permit *Permit) {
	if p.current >= p.configured || permit.slowdowns != p.slowdowns || !now.After(p.recoveredAt) {
		return
	}
	elapsed := min(now.Sub(p.recoveredAt), time.Second)
	p.recoveredAt = now
	p.set(now, p.current+p.configured*recoveryShare*elapsed.Seconds())
}
