// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/fence"
	"github.com/ordercloud-operator/ordercloud-operator/internal/look"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
)

// Guard decides whether a deletion in OrderCloud is let through, and when.
type Guard interface {
	// Admit returns a *failure.Failure with the reason DeletionHeld when the
	// deletion of the object has to wait for a person. One that was let through
	// before is let through again.
	Admit(ctx context.Context, object client.Object, of v1alpha1.MarketplaceReference) error
	// Grace is how long a deletion of what holds data waits for another resource that
	// declares the same object.
	Grace(ctx context.Context, object client.Object, of v1alpha1.MarketplaceReference) (time.Duration, error)
}

// finalize carries out deletionPolicy and lets the resource go.
func (p *pass[T]) finalize(ctx context.Context) (ctrl.Result, error) {
	if !bearsFinalizer(p.object) {
		return ctrl.Result{}, nil
	}
	wait, err := p.relinquish(ctx)
	if wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, err
	}
	problem := failure.As(err)
	switch {
	case problem != nil && p.isLost(problem):
		p.orphan(ctx, problem)
	case problem != nil:
		result, err := p.record(ctx, verdict{failure: waitsToDelete(problem)})
		return p.untilLost(result), err
	case err != nil:
		return ctrl.Result{}, err
	}
	if err := p.release(ctx); err != nil {
		return ctrl.Result{}, err
	}
	p.lost.Delete(p.object.GetUID())
	return ctrl.Result{}, nil
}

// relinquish hands the object to another resource that declares it, or deletes it,
// or leaves it alone. A wait says that it is too early for that.
func (p *pass[T]) relinquish(ctx context.Context) (wait time.Duration, err error) {
	switch {
	case p.state == claim.Elsewhere:
		p.leaveBehind(ctx)
		return 0, nil
	case !p.state.Claims():
		return 0, nil
	}
	notPermitted := p.permitRemoval(ctx)
	if notPermitted != nil && failure.As(notPermitted) == nil {
		return 0, notPermitted
	}
	handedOver, err := p.handOver(ctx)
	if err != nil || handedOver {
		return 0, err
	}
	action := PlanDeletion(PolicyOf(p.spec), p.state.Claims())
	if action.Verb == Release {
		return 0, nil
	}
	if notPermitted != nil {
		return 0, notPermitted
	}
	if wait, err := p.grace(ctx); err != nil || wait > 0 {
		return wait, err
	}
	return 0, p.remove(ctx, action)
}

// grace is how long the deletion still waits for an heir. Git tools prune what moves to
// another namespace before they apply it there. A user who is deleted in between loses
// password, dates and what others wrote, and one who is deactivated is not what the heir
// declares. It counts from the deletion of the resource, so
// that a restart of the operator changes nothing.
func (p *pass[T]) grace(ctx context.Context) (time.Duration, error) {
	if p.Guard == nil || !p.Kind.HoldsData() {
		return 0, nil
	}
	grace, err := p.Guard.Grace(ctx, p.object, p.spec.MarketplaceRef)
	if err != nil {
		return 0, fmt.Errorf("finding out how long the deletion of %s waits for an heir: %w", p.path(), err)
	}
	// The API server's clock may be ahead.
	return min(grace, p.object.GetDeletionTimestamp().Add(grace).Sub(p.Clock.Now())), nil
}

// waitsToDelete says beside the reason what a person can do who does not want to
// wait: the resource stays until its object is deleted in OrderCloud.
func waitsToDelete(problem *failure.Failure) *failure.Failure {
	waiting := *problem
	waiting.Message = "the deletion waits: " + problem.Message +
		"; deletionPolicy: Retain lets the resource go and leaves the object in OrderCloud"
	return &waiting
}

// remove deletes the object, or takes its effect away. The guard is asked before anything
// connects: what it holds must not depend on whether OrderCloud can be reached.
func (p *pass[T]) remove(ctx context.Context, action Action) error {
	if p.state == claim.Held {
		if err := p.admit(ctx); err != nil {
			return err
		}
	}
	connection, err := p.connectToDelete(ctx)
	if err != nil {
		return err
	}
	if p.state == claim.Elsewhere {
		p.leaveBehind(ctx)
		return nil
	}
	bound := p.Kind.Bind(p.object, connection)
	if p.state.IsPending() {
		if isOwn, err := p.isOwn(ctx, bound); err != nil || !isOwn {
			return err
		}
	}
	return p.carryOut(ctx, action, bound)
}

// admit asks the guard.
func (p *pass[T]) admit(ctx context.Context) error {
	if p.Guard == nil {
		return nil
	}
	return p.Guard.Admit(ctx, p.object, p.spec.MarketplaceRef)
}

