// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRequestsAreSpreadOverTime(t *testing.T) {
	for name, test := range map[string]struct {
		limits   Limits
		requests int
		lasts    time.Duration
	}{
		"one second's worth at once":     {Limits{RequestsPerSecond: 5, Concurrency: 1}, 5, 0},
		"and then one by one":            {Limits{RequestsPerSecond: 5, Concurrency: 1}, 6, 200 * time.Millisecond},
		"as many as the rate allows":     {Limits{RequestsPerSecond: 5, Concurrency: 1}, 30, 5 * time.Second},
		"one a second":                   {Limits{RequestsPerSecond: 1, Concurrency: 1}, 11, 10 * time.Second},
		"one in four seconds":            {Limits{RequestsPerSecond: 0.25, Concurrency: 1}, 3, 8 * time.Second},
		"ten a second when nothing says": {Limits{}, 30, 2 * time.Second},
	} {
		for _, class := range []Class{Edit, Sweep} {
			t.Run(fmt.Sprint(name, ", class ", class), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					limiter := New(test.limits, Observer{})
					ctx := WithClass(t.Context(), class)
					begun := time.Now()
					for range test.requests {
						permit, err := limiter.Acquire(ctx)
						if err != nil {
							t.Fatal(err)
						}
						permit.Release()
					}
					lasts := test.lasts
					if class == Sweep {
						// What is kept for edits is not part of the first burst.
						size := burst(limiter.pace.current)
						if test.requests >= size {
							lasts += time.Duration(limiter.pace.reserve() / limiter.pace.current * float64(time.Second))
						}
					}
					if got := time.Since(begun).Round(time.Millisecond); got != lasts {
						t.Errorf("the last request was granted after %s, want %s", got, lasts)
					}
				})
			})
		}
	}
}

func TestNoMoreRequestsAreUnderWayThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, Limits{RequestsPerSecond: unhurried, Concurrency: 3})
		crowd.join(t.Context(), Edit, named("edit", 5)...)
		crowd.expect("edit1", "edit2", "edit3")
		crowd.release("edit2")
		crowd.expect("edit4")
		crowd.release("edit2") // a second time must not free another's slot
		crowd.expect()
		crowd.release("edit1", "edit3")
		crowd.expect("edit5")
		crowd.release("edit4", "edit5")
		if crowd.limiter.inUse != 0 {
			t.Errorf("%d slots are still taken", crowd.limiter.inUse)
		}
	})
}

func TestWhoeverLeavesTheQueueIsGoneAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, Limits{RequestsPerSecond: unhurried, Concurrency: 1})
		crowd.join(t.Context(), Edit, "first")
		cancelled, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		bounded, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		crowd.join(t.Context(), Edit, "edit1")
		crowd.join(cancelled, Edit, "edit2")
		crowd.join(bounded, Edit, "edit3")
		expectLeft := func(name string, want error, wantWaiting int) {
			synctest.Wait()
			waiting, _ := crowd.limiter.Backlog()
			if err := crowd.errors[name]; waiting != wantWaiting || !errors.Is(err, want) {
				t.Errorf("%d wait, %v; want %d, %v", waiting, err, wantWaiting, want)
			}
		}
		time.Sleep(time.Second)
		expectLeft("edit2", context.Canceled, 2)
		crowd.release("first")
		crowd.expect("first", "edit1")
		time.Sleep(time.Minute)
		expectLeft("edit3", context.DeadlineExceeded, 0)
		// Nobody left with what is not theirs.
		crowd.release("edit1")
		crowd.join(t.Context(), Edit, "last")
		crowd.expect("last")
	})
}

func TestWhoeverHasLeftBeforeItAsksGetsNothing(t *testing.T) {
	limiter := New(Limits{}, Observer{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := limiter.Acquire(ctx); !errors.Is(err, context.Canceled) || limiter.inUse != 0 {
		t.Errorf("got %v, %d slots taken", err, limiter.inUse)
	}
}

func TestATurnThatComesAsTheCallerLeavesIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := New(Limits{RequestsPerSecond: unhurried, Concurrency: 1}, Observer{})
		permit := &Permit{limiter: limiter}
		waiter, refusal := limiter.enqueue(permit, "")
		if refusal != nil || limiter.inUse != 1 {
			t.Fatalf("%v, %d slots taken", refusal, limiter.inUse)
		}
		limiter.leave(waiter)
		if limiter.inUse != 0 {
			t.Error("the slot is lost")
		}
	})
}

