// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
)

// someone edits or sweeps and may leave early.
func someone(ctx context.Context) context.Context {
	if rand.N(2) == 0 {
		ctx = asSweep(ctx)
	}
	if rand.N(3) > 0 {
		return ctx
	}
	ctx, leave := context.WithCancel(ctx)
	time.AfterFunc(rand.N(300*time.Millisecond), leave)
	return ctx
}

// A crowd that comes and goes as it likes; the race detector watches.
func TestEverybodyGetsTheRightAnswerInACrowd(t *testing.T) {
	for name, roles := range map[string][]string{"across buyers": nil, "buyer by buyer": ofBuyerOnly} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := spread(20, 25)
				w := begin(t, setting{
					seed: seeded(keys[:470]...), roles: roles, latency: 20 * time.Millisecond,
					limits: limiter.Limits{RequestsPerSecond: 500, Concurrency: 8},
				})
				looks := w.crowd()
				for range 2000 {
					looks.join(someone(t.Context()), keys[rand.N(len(keys))])
					if rand.N(10) == 0 {
						time.Sleep(rand.N(5 * time.Millisecond))
					}
				}
				looks.group.Wait()
				for index, got := range looks.got {
					if got.ctx.Err() == nil || !hasLeft(got.err) {
						looks.expectRightAt(index)
					}
				}
				synctest.Wait()
				if calls := len(w.calls()); calls > 1000 {
					t.Errorf("%d calls", calls)
				}
			})
		})
	}
}
