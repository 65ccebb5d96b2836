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
	return Ticks{origin: fraction(period(interval), key.String())}
}

// Next returns how long it is from now to the next tick of an interval. It is never
// longer than the interval, and a sweep that takes a fortieth of it still compares
// every object at least that often.
//
// Objects of one list come one after the other: lists that have to be asked one by
// one are then asked for many objects each, though not all passes run at once.
func (t Ticks) Next(now time.Time, interval time.Duration, list string) time.Duration {
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
	return next + place(list, interval)
}

// place is when in a tick the objects of a list come. All come within the time in
// which looks are gathered, so that a list across buyers is as full as without.
func place(list string, interval time.Duration) time.Duration {
	return fraction(min(200*time.Millisecond, interval/50), list)
}

// fraction is a part of a time, the same for the same text and spread evenly over
// others.
func fraction(of time.Duration, text string) time.Duration {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(text)) // never fails
	return time.Duration(float64(of) * float64(hash.Sum32()) / (1 << 32))
}

// period is the time between two ticks.
func period(interval time.Duration) time.Duration {
	return max(interval-interval/20, time.Millisecond)
}