// isOwn looks whether the create, of which nothing was heard, has made the object that is
// there. The guard is asked for that as for every other.
func (p *pass[T]) isOwn(ctx context.Context, bound External) (bool, error) {
	seen, err := bound.Look(look.Alone(ctx))
	if err != nil {
		return false, err
	}
	p.state = p.state.After(p.whatIsSeen(seen))
	if !p.claimed() {
		return false, nil
	}
	return true, p.admit(ctx)
}

func (p *pass[T]) carryOut(ctx context.Context, action Action, bound External) error {
	ctx, cancel := settle(fence.WithCheck(p.marked(ctx, action.Verb, false, nil), p.stillStands))
	defer cancel()
	carryOut, event, message := bound.Delete, EventDeleted, "deleted %s in OrderCloud"
	if switchable, ok := bound.(Deactivator); ok && action.Verb == Deactivate {
		carryOut, event, message = switchable.Deactivate, EventDeactivated, "deactivated %s in OrderCloud"
	}
	if err := carryOut(ctx); err != nil {
		return err
	}
	p.event(event, "Delete", message, p.path())
	return nil
}

// connectToDelete also works when the Secret or the Marketplace is gone already: a
// namespace that is deleted loses them in any order.
func (p *pass[T]) connectToDelete(ctx context.Context) (*marketplace.Connection, error) {
	connection, err := p.Marketplaces.ConnectToDelete(ctx, p.object.GetNamespace(), p.spec.MarketplaceRef)
	p.use(connection, err)
	return connection, err
}

// leaveBehind tells that an object stays where it was claimed: the Marketplace reaches
// another marketplace since, and what is there is not this resource's.
func (p *pass[T]) leaveBehind(ctx context.Context) {
	where := p.claim.Marketplace
	log.FromContext(ctx).Info("Left behind in another marketplace", "path", p.claim.Path, "url", where.URL, "sellerID", where.SellerID)
	p.tellOrphaned(fmt.Sprintf("%s was claimed in %s, and the Marketplace reaches %s now: it was not deleted",
		p.claim.Path, describeMarketplace(where), describeMarketplace(p.here)))
}

// describeMarketplace names a marketplace by its URL and, where that is known, its seller.
func describeMarketplace(of claim.Marketplace) string {
	if !of.IsProven() {
		return of.URL
	}
	return fmt.Sprintf("%s (seller %s)", of.URL, of.SellerID)
}

// isLost says that OrderCloud did not answer for so long that the resource is let go:
// whoever deleted its Secret for good would wait for ever.
func (p *pass[T]) isLost(problem *failure.Failure) bool {
	uid := p.object.GetUID()
	if !losesOrderCloud(problem.Reason) {
		p.lost.Delete(uid)
		p.status.UnansweredSeconds = 0
		return false
	}
	now := p.Clock.Now()
	known, ok := p.lossOf(uid)
	if !ok {
		known = resume(p.status.UnansweredSeconds, now)
	}
	known = known.goesOn(now)
	p.lost.Store(uid, known)
	p.status.UnansweredSeconds = known.seconds()
	return p.OrphanAfter > 0 && known.unanswered >= p.OrphanAfter
}

func (p *pass[T]) lossOf(uid types.UID) (loss, bool) {
	stored, ok := p.lost.Load(uid)
	known, _ := stored.(loss)
	return known, ok
}

// untilLost looks again when the resource is to be let go, at the latest.
func (p *pass[T]) untilLost(result ctrl.Result) ctrl.Result {
	known, ok := p.lossOf(p.object.GetUID())
	if !ok {
		return result
	}
	if wait := p.OrphanAfter - known.unanswered; p.OrphanAfter > 0 && wait > 0 {
		result.RequeueAfter = min(result.RequeueAfter, wait)
	}
	known.again = result.RequeueAfter
	p.lost.Store(p.object.GetUID(), known)
	return result
}

// orphan tells, where somebody may look for it later, which object was left behind.
func (p *pass[T]) orphan(ctx context.Context, problem *failure.Failure) {
	where := p.claim.Marketplace
	log.FromContext(ctx).Info("Orphaned in OrderCloud", "path", p.path(), "url", where.URL, "sellerID", where.SellerID,
		"reason", problem.Reason, "cause", problem.Error())
	metrics.Orphaned(MarketplaceOf(p.object).String())
	p.tellOrphaned(fmt.Sprintf("%s was not deleted in %s, which could not be asked for %s: %s", p.path(), describeMarketplace(where), p.OrphanAfter, problem.Message))
}

func (p *pass[T]) tellOrphaned(note string) {
	p.emit(corev1.EventTypeWarning, v1alpha1.ReasonOrphaned, "Delete", note)
}
