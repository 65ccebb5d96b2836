// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
)

// lastProof is how long other calls may show in place of GET /v1/me that all is well.
const lastProof = time.Hour

// check is what the latest look at a marketplace showed. It holds until it is
// due again, so that a pass which only counts objects calls nothing.
type check struct {
	// proof is what the registry knows about whose the credentials are. Beside a
	// problem it may be from before.
	proof       marketplace.Proof
	problem     *failure.Failure
	generation  int64
	reconcileAt string
	// due is when to look again.
	due time.Time
	// attempts are those that failed in a row.
	attempts schedule.Attempts
	// acceptance is how often the token had been accepted.
	acceptance ordercloud.Acceptance
	// expired: an outage has begun or ended since.
	expired bool
}

// dueFor is when to look again for what the objects need. A role that is missing may be
// granted any time, and only another token shows it.
func (c check) dueFor(needs marketplace.Needs) time.Time {
	if c.expired {
		return time.Time{}
	}
	if within := c.proof.At.Add(schedule.LastRecheck); c.lacksRoles(needs) && within.Before(c.due) {
		return within
	}
	return c.due
}

func (c check) lacksRoles(needs marketplace.Needs) bool {
	return c.isGood() && len(marketplace.Missing(needs, c.proof.Roles)) > 0
}

// isGood says that OrderCloud was looked at, and that nothing was wrong.
func (c check) isGood() bool { return c.problem == nil && c.proof.Marketplace.IsProven() }

// isShownBy says that calls for objects have shown since all that another look would: that
// OrderCloud still takes the token, which is the same user's as long as it is the same token,
// and has the same roles.
func (c check) isShownBy(acceptance ordercloud.Acceptance, now time.Time) bool {
	return c.isGood() && !c.expired && acceptance.IsSince(c.acceptance) && now.Before(c.proof.At.Add(lastProof))
}

// isAbout says that the check was made of the Marketplace as it is declared now, and
// that nobody has asked for another one.
func (c check) isAbout(declared *v1alpha1.Marketplace) bool {
	return c.generation == declared.Generation && c.reconcileAt == declared.Annotations[v1alpha1.ReconcileAtAnnotation]
}

// look lets the registry ask OrderCloud whose token it is when that is due. Anything
// that a person changed makes it due at once.
func (r *marketplaceReconciler) look(ctx context.Context, declared *v1alpha1.Marketplace, needs marketplace.Needs) (check, error) {
	key := client.ObjectKeyFromObject(declared)
	last := r.lastCheck(key)
	fresh := check{generation: declared.Generation, reconcileAt: declared.Annotations[v1alpha1.ReconcileAtAnnotation]}
	known := last.proof.Client
	isDue := known != nil && (!last.isAbout(declared) || !r.clock.Now().Before(last.dueFor(needs)))
	if isDue && (last.reconcileAt != fresh.reconcileAt || last.lacksRoles(needs) || reportsGrants(declared) && last.mayNotListGrants()) {
		known.Forget()
	}
	isShown := isDue && last.isAbout(declared) && last.isShownBy(known.Acceptance(), r.clock.Now())
	var err error
	fresh.proof, err = r.registry.Prove(ctx, declared, isDue && !isShown)
	fresh.problem = failure.As(err)
	if err != nil && fresh.problem == nil {
		return check{}, err
	}
	if !isDue && fresh.isGood() && last.isGood() && known == fresh.proof.Client {
		return last, nil
	}
	if fresh.isGood() {
		fresh.acceptance = fresh.proof.Client.Acceptance()
	}
	r.schedule(&fresh, last.attempts, marketplace.Interval(declared))
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

// schedule looks again at the interval, or after a failure ever later, within a minute. How long an
// outage is waited out says the registry: nothing is sent before, and the first check
// after that wakes the objects which wait for the end of it.
func (r *marketplaceReconciler) schedule(fresh *check, last schedule.Attempts, interval time.Duration) {
	if fresh.problem != nil && fresh.problem.Retry == failure.Backoff {
		fresh.due = fresh.proof.Due
		return
	}
	what := schedule.Outcome{Problem: fresh.problem, Generation: fresh.generation, Regular: interval}
	if fresh.problem != nil {
		what.Regular = min(interval, schedule.LastRecheck)
	}
	fresh.attempts = schedule.After(what, last, r.clock.Now(), 1)
	fresh.due = fresh.attempts.Due
}
