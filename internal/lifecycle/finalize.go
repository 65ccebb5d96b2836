// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
)

// Guard decides whether a deletion in OrderCloud is let through.
type Guard interface {
	// Admit returns a *failure.Failure with the reason DeletionHeld when the
	// deletion of the object has to wait for a person. One that was let through
	// before is let through again.
	Admit(ctx context.Context, object client.Object, of v1alpha1.MarketplaceReference) error
}

// finalize carries out deletionPolicy and lets the resource go.
func (p *pass[T]) finalize(ctx context.Context) (ctrl.Result, error) {
	if !p.bearsClaim() {
		return ctrl.Result{}, nil
	}
	err := p.relinquish(ctx)
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
// or leaves it alone.
func (p *pass[T]) relinquish(ctx context.Context) error {
	handedOver, err := p.handOver(ctx)
	if err != nil || handedOver {
		return err
	}
	action := PlanDeletion(PolicyOf(p.spec), true)
	if action.Verb == Release {
		return nil
	}
	return p.remove(ctx, action)
}

// waitsToDelete says beside the reason what a person can do who does not want to
// wait: the resource stays until its object is deleted in OrderCloud.
func waitsToDelete(problem *failure.Failure) *failure.Failure {
	waiting := *problem
	waiting.Message = "the deletion waits: " + problem.Message +
		"; deletionPolicy: Retain lets the resource go and leaves the object in OrderCloud"
	return &waiting
}

func (p *pass[T]) remove(ctx context.Context, action Action) error {
	connection, err := p.connectToDelete(ctx)
	if err != nil {
		return err
	}
	if !p.claimed() {
		p.leaveBehind(ctx)
		return nil
	}
	if p.Guard != nil {
		if err := p.Guard.Admit(ctx, p.object, p.spec.MarketplaceRef); err != nil {
			return err
		}
	}
	ctx, cancel := settle(ctx)
	defer cancel()
	bound := p.Kind.Bind(p.object, connection)
	carryOut, event, message := bound.Delete, EventDeleted, "deleted %s in OrderCloud"
	if switchable, ok := bound.(Deactivator); ok && action.Verb == Deactivate {
		carryOut, event, message = switchable.Deactivate, EventDeactivated, "deactivated %s in OrderCloud"
	}
	if err := carryOut(ctx); err != nil {
		return err
	}
	log.FromContext(ctx).Info(event+" in OrderCloud", "path", p.path())
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

// leaveBehind tells that an object stays where it was claimed: the Marketplace
// was pointed elsewhere since, and what is there is not this resource's.
func (p *pass[T]) leaveBehind(ctx context.Context) {
	where := p.object.GetAnnotations()[v1alpha1.ClaimedInAnnotation]
	log.FromContext(ctx).Info("Left behind in another marketplace", "path", p.path(), "claimedIn", where)
	p.tellOrphaned(fmt.Sprintf("%s was claimed in %s and the Marketplace is at %s now: it was not deleted", p.path(), where, p.baseURL))
}

// isLost says that OrderCloud could not be asked for so long that the resource is
// let go: whoever deleted its Secret for good would wait for ever.
func (p *pass[T]) isLost(problem *failure.Failure) bool {
	uid := p.object.GetUID()
	if !losesOrderCloud(problem.Reason) {
		p.lost.Delete(uid)
		return false
	}
	began := p.lostBefore()
	if _, known := p.lost.LoadOrStore(uid, began); !known {
		p.recordLoss(began)
	}
	return p.OrphanAfter > 0 && p.lostIn() <= 0
}

func losesOrderCloud(reason string) bool {
	switch reason {
	case v1alpha1.ReasonUnavailable, v1alpha1.ReasonCredentialsInvalid, v1alpha1.ReasonMarketplaceNotReady, v1alpha1.ReasonMarketplaceNotFound:
		return true
	default:
		return false
	}
}

// lostBefore is since when OrderCloud cannot be asked, as far as is known: since
// now, or since what an operator before this one has recorded. A deletion that was
// held or refused until now has been waiting for something else.
func (p *pass[T]) lostBefore() time.Time {
	_, before := p.before.Managed()
	synced := meta.FindStatusCondition(before.Conditions, v1alpha1.SyncedCondition)
	if synced == nil || synced.Status != metav1.ConditionFalse || !losesOrderCloud(synced.Reason) {
		return p.Clock.Now()
	}
	if deleted := p.object.GetDeletionTimestamp().Time; deleted.After(synced.LastTransitionTime.Time) {
		return deleted
	}
	return synced.LastTransitionTime.Time
}

// recordLoss tells an operator after this one since when OrderCloud cannot be asked:
// Synced may have been False for long, for another reason.
func (p *pass[T]) recordLoss(began time.Time) {
	if synced := meta.FindStatusCondition(p.status.Conditions, v1alpha1.SyncedCondition); synced != nil && synced.Status == metav1.ConditionFalse {
		synced.LastTransitionTime = metav1.NewTime(began)
	}
}

// lostIn is how long it is until the resource is let go; only for one that is lost.
func (p *pass[T]) lostIn() time.Duration {
	since, ok := p.lost.Load(p.object.GetUID())
	if !ok {
		return p.OrphanAfter
	}
	began, _ := since.(time.Time)
	return began.Add(p.OrphanAfter).Sub(p.Clock.Now())
}

// untilLost looks again when the resource is to be let go, at the latest.
func (p *pass[T]) untilLost(result ctrl.Result) ctrl.Result {
	if wait := p.lostIn(); p.OrphanAfter > 0 && wait > 0 {
		result.RequeueAfter = min(result.RequeueAfter, wait)
	}
	return result
}

// orphan tells, where somebody may look for it later, which object was left behind.
func (p *pass[T]) orphan(ctx context.Context, problem *failure.Failure) {
	where := p.object.GetAnnotations()[v1alpha1.ClaimedInAnnotation]
	log.FromContext(ctx).Info("Orphaned in OrderCloud", "path", p.path(), "claimedIn", where,
		"reason", problem.Reason, "cause", problem.Error())
	metrics.Orphaned(MarketplaceOf(p.object).String())
	p.tellOrphaned(fmt.Sprintf("%s was not deleted in %s, which could not be asked for %s: %s", p.path(), where, p.OrphanAfter, problem.Message))
}

func (p *pass[T]) tellOrphaned(note string) {
	p.emit(corev1.EventTypeWarning, v1alpha1.ReasonOrphaned, "Delete", note)
}
