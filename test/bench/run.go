// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

const (
	// parallelism is how many clients create objects at once, and how many calls
	// the Marketplace allows at once.
	parallelism = 64
	// patience is how long a state is waited for. It is generous: only a state
	// that never comes is to end a run.
	patience = 30 * time.Minute
	// glance is how often a state is looked at that costs nothing to look at,
	// and look how often one that the operator has to be asked for.
	glance = 20 * time.Millisecond
	look   = 200 * time.Millisecond
)

// run measures one size.
type run struct {
	*bench

	size    int
	layout  layout
	figures figures

	directory string
	plane     *controlplane.ControlPlane
	cluster   *cluster
	// apiServerArguments are added to those of the API server.
	apiServerArguments map[string][]string
	// scraper reads the operator's metrics.
	scraper     *http.Client
	marketplace *marketplace
	tracker     *tracker

	// operator is the process that runs now, operators are all of this run.
	operator  *operator
	operators []*operator
	memory    memory
	// wakes counts how often all objects were woken.
	wakes atomic.Int64
}

// phase is one part of a run.
type phase struct {
	title   string
	measure func(ctx context.Context) error
}

func (r *run) phases() []phase {
	return []phase{
		{"starting a control plane", r.startControlPlane},
		{"what the API server allows", r.limitOfAPIServer},
		{"what OrderCloud allows", r.limitOfOrderCloud},
		{"starting the operator", r.startAll},
		{"creation", r.creation},
		{"steady state", r.steadyState},
		{"correction of changed users", r.correction},
		{"edits while everything is compared", r.edits},
		{"an outage", r.outage},
		{"a restart", r.restart},
		{"stopping the operator", r.finish},
	}
}

func (r *run) startControlPlane(ctx context.Context) error {
	r.directory = filepath.Join(r.bench.directory, strconv.Itoa(r.size))
	if err := os.Mkdir(r.directory, 0o700); err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	var err error
	if r.plane, err = controlplane.Start(ctx, controlplane.Options{Progress: r.progress, APIServerArguments: r.apiServerArguments}); err != nil {
		return fmt.Errorf("starting Kubernetes: %w", err)
	}
	if r.cluster, err = newCluster(r.plane.AdminConfig); err != nil {
		return err
	}
	if r.environment.kubernetes, err = r.cluster.version(); err != nil {
		return err
	}
	if err := r.plane.GrantOperator(ctx); err != nil {
		return fmt.Errorf("granting the operator its role: %w", err)
	}
	if r.scraper, err = shipped.NewScraper(ctx, r.cluster); err != nil {
		return fmt.Errorf("granting the benchmark the metrics: %w", err)
	}
	return errors.Join(r.cluster.createNamespace(ctx, namespace), r.cluster.createNamespace(ctx, limitNamespace), r.createTenants(ctx))
}

// finish ends the operator: only then all that it took of the processors is known.
func (r *run) finish(context.Context) error {
	r.figures.set(memoryLargest, r.memory.mebibytes())
	if err := r.operator.stop(); err != nil {
		return err
	}
	spent := 0.0
	for _, each := range r.operators {
		spent += each.processorSeconds()
	}
	r.figures.set(processorSeconds, spent)
	return nil
}

// cleanUp stops everything, the latest first, and removes every file.
func (r *run) cleanUp() error {
	var failures []error
	if r.tracker != nil {
		failures = append(failures, r.tracker.stop())
	}
	for _, each := range r.operators {
		failures = append(failures, each.stop())
	}
	if r.marketplace != nil {
		failures = append(failures, r.marketplace.close())
	}
	if r.plane != nil {
		failures = append(failures, r.plane.Stop())
	}
	if r.directory != "" {
		failures = append(failures, os.RemoveAll(r.directory))
	}
	return errors.Join(failures...)
}

// explain shows what the operator last said.
func (r *run) explain() {
	if r.operator != nil {
		r.progress.say("\nThe last lines of the log of the operator:\n%s\n", r.operator.lastLines(lastLogLines))
	}
}

// wait looks until check has nothing to complain about. What it complained about
// last is what a person sees, and the error when time is up.
func (r *run) wait(ctx context.Context, what string, every time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var missing atomic.Pointer[string]
	defer r.progress.follow(func() string {
		if text := missing.Load(); text != nil {
			return *text
		}
		return "waiting for " + what
	})()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		// A look that was cut short says nothing about the state.
		if ctx.Err() == nil {
			text := err.Error()
			missing.Store(&text)
		}
		if err := r.checkOperator(); err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		if stopped := sleep(ctx, every); stopped != nil {
			return fmt.Errorf("waiting for %s: %w: %w", what, stopped, err)
		}
	}
}

func (r *run) checkOperator() error {
	if r.operator == nil {
		return nil
	}
	return r.operator.checkRunning()
}

// during lets time pass in which something is measured.
func (r *run) during(ctx context.Context, what string, window time.Duration) error {
	ended := time.Now().Add(window)
	defer r.progress.follow(func() string {
		return fmt.Sprintf("%s: %s to go", what, time.Until(ended).Round(time.Second))
	})()
	for left := window; left > 0; left = time.Until(ended) {
		if err := r.checkOperator(); err != nil {
			return err
		}
		if err := sleep(ctx, min(left, sampleInterval)); err != nil {
			return err
		}
	}
	return nil
}

// parallel does something for each number, many at once, and ends with the first
// failure.
func (r *run) parallel(ctx context.Context, what string, count int, do func(ctx context.Context, number int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, done atomic.Int64
	defer r.progress.follow(func() string {
		return fmt.Sprintf("%s: %s of %s", what, grouped(int(done.Load())), grouped(count))
	})()
	var workers sync.WaitGroup
	for range parallelism {
		workers.Go(func() {
			for number := int(next.Add(1)) - 1; number < count && ctx.Err() == nil; number = int(next.Add(1)) - 1 {
				if err := do(ctx, number); err != nil {
					cancel(err)
					return
				}
				done.Add(1)
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// sleep lets time pass, unless the context ends before.
func sleep(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
