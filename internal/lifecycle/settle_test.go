// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestAWriteMayWaitInALongQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		settled, done := settle(t.Context())
		defer done()
		time.Sleep(time.Hour) // of the bubble: no time passes
		if err := settled.Err(); err != nil {
			t.Errorf("given up though nobody told the operator to stop: %v", err)
		}
		if _, bounded := settled.Deadline(); bounded {
			t.Error("a limiter would refuse a queue that is longer than the deadline")
		}
	})
}

func TestAStopLeavesTimeToFinishAWriteAndNoMore(t *testing.T) {
	for name, stopped := range map[string]bool{"told to stop in the middle": false, "told to stop before": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				if stopped {
					stop()
				}
				settled, done := settle(ctx)
				defer done()
				stop()
				time.Sleep(settleTimeout - time.Nanosecond)
				synctest.Wait()
				if err := settled.Err(); err != nil {
					t.Errorf("given up too early: %v", err)
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				if settled.Err() == nil {
					t.Error("the operator does not stop")
				}
			})
		})
	}
}

func TestAWriteThatIsDoneLeavesNothingRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails when a goroutine is left
		ctx, stop := context.WithCancel(t.Context())
		settled, done := settle(ctx)
		done()
		stop()
		synctest.Wait()
		if settled.Err() == nil {
			t.Error("not released")
		}
	})
}
