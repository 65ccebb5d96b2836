// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"
)

// intervals is over how many of them the steady state is measured.
const intervals = 3

// shortInterval lets objects be compared often, but not so often that a size
// could not be gone through with one request for each object.
func shortInterval(size int) time.Duration {
	switch {
	case size <= 100:
		return 20 * time.Second
	case size <= 1_000:
		return 30 * time.Second
	}
	return time.Minute
}

// mark is what was counted up to a moment.
type mark struct {
	calls    float64
	writes   kubernetesWrites
	readings readings
}

// mark counts. The writes come last: the API server takes its time to tell them.
func (r *run) mark(ctx context.Context) (mark, error) {
	counted := mark{calls: r.marketplace.calls()}
	var err error
	if counted.readings, err = r.operator.read(ctx); err != nil {
		return counted, err
	}
	counted.writes, err = r.cluster.operatorWrites(ctx)
	return counted, err
}

// steadyState shortens the interval and counts what is asked while nothing changes.
func (r *run) steadyState(ctx context.Context) error {
	interval := shortInterval(r.size)
	if err := r.settleAfter(ctx, fmt.Sprintf(`{"spec":{"interval":%q}}`, interval)); err != nil {
		return err
	}
	if _, err := r.cluster.settledWrites(ctx); err != nil {
		return err
	}
	r.memory.reset()
	before, err := r.mark(ctx)
	if err != nil {
		return err
	}
	if err := r.during(ctx, "counting in the steady state", intervals*interval); err != nil {
		return err
	}
	after, err := r.mark(ctx)
	if err != nil {
		return err
	}
	looks, each := after.readings[looksMetric]-before.readings[looksMetric], float64(r.size*intervals)
	written := after.writes.minus(before.writes)
	r.figures.set(steadyInterval, interval.Seconds())
	r.figures.set(steadyCalls, (after.calls-before.calls)/each)
	r.figures.set(steadyLooks, looks/each)
	r.figures.set(steadyWrites, written.declared())
	r.figures.set(steadyEvents, written.events)
	if batches := after.readings[batchesMetric] - before.readings[batchesMetric]; batches > 0 {
		r.figures.set(steadyBatch, looks/batches)
	}
	r.figures.set(steadyProcessor, (after.readings[processorMetric]-before.readings[processorMetric])/(intervals*interval).Seconds())
	r.figures.set(memorySteady, r.memory.mebibytes())
	r.figures.set(goroutines, after.readings[goroutinesMetric])
	return nil
}
