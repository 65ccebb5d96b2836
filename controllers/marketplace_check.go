// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

const (
	firstRecheck = time.Second
	lastRecheck  = time.Minute
)

// check is what the latest look at a marketplace showed. It holds until it is
// due again, so that a pass which only counts objects calls nothing.
type check struct {
	client      *ordercloud.Client
	generation  int64
	reconcileAt string
	due         time.Time
	// delay until the next look after a failure; it doubles.
	delay   time.Duration
	roles   []string
	problem *failure.Failure
}

// look authenticates, and asks OrderCloud whose token it is, when that is due.
// Anything that a person changed makes it due at once.
func (r *marketplaceReconciler) look(ctx context.Context, declared *v1alpha1.Marketplace) (check, error) {
	key := client.ObjectKeyFromObject(declared)
	last := r.lastCheck(key)
	shared, err := r.registry.Client(ctx, declared)
	problem := failure.As(err)
	if err != nil && problem == nil {
		return check{}, err
	}
	fresh := check{
		client: shared, generation: declared.Generation, problem: problem,
		reconcileAt: declared.Annotations[v1alpha1.ReconcileAtAnnotation],
	}
	if problem == nil {
		unchanged := last.client == shared && last.generation == fresh.generation && last.reconcileAt == fresh.reconcileAt
		if unchanged && r.clock.Now().Before(last.due) {
			return last, nil
		}
		if last.reconcileAt != fresh.reconcileAt {
			shared.Forget()
		}
		if fresh.roles, fresh.problem, err = authenticate(ctx, shared); err != nil {
			return check{}, err
		}
	}
	r.schedule(&fresh, last, marketplace.Interval(declared))
	r.lock.Lock()
	defer r.lock.Unlock()
	r.checks[key] = fresh
	return fresh, nil
}

func (r *marketplaceReconciler) lastCheck(key types.NamespacedName) check {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.checks[key]
}

// schedule looks again at the interval, or after a failure within a minute.
func (r *marketplaceReconciler) schedule(fresh *check, last check, interval time.Duration) {
	wait := interval
	if fresh.problem != nil {
		fresh.delay = min(max(2*last.delay, firstRecheck), lastRecheck)
		if fresh.problem.Retry != failure.Backoff {
			fresh.delay = lastRecheck
		}
		wait = max(fresh.delay, fresh.problem.After)
	}
	fresh.due = r.clock.Now().Add(wait)
}

// authenticate returns the roles that the token holds, sorted. The call to
// GET /v1/me proves that OrderCloud still takes a token that it gave hours ago.
func authenticate(ctx context.Context, shared *ordercloud.Client) ([]string, *failure.Failure, error) {
	token, err := shared.Token(ctx)
	if err == nil {
		_, err = shared.Me(ctx)
	}
	if err != nil {
		problem := failure.Call{Doing: "authenticating", BaseURL: shared.BaseURL()}.FromOrderCloud(err)
		if problem == nil {
			return nil, nil, fmt.Errorf("authenticating at %s: %w", shared.BaseURL(), err)
		}
		return nil, problem, nil
	}
	roles := slices.Clone(token.Roles)
	slices.Sort(roles)
	return slices.Compact(roles), nil, nil
}
