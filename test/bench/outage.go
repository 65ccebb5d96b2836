// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// outageWindow is how long OrderCloud answers nothing but 503.
const outageWindow = time.Minute

// outage lets every call fail for a while. The short interval lets every object
// fall due in it, and all of them are woken at its start besides.
func (r *run) outage(ctx context.Context) error {
	before, err := r.mark(ctx)
	if err != nil {
		return err
	}
	end := r.marketplace.Inject(sandbox.Fault{Status: http.StatusServiceUnavailable})
	defer end()
	calls := r.marketplace.calls()
	if err := r.wakeAll(ctx); err != nil {
		return err
	}
	if err := r.during(ctx, "OrderCloud is out", outageWindow); err != nil {
		return err
	}
	r.figures.set(outageCalls, r.marketplace.calls()-calls)
	seen := r.tracker.tally()
	r.figures.set(outageLostReady, float64(seen.total-seen.ready))
	r.figures.set(outageNotSynced, float64(seen.total-seen.synced))
	writes, err := r.cluster.operatorWrites(ctx)
	if err != nil {
		return err
	}
	r.figures.set(outageWrites, writes.minus(before.writes).declared())

	end()
	ended := time.Now()
	if err := r.wait(ctx, "all objects to be in sync again", glance, r.checkSynced); err != nil {
		return err
	}
	r.figures.set(outageRecovery, time.Since(ended).Seconds())
	return r.wait(ctx, "the Marketplace to be in sync again", look, r.checkMarketplace)
}