func TestTheBacklogTellsWhoWaitsAndForHowLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, Limits{RequestsPerSecond: unhurried, Concurrency: 1})
		expect := func(wantWaiting int, wantOldest time.Duration) {
			t.Helper()
			if waiting, oldest := crowd.limiter.Backlog(); waiting != wantWaiting || oldest != wantOldest {
				t.Errorf("%d wait, up to %s; want %d, %s", waiting, oldest, wantWaiting, wantOldest)
			}
		}
		crowd.join(t.Context(), Edit, "edit1")
		expect(0, 0)
		crowd.join(t.Context(), Sweep, "sweep1")
		time.Sleep(time.Second)
		crowd.join(t.Context(), Edit, "edit2")
		time.Sleep(time.Second)
		expect(2, 2*time.Second)
		crowd.release("edit1", "edit2")
		expect(0, 0)
		crowd.join(t.Context(), Edit, "edit3")
		time.Sleep(time.Second)
		crowd.join(t.Context(), Sweep, "sweep2")
		expect(2, time.Second)
		crowd.release("sweep1", "edit3")
		expect(0, 0)
	})
}

func TestNewLimitsHoldAtOnceForThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, Limits{RequestsPerSecond: 1, Concurrency: 1})
		crowd.join(t.Context(), Edit, named("edit", 6)...)
		crowd.expect("edit1")
		crowd.limiter.SetLimits(Limits{RequestsPerSecond: 4, Concurrency: 4})
		time.Sleep(750 * time.Millisecond)
		crowd.expect("edit2", "edit3", "edit4")
		crowd.limiter.SetLimits(Limits{RequestsPerSecond: 4, Concurrency: 2})
		crowd.release("edit1", "edit2") // which leaves two of four
		time.Sleep(time.Minute)
		crowd.expect()
		crowd.release("edit3", "edit4")
		crowd.expect("edit5", "edit6")
	})
}

func TestLimitsThatMakeNoSenseAreBounded(t *testing.T) {
	zero := 0.0
	for _, perSecond := range []float64{0, -1, 1 / zero, zero / zero} {
		limiter := New(Limits{RequestsPerSecond: perSecond, Concurrency: -1}, Observer{})
		permit, err := limiter.Acquire(t.Context())
		if err != nil || limiter.concurrency != 8 || limiter.pace.current < 10 || limiter.pace.current > maximumRate {
			t.Errorf("%v: %v, %v a second, %d at once", perSecond, err, limiter.pace.current, limiter.concurrency)
		}
		permit.Release()
	}
}

func TestTheObserverLearnsHowLongRequestsWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		limiter := New(Limits{RequestsPerSecond: 2, Concurrency: 8}, Observer{
			Waited: func(wait time.Duration) { waits = append(waits, wait) },
		})
		for range 3 {
			if _, err := limiter.Acquire(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := limiter.Acquire(ctx); err == nil {
			t.Error("granted")
		}
		if !slices.Equal(waits, []time.Duration{0, 0, time.Second / 2}) {
			t.Errorf("got %v", waits)
		}
	})
}

func TestNothingRunsWhenNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, Limits{RequestsPerSecond: 1, Concurrency: 8})
		ctx, cancel := context.WithCancel(t.Context())
		crowd.join(ctx, Edit, "edit1", "edit2")
		cancel()
		crowd.group.Wait()
		if crowd.limiter.timer.Stop() {
			t.Error("the timer still runs")
		}
	})
}

// BenchmarkATurnWhileTenThousandWait measures a turn from its grant to the next
// one's, with callers who queue up again.
func BenchmarkATurnWhileTenThousandWait(b *testing.B) {
	const waiters = 10_000
	limiter := New(Limits{RequestsPerSecond: maximumRate, Concurrency: 1}, Observer{})
	held, err := limiter.Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var group sync.WaitGroup
	for caller := range waiters {
		class := Edit
		if caller%2 == 0 {
			class = Sweep
		}
		ctx := WithClass(b.Context(), class)
		group.Go(func() {
			for range b.N/waiters + 1 {
				permit, err := limiter.Acquire(ctx)
				if err != nil {
					b.Error(err)
					return
				}
				permit.Release()
			}
		})
	}
	for waiting := 0; waiting < waiters; waiting, _ = limiter.Backlog() {
		runtime.Gosched()
	}
	b.ResetTimer()
	held.Release()
	group.Wait()
}
