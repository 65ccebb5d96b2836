// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// looked is how many looks the running operator has had answered, those at what
// objects refer to included.
func (r *run) looked(ctx context.Context) (float64, error) {
	read, err := r.operator.read(ctx)
	if err != nil {
		return 0, err
	}
	return read[looksMetric], nil
}

// checkLooked is an error until there were as many looks as there are objects,
// since a count. Those at references are among them: that every object was looked
// at is certain only when the operator is idle besides.
func (r *run) checkLooked(since float64) func(context.Context) error {
	return func(ctx context.Context) error {
		looked, err := r.looked(ctx)
		if err != nil {
			return err
		}
		if looked-since < float64(r.size) {
			return fmt.Errorf("%s looks of %s", grouped(int(looked-since)), grouped(r.size))
		}
		return nil
	}
}

// wakeAll asks the operator to look at every object now.
func (r *run) wakeAll(ctx context.Context) error {
	at := fmt.Sprintf("%s-%d", time.Now().UTC().Format(time.RFC3339), r.wakes.Add(1))
	return r.patchMarketplace(ctx, fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.ReconcileAtAnnotation, at))
}

// settleAfter changes the Marketplace, which wakes all of its objects, and waits
// until they were looked at and the operator has nothing left to do.
func (r *run) settleAfter(ctx context.Context, patch string) error {
	since, err := r.looked(ctx)
	if err != nil {
		return err
	}
	if err := r.patchMarketplace(ctx, patch); err != nil {
		return err
	}
	for _, awaited := range []struct {
		what  string
		check func(context.Context) error
	}{
		{"all objects to be compared", r.checkLooked(since)},
		{"the Marketplace to be in sync", r.checkMarketplace},
		{"the operator to be idle", r.checkIdle},
	} {
		if err := r.wait(ctx, awaited.what, look, awaited.check); err != nil {
			return err
		}
	}
	return nil
}

// sweeps compare all objects, again and again.
type sweeps struct {
	stopping chan struct{}
	ended    chan error
	count    int
}

// startSweeps wakes all objects, and again when all were looked at.
func (r *run) startSweeps(ctx context.Context) *sweeps {
	s := &sweeps{stopping: make(chan struct{}), ended: make(chan error, 1)}
	go func() { s.ended <- s.repeat(ctx, r) }()
	return s
}

func (s *sweeps) repeat(ctx context.Context, r *run) error {
	for {
		select {
		case <-s.stopping:
			return nil
		default:
		}
		since, err := r.looked(ctx)
		if err != nil {
			return err
		}
		if err := r.wakeAll(ctx); err != nil {
			return err
		}
		if err := r.wait(ctx, "all objects to be compared", look, r.checkLooked(since)); err != nil {
			return err
		}
		s.count++
	}
}

// stop lets the last sweep end. It returns how many there were.
func (s *sweeps) stop() (count int, err error) {
	close(s.stopping)
	err = <-s.ended
	return s.count, err
}
