// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"errors"
	"math"
	"os"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// unlimited forgets the environment's limits, and puts Go's back after the test.
func unlimited(t *testing.T) {
	t.Helper()
	for _, name := range []string{"GOMEMLIMIT", "AUTOMEMLIMIT"} {
		t.Setenv(name, "") // so that it is put back
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	before := debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
}

func limit() int64 { return debug.SetMemoryLimit(-1) }

func TestTheHeapIsCollectedForNineTenthsOfTheContainersLimit(t *testing.T) {
	unlimited(t)
	if err := follow(t.Context(), memlimit.Limit(512<<20), time.Hour); err != nil {
		t.Fatal(err)
	}
	if got, want := limit(), int64(512<<20)*9/10; got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestALimitThatChangesIsFollowed(t *testing.T) {
	unlimited(t)
	var declared atomic.Uint64
	declared.Store(1000 << 20)
	if err := follow(t.Context(), func() (uint64, error) { return declared.Load(), nil }, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	declared.Store(2000 << 20)
	for limit() != 1800<<20 {
		if t.Context().Err() != nil {
			t.Fatalf("the limit stays %d", limit())
		}
		time.Sleep(time.Millisecond)
	}
}

func TestTheEnvironmentsLimitPrevails(t *testing.T) {
	for _, name := range []string{"GOMEMLIMIT", "AUTOMEMLIMIT"} {
		t.Run(name, func(t *testing.T) {
			unlimited(t)
			t.Setenv(name, "off")
			if err := follow(t.Context(), memlimit.Limit(512<<20), time.Hour); err != nil || limit() != math.MaxInt64 {
				t.Errorf("the limit is %d, %v", limit(), err)
			}
		})
	}
}

func TestWithoutAContainerNothingIsLimited(t *testing.T) {
	for name, known := range map[string]error{"no limit": memlimit.ErrNoLimit, "no cgroup": memlimit.ErrNoCgroup, "another system": memlimit.ErrCgroupsNotSupported} {
		t.Run(name, func(t *testing.T) {
			unlimited(t)
			if err := follow(t.Context(), func() (uint64, error) { return 0, known }, time.Hour); err != nil || limit() != math.MaxInt64 {
				t.Errorf("the limit is %d, %v", limit(), err)
			}
		})
	}
}

func TestALimitThatCannotBeReadIsTold(t *testing.T) {
	unlimited(t)
	broken := errors.New("permission denied")
	if err := follow(t.Context(), func() (uint64, error) { return 0, broken }, time.Hour); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
