// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"math/rand/v2"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	// FirstRetry is how long a failed pass waits the first time.
	FirstRetry = time.Second
	// LastRetry is how long a failed pass waits at most.
	LastRetry = 5 * time.Minute
)

// NewRateLimiter returns the queue's rate limiter: every failure of an object
// doubles its wait, from 1 second to 5 minutes, jittered so that what failed
// together does not come back together. controller-runtime's own would start at
// 5 milliseconds and turn an outage into a storm.
func NewRateLimiter() workqueue.TypedRateLimiter[reconcile.Request] {
	return jittered{workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](FirstRetry, LastRetry)}
}

type jittered struct {
	workqueue.TypedRateLimiter[reconcile.Request]
}

// When returns 50 to 100 % of the wait.
func (j jittered) When(item reconcile.Request) time.Duration {
	wait := j.TypedRateLimiter.When(item)
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter needs no secret randomness
}

// early returns 90 to 100 % of a wait, so that those who wait for the same do not
// all come in the same moment.
func early(interval time.Duration) time.Duration {
	return interval - rand.N(interval/10+1) //nolint:gosec // jitter needs no secret randomness
}
