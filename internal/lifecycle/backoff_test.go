// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
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

func TestAnObjectIsComparedALittleBeforeItsIntervalEnds(t *testing.T) {
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
		backoff        bool
	}{
		"nothing is wrong":   {nil, interval * 9 / 10, interval, false},
		"at the interval":    {failure.New("Rejected", "no").Again(failure.AtInterval), interval * 9 / 10, interval, false},
		"stalled":            {failure.New("Rejected", "no").Stall(), interval * 9 / 10, interval, false},
		"once a minute":      {failure.New("AccessDenied", "no").Again(failure.OnceAMinute), time.Minute, time.Minute + time.Second, false},
		"soon":               {failure.New("Unavailable", "no"), 0, 0, true},
		"stalled, yet soon":  {failure.New("ReferenceNotFound", "no").Stall().Again(failure.Backoff), 0, 0, true},
		"when it was told":   {after(90 * time.Second), 90 * time.Second, 91 * time.Second, false},
		"told, and not soon": {after(2 * time.Hour), 2 * time.Hour, 2*time.Hour + time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf(interval)
			result, err := p.next(test.problem)
			if test.backoff {
				// Only an error makes the queue's rate limiter count.
				if err == nil || failure.As(err) != test.problem {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if result.RequeueAfter < test.earliest || result.RequeueAfter > test.last {
				t.Errorf("looks again after %s, want %s to %s", result.RequeueAfter, test.earliest, test.last)
			}
		})
	}
}

func after(wait time.Duration) *failure.Failure {
	problem := failure.New("RateLimited", "slow down")
	problem.After = wait
	return problem
}
