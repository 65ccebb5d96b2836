// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package memory keeps the process within the memory of its container.
package memory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// share is the part of the container's limit that Go's heap is collected for: the rest
	// is for what is not Go's.
	share = 0.9
	// again is how often the limit is read: a Pod may be resized while it runs.
	again = time.Minute
)

// Follow sets GOMEMLIMIT to nine tenths of the container's limit, now and whenever that
// changes, until the context ends. Near it, Go collects garbage more often instead of being
// killed. The variables GOMEMLIMIT and AUTOMEMLIMIT of the environment prevail. Outside of
// containers nothing is limited.
func Follow(ctx context.Context) error { return follow(ctx, memlimit.FromCgroup, again) }

func follow(ctx context.Context, limit memlimit.Provider, every time.Duration) error {
	_, err := memlimit.Set(memlimit.WithRatio(share), memlimit.WithProvider(limit), memlimit.WithRefreshInterval(ctx, every))
	if errors.Is(err, memlimit.ErrCgroupsNotSupported) || errors.Is(err, memlimit.ErrNoCgroup) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the container's memory limit: %w", err)
	}
	return nil
}
