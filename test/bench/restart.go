// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"
)

const (
	// restartLimit is how many requests a second the Marketplace allows while the
	// operator restarts.
	restartLimit = 100
	// restartGlance is how exactly the end of the first look is known. Asking for
	// metrics more often would slow the operator down.
	restartGlance = 100 * time.Millisecond
)

// restart stops an operator that has nothing to do, as a rollout does, and counts what
// another one asks until it has seen everything.
func (r *run) restart(ctx context.Context) error {
	err := r.settleAfter(ctx, fmt.Sprintf(`{"spec":{"interval":%q,"rateLimit":{"requestsPerSecond":%d}}}`, longInterval, restartLimit))
	if err != nil {
		return err
	}
	writes, err := r.cluster.settledWrites(ctx)
	if err != nil {
		return err
	}
	if err := r.operator.stop(); err != nil {
		return err
	}
	calls := r.marketplace.calls()
	if err := r.startOperator(); err != nil {
		return err
	}
	if err := r.wait(ctx, "the first look at all objects", restartGlance, r.checkLooked(0)); err != nil {
		return err
	}
	if err := r.wait(ctx, "the operator to be idle", restartGlance, r.checkIdle); err != nil {
		return err
	}
	r.figures.set(restartSeconds, time.Since(r.operator.started).Seconds())
	r.figures.set(restartCalls, r.marketplace.calls()-calls)
	after, err := r.cluster.settledWrites(ctx)
	if err != nil {
		return err
	}
	r.figures.set(restartWrites, after.minus(writes).declared())
	r.figures.set(restartEvents, after.minus(writes).events)
	return nil
}
