// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

func TestAnObjectThatFailsWaitsEverLonger(t *testing.T) {
	for range 50 { // the jitter is random
		limiter := NewRateLimiter()
		first := reconcile.Request{NamespacedName: types.NamespacedName{Name: "first"}}
		for failures, wait := range []time.Duration{
			1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second,
			64 * time.Second, 128 * time.Second, 256 * time.Second, LastRetry, LastRetry,
		} {
			if got := limiter.When(first); got < wait/2 || got > wait {
				t.Fatalf("after %d failures: %s, want %s to %s", failures, got, wait/2, wait)
			}
		}
		for range 1000 {
			limiter.When(first)
		}
		if got := limiter.When(first); got < LastRetry/2 || got > LastRetry {
			t.Fatalf("after a thousand failures: %s", got)
		}
		other := reconcile.Request{NamespacedName: types.NamespacedName{Name: "other"}}
		if got := limiter.When(other); got > FirstRetry {
			t.Fatalf("an object waits %s for the failures of another", got)
		}
		limiter.Forget(first)
		if got := limiter.When(first); got < FirstRetry/2 || got > FirstRetry {
			t.Fatalf("after a success: %s", got)
		}
	}
}

func TestThoseWhoWaitForTheSameComeALittleEarly(t *testing.T) {
	for _, interval := range []time.Duration{1, time.Second, time.Minute, time.Hour} {
		for range 200 {
			if got := early(interval); got < interval-interval/10 || got > interval {
				t.Fatalf("%s of %s", got, interval)
			}
		}
	}
}

func TestTheKindOfFailureDecidesWhenToLookAgain(t *testing.T) {
	const interval = time.Hour
	for name, test := range map[string]struct {
		problem        *failure.Failure
		earliest, last time.Duration
	}{
		"nothing is wrong":      {nil, interval * 9 / 10, interval},
		"at the interval":       {failure.New("Rejected", "no").Again(failure.AtInterval), interval * 9 / 10, interval},
		"stalled":               {failure.New("Rejected", "no").Stall(), interval * 9 / 10, interval},
		"once a minute":         {failure.New("AccessDenied", "no").Again(failure.OnceAMinute), time.Minute, time.Minute + time.Second},
		"soon":                  {failure.New("Unavailable", "no"), FirstRetry / 2, FirstRetry},
		"stalled, yet soon":     {failure.New("ReferenceNotFound", "no").Stall().Again(failure.Backoff), FirstRetry / 2, FirstRetry},
		"when it was told":      {after(90 * time.Second), 90 * time.Second, 91 * time.Second},
		"told, and not soon":    {after(2 * time.Hour), 2 * time.Hour, 2*time.Hour + time.Second},
		"not before a probe":    {unavailableFor(time.Minute), time.Minute, time.Minute},
		"sooner than it has to": {unavailableFor(time.Millisecond), FirstRetry / 2, FirstRetry},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf(interval)
			result := p.next(test.problem)
			if result.RequeueAfter < test.earliest || result.RequeueAfter > test.last {
				t.Errorf("looks again after %s, want %s to %s", result.RequeueAfter, test.earliest, test.last)
			}
			// An object that kept the priority of an edit would compete with edits
			// for ever.
			if result.Priority == nil || *result.Priority != handler.LowPriority {
				t.Errorf("looks again with priority %v", result.Priority)
			}
		})
	}
}

func after(wait time.Duration) *failure.Failure {
	problem := failure.New("RateLimited", "slow down")
	problem.After = wait
	return problem
}

func unavailableFor(wait time.Duration) *failure.Failure {
	problem := failure.New("Unavailable", "out of reach")
	problem.After = wait
	return problem
}

func TestOnlyAnOutageWaitsLongerThanTheInterval(t *testing.T) {
	for name, test := range map[string]struct {
		reason string
		last   time.Duration
	}{
		"an outage":                   {"Unavailable", LastRetry},
		"a reference that is gone":    {"ReferenceNotFound", 10 * time.Second},
		"a user that is still needed": {"InUse", 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf(10 * time.Second)
			var longest time.Duration
			for range 20 {
				longest = max(longest, p.next(failure.New(test.reason, "no")).RequeueAfter)
			}
			if longest > test.last || longest < test.last/2 {
				t.Errorf("waits up to %s, want up to %s", longest, test.last)
			}
			p.next(nil)
			if wait := p.next(failure.New(test.reason, "no")).RequeueAfter; wait > FirstRetry {
				t.Errorf("after a success it waits %s", wait)
			}
		})
	}
}
