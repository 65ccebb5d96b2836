// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const (
	// restIntervals are those over which calls are counted while nothing changes.
	restIntervals = 10
	// restMost is how many calls an object may cost in an interval.
	restMost = 0.012
)

// restKinds are which objects there are.
var restKinds = []string{"configs", "users", "both"}

// restResult is what objects cost while nothing changes.
type restResult struct {
	kinds string
	size  int
	calls float64
}

func (r restResult) key() figure {
	return figure(fmt.Sprintf("rest_%s_%d_calls_per_object", r.kinds, r.size))
}

// measureRest counts the calls of every size and kind, each on a control plane of its own.
func (b *bench) measureRest(ctx context.Context) error {
	for _, size := range b.settings.sizes {
		for _, kinds := range restKinds {
			b.progress.say("\n%s objects at rest, %s", grouped(size), kinds)
			calls, err := b.measureRestOf(ctx, kinds, size)
			if err != nil {
				return fmt.Errorf("%s %s at rest: %w", grouped(size), kinds, err)
			}
			measured := restResult{kinds: kinds, size: size, calls: calls}
			b.rests = append(b.rests, measured)
			b.progress.say("  %.4f calls per object and interval", calls)
		}
	}
	return nil
}

func (b *bench) measureRestOf(ctx context.Context, kinds string, size int) (float64, error) {
	r := &run{bench: b, size: size, figures: figures{}}
	defer func() { b.unclean = errors.Join(b.unclean, r.cleanUp()) }()
	if err := r.startControlPlane(ctx); err != nil {
		return 0, err
	}
	if err := r.startAll(ctx); err != nil {
		return 0, err
	}
	err := r.parallel(ctx, "objects that are declared", size, func(ctx context.Context, number int) error {
		return r.declareRest(ctx, kinds, number)
	})
	if err != nil {
		return 0, err
	}
	if err := r.wait(ctx, "the objects to be Ready", time.Second, r.checkAllReady); err != nil {
		return 0, err
	}
	interval := b.settings.interval
	if err := r.patchMarketplace(ctx, fmt.Sprintf(`{"spec":{"interval":%q}}`, interval)); err != nil {
		return 0, err
	}
	// The change wakes all, and then each has its tick.
	if err := r.during(ctx, "coming to rest", 2*interval); err != nil {
		return 0, err
	}
	before := r.marketplace.Stats()
	if err := r.during(ctx, "counting at rest", restIntervals*interval); err != nil {
		return 0, err
	}
	after := r.marketplace.Stats()
	b.tellRoutes(before, after)
	return float64(after.Total-before.Total) / float64(size*restIntervals), nil
}

// tellRoutes says which calls were made.
func (b *bench) tellRoutes(before, after sandbox.Stats) {
	for _, route := range slices.Sorted(maps.Keys(after.Calls)) {
		if made := after.Calls[route] - before.Calls[route]; made > 0 {
			b.progress.say("  %.1f in an interval: %s", float64(made)/restIntervals, route)
		}
	}
}

// declareRest declares one object; with both kinds, every other one is a config.
func (r *run) declareRest(ctx context.Context, kinds string, number int) error {
	if kinds == "users" || kinds == "both" && number%2 == 0 {
		return r.cluster.Create(ctx, declaredUser(namespace, number))
	}
	if !isConfig(number) { // the others' groups are there
		if err := r.marketplace.plant("buyers/"+buyerOf(number)+"/usergroups", map[string]any{"ID": groupID(number), "Name": "Purchasers"}); err != nil {
			return err
		}
	}
	return r.cluster.Create(ctx, declaredConfig(namespace, number))
}

// checkAllReady lists everything: it is used only while nothing is measured.
func (r *run) checkAllReady(ctx context.Context) error {
	var users v1alpha1.BuyerUserList
	var configs v1alpha1.ImpersonationConfigList
	err := errors.Join(r.cluster.List(ctx, &users, client.InNamespace(namespace)), r.cluster.List(ctx, &configs, client.InNamespace(namespace)))
	if err != nil {
		return fmt.Errorf("listing the objects: %w", err)
	}
	missing := 0
	for index := range users.Items {
		if !meta.IsStatusConditionTrue(users.Items[index].Status.Conditions, v1alpha1.ReadyCondition) {
			missing++
		}
	}
	for index := range configs.Items {
		if !meta.IsStatusConditionTrue(configs.Items[index].Status.Conditions, v1alpha1.ReadyCondition) {
			missing++
		}
	}
	if missing > 0 {
		return fmt.Errorf("%s objects are not Ready", grouped(missing))
	}
	return nil
}

// publishRest prints the table, and writes the figures if that was asked for.
func (b *bench) publishRest(out io.Writer) error {
	if len(b.rests) == 0 {
		return nil
	}
	cells := [][]string{{"at rest", "target", "calls per object and interval"}}
	values := map[figure]float64{}
	for _, each := range b.rests {
		text := fmt.Sprintf("%.4f", each.calls)
		if each.calls > restMost {
			text += missed
		}
		cells = append(cells, []string{grouped(each.size) + " " + each.kinds, atMost(restMost).String(), text})
		values[each.key()] = each.calls
	}
	table := renderCells(cells)
	if _, err := io.WriteString(out, table); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	if b.settings.document != "" && len(b.rests) == len(b.settings.sizes)*len(restKinds) {
		if err := b.writeSection(restHead, renderSection(restPage, b.environment, b.settings.interval, table)); err != nil {
			return err
		}
	}
	if b.settings.json == "" {
		return nil
	}
	content, err := json.MarshalIndent(values, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the figures: %w", err)
	}
	if err := os.WriteFile(b.settings.json, append(content, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the figures: %w", err)
	}
	return nil
}
