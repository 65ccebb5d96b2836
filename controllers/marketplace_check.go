// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

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
	looked      time.Time
	// wait until the next look; after a failure it doubles.
	wait    time.Duration
	roles   []string
	problem *failure.Failure
	// reaches is the marketplace that the credentials are for, as far as it is known.
	reaches marketplaceID
	// expired: an outage has begun or ended since.
	expired bool
}

// marketplaceID tells one marketplace in OrderCloud from others.
type marketplaceID struct {
	baseURL string
	// sellerID is the ID of the marketplace's seller; empty until OrderCloud said it.
	sellerID string
}

// due is when to look again. A role that is missing may be granted any time, and
// only another token shows it.
func (c check) due(needs marketplace.Needs) time.Time {
	if c.expired {
		return c.looked
	}
	if c.lacksRoles(needs) {
		return c.looked.Add(min(c.wait, lastRecheck))
	}
	return c.looked.Add(c.wait)
}

func (c check) lacksRoles(needs marketplace.Needs) bool {
	return c.client != nil && c.problem == nil && len(marketplace.Missing(needs, c.roles)) > 0
}

// look authenticates, and asks OrderCloud whose token it is, when that is due.
// Anything that a person changed makes it due at once.
func (r *marketplaceReconciler) look(ctx context.Context, declared *v1alpha1.Marketplace, needs marketplace.Needs) (check, error) {
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
		reaches:     marketplaceID{baseURL: marketplace.BaseURL(&declared.Spec)},
	}
	if last.reaches.baseURL == fresh.reaches.baseURL && (shared == nil || shared == last.client) {
		fresh.reaches = last.reaches
	}
	if problem == nil {
		unchanged := last.client == shared && last.generation == fresh.generation && last.reconcileAt == fresh.reconcileAt
		if unchanged && r.clock.Now().Before(last.due(needs)) {
			return last, nil
		}
		if last.reconcileAt != fresh.reconcileAt || last.lacksRoles(needs) || reportsGrants(declared) && last.mayNotListGrants() {
			shared.Forget()
		}
		if err := fresh.authenticate(ctx); err != nil {
			return check{}, err
		}
	}
	r.schedule(&fresh, last, marketplace.Interval(declared))
	r.store(key, &fresh, last)
	return fresh, nil
}

// store keeps a check, and wakes who waits for it to list the impersonation configs.
func (r *marketplaceReconciler) store(key types.NamespacedName, fresh *check, last check) {
	r.lock.Lock()
	defer r.lock.Unlock()
	// The breaker may have changed while this check was on its way.
	fresh.expired = r.checks[key].expired && !last.expired
	r.checks[key] = *fresh
	if fresh.problem == nil {
		wake(r.checked, key)
	}
}

// expire makes a Marketplace be checked at once: its breaker has opened, so that it
// tells the outage in place of thousands of objects, or has closed, so that it wakes
// those that wait.
func (r *marketplaceReconciler) expire(key types.NamespacedName) {
	r.lock.Lock()
	last := r.checks[key]
	last.expired = true
	r.checks[key] = last
	r.lock.Unlock()
	wake(r.wakes, key)
}

// wake lets a controller look at a Marketplace.
func wake(waiting chan<- event.GenericEvent, key types.NamespacedName) {
	declared := &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	select {
	case waiting <- event.GenericEvent{Object: declared}:
	default: // many are woken already; this one is looked at when it is due
	}
}

func (r *marketplaceReconciler) lastCheck(key types.NamespacedName) check {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.checks[key]
}

// schedule looks again at the interval, or after a failure within a minute.
func (r *marketplaceReconciler) schedule(fresh *check, last check, interval time.Duration) {
	fresh.looked, fresh.wait = r.clock.Now(), interval
	switch {
	case fresh.problem == nil:
	case fresh.problem.IsOutage() && fresh.problem.After > 0:
		// Nothing is sent before: the first check after that tells whether the
		// outage is over, and that wakes the objects which wait for it.
		fresh.wait = fresh.problem.After
	case fresh.problem.Retry != failure.Backoff:
		fresh.wait = min(interval, lastRecheck)
	case last.problem == nil:
		fresh.wait = firstRecheck
	default:
		fresh.wait = min(2*last.wait, lastRecheck)
	}
}

// authenticate finds out which roles the token holds and which marketplace it is for,
// or why it cannot. The call to GET /v1/me proves that OrderCloud still takes a token
// that it gave hours ago.
func (c *check) authenticate(ctx context.Context) error {
	token, err := c.client.Token(ctx)
	var me ordercloud.Me
	if err == nil {
		me, err = c.client.Me(ctx)
	}
	if err != nil {
		c.problem = failure.Call{Doing: "authenticating", BaseURL: c.client.BaseURL()}.FromOrderCloud(err)
		if c.problem == nil {
			return fmt.Errorf("authenticating at %s: %w", c.client.BaseURL(), err)
		}
		return nil
	}
	c.reaches.sellerID = me.SellerID
	c.roles = slices.Clone(token.Roles)
	slices.Sort(c.roles)
	c.roles = slices.Compact(c.roles)
	return nil
}
