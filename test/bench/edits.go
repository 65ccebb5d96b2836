// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const (
	// fewEdits are made in a small marketplace, and many from manyFrom objects on.
	fewEdits, manyEdits, manyFrom = 30, 100, 1_000
	// triesPerEdit bounds how many edits may fall between two sweeps.
	triesPerEdit = 10
	// editPause is how long there is no edit after an edit, at most.
	editPause = 300 * time.Millisecond
)

// edits changes single users, one at a time, while all objects are compared, and
// measures how long each takes to arrive in OrderCloud.
func (r *run) edits(ctx context.Context) (err error) {
	before, err := r.looked(ctx)
	if err != nil {
		return err
	}
	sweeping := r.startSweeps(ctx)
	latencies, editError := r.measureEdits(ctx)
	count, sweepError := sweeping.stop()
	if err := errors.Join(editError, sweepError); err != nil {
		return err
	}
	after, err := r.looked(ctx)
	if err != nil {
		return err
	}
	r.figures.set(editCount, float64(len(latencies)))
	r.figures.set(editSweeps, float64(count))
	r.figures.set(editLooks, after-before)
	r.figures.set(editMedian, percentile(latencies, 50).Seconds())
	r.figures.set(editSlow, percentile(latencies, 99).Seconds())
	r.figures.set(editLargest, percentile(latencies, 100).Seconds())
	return r.wait(ctx, "the edited users to be in sync", glance, r.checkSynced)
}

// measureEdits makes edits until enough of them fell into a sweep.
func (r *run) measureEdits(ctx context.Context) ([]time.Duration, error) {
	wanted := fewEdits
	if r.size >= manyFrom {
		wanted = manyEdits
	}
	users := usersOf(r.size)
	var latencies []time.Duration
	var made atomic.Int64
	defer r.progress.follow(func() string { return fmt.Sprintf("%d of %d edits", made.Load(), wanted) })()
	for try := range wanted * triesPerEdit {
		if len(latencies) == wanted {
			return latencies, nil
		}
		// A pause of any length, so that edits meet every part of a sweep.
		if err := sleep(ctx, rand.N(editPause)); err != nil {
			return nil, err
		}
		// Far apart in the list, so that edits do not meet in one request.
		number := users[(try*len(users)/wanted+try/wanted)%len(users)]
		latency, inSweep, err := r.edit(ctx, number, try)
		if err != nil {
			return nil, err
		}
		if inSweep {
			latencies = append(latencies, latency)
			made.Add(1)
		}
	}
	return nil, fmt.Errorf("only %d of %d edits fell into a sweep: %d were wanted", len(latencies), wanted*triesPerEdit, wanted)
}

// edit changes one user's declaration and waits for the write. It tells whether
// objects besides this one were looked at meanwhile.
func (r *run) edit(ctx context.Context, number, try int) (latency time.Duration, inSweep bool, err error) {
	before, err := r.looked(ctx)
	if err != nil {
		return 0, false, err
	}
	arrival := r.marketplace.expect(userPath(number))
	user := &v1alpha1.BuyerUser{ObjectMeta: metav1.ObjectMeta{Namespace: r.layout.namespaceOf(number), Name: userID(number)}}
	if err := r.cluster.mergePatch(ctx, user, fmt.Sprintf(`{"spec":{"firstName":"Edited %d"}}`, try)); err != nil {
		return 0, false, err
	}
	answered := time.Now()
	err = r.wait(ctx, "an edit to arrive in OrderCloud", 0, func(ctx context.Context) error {
		select {
		case arrived := <-arrival:
			// The operator may be faster than the API server's answer to the edit.
			latency = max(0, arrived.Sub(answered))
			return nil
		case <-time.After(signOfLife):
			return errors.New("an edit has not arrived in OrderCloud")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	if err != nil {
		return 0, false, err
	}
	after, err := r.looked(ctx)
	return latency, after-before > 1, err
}
