// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// borneConfigs are declared at once, borneRate is how many requests a second the
	// marketplace bears, far fewer than its Marketplace declares.
	borneConfigs = 300
	borneRate    = 20
)

// borneResult is what it cost to find out how much a marketplace bears.
type borneResult struct {
	refusals, writesPerObject, seconds float64
}

// bearing turns away what is more than so many requests a second, one second's worth at once.
type bearing struct {
	mutex   sync.Mutex
	tokens  float64
	since   time.Time
	refused int
}

func (b *bearing) admits(now time.Time) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.tokens = min(b.tokens+now.Sub(b.since).Seconds()*borneRate, borneRate)
	b.since = now
	if b.tokens < 1 {
		b.refused++
		return false
	}
	b.tokens--
	return true
}

func (b *bearing) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if b.admits(time.Now()) {
			next.ServeHTTP(writer, request)
			return
		}
		writer.Header().Set("Content-Type", "application/json")
		writer.Header().Set("Retry-After", "1")
		writer.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(writer, `{"Errors":[{"ErrorCode":"TooManyRequests","Message":"Too many requests"}]}`)
	})
}

// measureBorne creates configs in a marketplace that bears far less than is declared.
func (b *bench) measureBorne(ctx context.Context) error {
	r := &run{bench: b, size: borneConfigs, figures: figures{}}
	defer func() { b.unclean = errors.Join(b.unclean, r.cleanUp()) }()
	b.progress.say("\n%d configs at a marketplace that bears %d requests a second", borneConfigs, borneRate)
	if err := r.startControlPlane(ctx); err != nil {
		return err
	}
	if err := r.startAll(ctx); err != nil {
		return err
	}
	borne := &bearing{tokens: borneRate, since: time.Now()}
	r.marketplace.limit(borne.around)
	before, err := r.cluster.settledWrites(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	err = r.parallel(ctx, "configs that are declared", r.size, func(ctx context.Context, number int) error {
		return r.declareRest(ctx, "configs", number)
	})
	if err != nil {
		return err
	}
	if err := r.wait(ctx, "the configs to be Ready", glance, r.checkReady); err != nil {
		return err
	}
	b.borne = &borneResult{seconds: time.Since(begun).Seconds(), refusals: float64(borne.refused)}
	after, err := r.cluster.settledWrites(ctx)
	if err != nil {
		return err
	}
	b.borne.writesPerObject = after.minus(before).objects / borneConfigs
	return nil
}

// publishBorne prints the table.
func (b *bench) publishBorne(out io.Writer) error {
	if b.borne == nil {
		return nil
	}
	cells := [][]string{{fmt.Sprintf("%d configs, %d requests/s declared, %d borne", borneConfigs, requestsPerSecond, borneRate), "target", "measured"}}
	for _, row := range []struct {
		what           string
		most, measured float64
	}{
		{"refusals (429)", 64, b.borne.refusals},
		{"Kubernetes writes per object", 3.2, b.borne.writesPerObject},
		{"all Ready, s", 19, b.borne.seconds},
	} {
		text := fmt.Sprintf("%.2f", row.measured)
		if row.measured > row.most {
			text += missed
		}
		cells = append(cells, []string{row.what, atMost(row.most).String(), text})
	}
	table := renderCells(cells)
	if _, err := io.WriteString(out, table); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	if b.settings.document == "" {
		return nil
	}
	return b.writeSection(borneHead, renderSection(bornePage, b.environment, table))
}
