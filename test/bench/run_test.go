// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// quiet is a run that shows nothing to anybody.
func quiet() *run { return &run{bench: &bench{progress: &progress{out: io.Discard}}} }

func TestParallel(t *testing.T) {
	const count = 1_000
	var sum atomic.Int64
	err := quiet().parallel(t.Context(), "numbers", count, func(_ context.Context, number int) error {
		sum.Add(int64(number))
		return nil
	})
	if err != nil || sum.Load() != count*(count-1)/2 {
		t.Errorf("the sum is %d, the error %v", sum.Load(), err)
	}
}

func TestParallelEndsWithTheFirstFailure(t *testing.T) {
	broken := errors.New("number 3 is broken")
	var done atomic.Int64
	err := quiet().parallel(t.Context(), "numbers", 1_000_000, func(ctx context.Context, number int) error {
		if number == 3 {
			return broken
		}
		done.Add(1)
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, broken) || done.Load() > parallelism {
		t.Errorf("got %v after %d others", err, done.Load())
	}
}

func TestWaitSaysWhatIsMissing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := quiet().wait(ctx, "the users", time.Millisecond, func(context.Context) error { return errors.New("1 of 2 are Ready") })
	if err == nil || !strings.Contains(err.Error(), "waiting for the users") || !strings.Contains(err.Error(), "1 of 2 are Ready") {
		t.Errorf("got %v, want an error that says what was waited for and what was missing", err)
	}
}

func TestWaitEndsWithTheOperator(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	ended, err := startProcess("operator", "sh", log, []string{"-c", "echo one; echo no kubeconfig; exit 3"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	watched := quiet()
	watched.operator = &operator{process: ended}
	err = watched.wait(t.Context(), "the users", time.Millisecond, func(context.Context) error { return errors.New("none are Ready") })
	if err == nil || !strings.Contains(err.Error(), "the operator has ended: exit status 3") {
		t.Errorf("got %v, want an error with the exit status", err)
	}
	if got := ended.lastLines(1); got != "no kubeconfig" {
		t.Errorf("the last line of the log is %q", got)
	}
}

func TestProcessIsStopped(t *testing.T) {
	for name, end := range map[string]func(*process) error{"asked": (*process).stop, "killed": (*process).kill} {
		t.Run(name, func(t *testing.T) {
			running, err := startProcess("sleeper", "sleep", filepath.Join(t.TempDir(), "log"), []string{"600"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := running.checkRunning(); err != nil {
				t.Error(err)
			}
			if err := end(running); err != nil {
				t.Error(err)
			}
			if running.isRunning() {
				t.Error("it still runs")
			}
			if running.processorSeconds() < 0 {
				t.Error("it took less than nothing")
			}
		})
	}
}

func TestMemoryKeepsTheLargest(t *testing.T) {
	var seen memory
	for _, bytes := range []float64{1 << 20, 3 << 20, 2 << 20} {
		seen.note(bytes)
	}
	if got := seen.mebibytes(); got != 3 {
		t.Errorf("got %v MiB", got)
	}
	seen.reset()
	if got := seen.mebibytes(); got != 0 {
		t.Errorf("got %v MiB after a reset", got)
	}
}
