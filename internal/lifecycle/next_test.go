// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
)

// The waits themselves are a table in internal/schedule.
func TestTheNextPassIsScheduledBehindWhatAPersonDoes(t *testing.T) {
	const interval = time.Hour
	for name, test := range map[string]struct {
		problem        *failure.Failure
		earliest, last time.Duration
	}{
		"nothing is wrong": {nil, interval * 9 / 10, interval},
		"stalled":          {failure.New("Rejected", "no").Stall(), interval * 9 / 10, interval},
		"refused":          {failure.New("AccessDenied", "no").Again(failure.UpToAMinute), schedule.FirstRecheck, schedule.FirstRecheck + time.Second},
		"an outage":        {failure.New("Unavailable", "no"), schedule.FirstRetry / 2, schedule.FirstRetry},
	} {
		t.Run(name, func(t *testing.T) {
			result := passOf(interval).next(test.problem)
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
