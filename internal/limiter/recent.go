// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import "time"

const (
	// tenths are in a second.
	tenths = 10
	tenth  = time.Second / tenths
)

// recent counts what has happened in the last second, to a tenth of it.
type recent struct {
	// counts has one count for each tenth; that of the tenth in which something was
	// counted last is at last modulo tenths.
	counts [tenths]int
	last   int64
}

// add counts one.
func (r *recent) add(now time.Time) {
	r.turn(now)
	r.counts[r.last%tenths]++
}

// perSecond is how many were counted in the last second.
func (r *recent) perSecond(now time.Time) float64 {
	r.turn(now)
	sum := 0
	for _, count := range r.counts {
		sum += count
	}
	return float64(sum)
}

// turn drops what is more than a second old.
func (r *recent) turn(now time.Time) {
	current := now.UnixNano() / int64(tenth)
	for passed := max(r.last+1, current-tenths+1); passed <= current; passed++ {
		r.counts[passed%tenths] = 0
	}
	r.last = max(r.last, current)
}
