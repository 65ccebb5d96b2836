// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const (
	// changedOneIn says that one object of so many is changed: 1 %.
	changedOneIn = 100
	// strangeName is what somebody else gives a user.
	strangeName = "Somebody-Else"
)

// correction changes some users in OrderCloud and waits until they are put back
// and their status says so.
func (r *run) correction(ctx context.Context) error {
	changed := spread(usersOf(r.size), max(1, r.size/changedOneIn))
	before, err := r.mark(ctx)
	if err != nil {
		return err
	}
	started := time.Now()
	for _, number := range changed {
		err := r.marketplace.Mutate(sandbox.Mutation{
			Method: http.MethodPatch, Path: userPath(number), Body: map[string]any{"LastName": strangeName},
		})
		if err != nil {
			return fmt.Errorf("changing a user in OrderCloud: %w", err)
		}
	}
	// The status has whole seconds.
	since := started.Truncate(time.Second)
	pending := slices.Clone(changed)
	err = r.wait(ctx, "the changed users to be corrected", glance, func(context.Context) error {
		pending = slices.DeleteFunc(pending, func(number int) bool { return r.isCorrected(number, since) })
		if len(pending) > 0 {
			return fmt.Errorf("%s of %s are not corrected", grouped(len(pending)), grouped(len(changed)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.figures.set(driftObjects, float64(len(changed)))
	r.figures.set(driftSeconds, time.Since(started).Seconds())
	r.figures.set(driftCalls, r.marketplace.calls()-before.calls)
	writes, err := r.cluster.settledWrites(ctx)
	if err != nil {
		return err
	}
	r.figures.set(driftWrites, writes.minus(before.writes).declared())
	return nil
}

// isCorrected looks at the status first, which costs next to nothing.
func (r *run) isCorrected(number int, since time.Time) bool {
	state := r.tracker.state(userID(number))
	if !state.ready || !state.synced || state.detected.Before(since) || state.corrected.IsZero() {
		return false
	}
	user, exists := r.marketplace.Object(userPath(number))
	return exists && user["LastName"] == lastNames[number%len(lastNames)]
}
