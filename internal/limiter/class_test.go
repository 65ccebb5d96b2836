// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestEditsGoBeforeSweepsThatCameEarlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, Limits{RequestsPerSecond: unhurried, Concurrency: 1})
		crowd.join(t.Context(), Sweep, "sweep1", "sweep2", "sweep3")
		crowd.join(t.Context(), Edit, "edit1", "edit2")
		crowd.release("sweep1", "edit1", "edit2", "sweep2", "sweep3")
		crowd.expect("sweep1", "edit1", "edit2", "sweep2", "sweep3")
	})
}

func TestARequestThatNobodyMarkedIsAnEdit(t *testing.T) {
	if ClassOf(t.Context()) != Edit || ClassOf(WithClass(t.Context(), Sweep)) != Sweep {
		t.Error("another class")
	}
}

func TestSweepsLeaveAQuarterOfTheSlotsToEdits(t *testing.T) {
	for concurrency, want := range map[int]int{1: 1, 2: 1, 3: 2, 4: 3, 8: 6, 100: 75} {
		t.Run(fmt.Sprint(concurrency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				crowd := newCrowd(t, Limits{RequestsPerSecond: unhurried, Concurrency: concurrency})
				ctx, cancel := context.WithCancel(t.Context())
				crowd.join(ctx, Sweep, named("sweep", concurrency+1)...)
				crowd.expect(named("sweep", want)...)
				// Edits have the rest, and all of it.
				crowd.join(ctx, Edit, named("edit", concurrency-want+1)...)
				crowd.expect(named("edit", concurrency-want)...)
				cancel()
				crowd.group.Wait()
			})
		})
	}
}

func TestSweepsLeaveAQuarterOfTheBucketToEdits(t *testing.T) {
	for perSecond, want := range map[float64]int{0.5: 1, 1: 1, 2: 1, 3: 2, 4: 3, 8: 6, 100: 75} {
		t.Run(fmt.Sprint(perSecond), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				crowd := newCrowd(t, Limits{RequestsPerSecond: perSecond, Concurrency: 1000})
				ctx, cancel := context.WithCancel(t.Context())
				size := burst(perSecond)
				crowd.join(ctx, Sweep, named("sweep", size+2)...)
				crowd.expect(named("sweep", want)...)
				// Edits have the rest, though not more than nine in a row.
				left := min(size-want, 9)
				crowd.join(ctx, Edit, named("edit", left)...)
				crowd.expect(named("edit", left)...)
				cancel()
				crowd.group.Wait()
			})
		})
	}
}

func TestEveryTenthTurnIsASweepsWhenBothWait(t *testing.T) {
	for name, limits := range map[string]Limits{
		"for a slot":  {RequestsPerSecond: unhurried, Concurrency: 1},
		"for a token": {RequestsPerSecond: 1, Concurrency: 100},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				crowd := newCrowd(t, limits)
				crowd.join(t.Context(), Edit, "first")
				crowd.join(t.Context(), Sweep, "sweep1", "sweep2")
				crowd.join(t.Context(), Edit, named("edit", 20)...)
				crowd.expect("first")
				want := slices.Insert(named("edit", 20), 9, "sweep1")
				want = slices.Insert(want, 19, "sweep2")
				over := "first"
				for _, next := range want {
					crowd.release(over)
					time.Sleep(time.Second)
					crowd.expect(next)
					over = next
				}
			})
		})
	}
}

func TestSweepsThatLastLongDoNotTakeTheSlotsOfEdits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, Limits{RequestsPerSecond: unhurried, Concurrency: 2})
		ctx, cancel := context.WithCancel(t.Context())
		crowd.join(ctx, Sweep, "sweep1", "sweep2")
		crowd.join(ctx, Edit, named("edit", 30)...)
		crowd.release(named("edit", 29)...)
		crowd.expect(append([]string{"sweep1"}, named("edit", 30)...)...)
		cancel()
		crowd.group.Wait()
	})
}
