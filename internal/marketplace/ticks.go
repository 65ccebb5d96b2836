// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"hash/fnv"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Ticks are the moments at which the objects of one Marketplace are compared: the
// same for all of them, so that their looks become few calls, and other ones than
// those of the next Marketplace.
type Ticks struct {
	// origin is a tick, as the time since the epoch. It is a tick of every
	// interval.
	origin time.Duration
}

// TicksOf returns the ticks of a Marketplace whose objects are compared at the
// given interval, unless they say otherwise themselves.
func TicksOf(key types.NamespacedName, interval time.Duration) Ticks {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(key.String())) // never fails
	const parts = 1 << 16
	part := time.Duration(hash.Sum32() % parts)
	return Ticks{origin: period(interval) / parts * part}
}

// Next returns how long it is from now to the next tick of an interval. It is never
// longer than the interval, and a sweep that takes a twentieth of it still compares
// every object at least that often.
func (t Ticks) Next(now time.Time, interval time.Duration) time.Duration {
	step := period(interval)
	passed := (time.Duration(now.UnixNano()) - t.origin) % step
	if passed < 0 {
		passed += step
	}
	next := step - passed
	// A clock that was set back by a little must not make one tick of it twice.
	if next < step/100 {
		next += step
	}
	return next
}

// period is the time between two ticks.
func period(interval time.Duration) time.Duration {
	return max(interval-interval/20, time.Millisecond)
}
