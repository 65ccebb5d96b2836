// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// loss is for how long OrderCloud was asked to delete an object and did not answer. Time
// in which it was not asked, because the operator was away, does not count.
type loss struct {
	// asked is when it was asked last, and again is after which wait it was to be asked
	// again.
	asked time.Time
	again time.Duration
	// unanswered is the time so far.
	unanswered time.Duration
}

// resume begins with what was recorded before this process began to ask.
func resume(seconds int64, now time.Time) loss {
	return loss{asked: now, unanswered: time.Duration(seconds) * time.Second}
}

// goesOn adds the time since the last attempt, which this one found unanswered as well. No
// more counts than the wait that was meant: a clock that jumps, or a machine that was
// suspended, must not let anything go.
func (l loss) goesOn(now time.Time) loss {
	gap := min(max(now.Sub(l.asked), 0), l.again)
	return loss{asked: now, unanswered: l.unanswered + gap}
}

// seconds is what is recorded: whole minutes, so that attempts in quick succession cost
// no write each.
func (l loss) seconds() int64 { return int64(l.unanswered/time.Minute) * 60 }

// losesOrderCloud says that a failure is one of those in which OrderCloud gives no answer.
func losesOrderCloud(reason string) bool {
	switch reason {
	case v1alpha1.ReasonUnavailable, v1alpha1.ReasonCredentialsInvalid, v1alpha1.ReasonMarketplaceNotReady, v1alpha1.ReasonMarketplaceNotFound:
		return true
	default:
		return false
	}
}
