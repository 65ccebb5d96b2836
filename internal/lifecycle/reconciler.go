// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"path"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/crowd"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/look"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// Reconciler serves every kind that mirrors one OrderCloud object.
type Reconciler[T Object] struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server itself. What it says decides, right before a write
	// to OrderCloud is sent.
	Live client.Reader
	// Recorder emits the events.
	Recorder events.EventRecorder
	// Marketplaces connects to OrderCloud.
	Marketplaces Connector
	// Kind is what is particular to the kind.
	Kind Kind[T]
	// Clock tells the time that the status records.
	Clock clock.PassiveClock
	// Guard decides whether a deletion is let through; nil lets all through.
	Guard Guard
	// OrphanAfter is how long a resource that is deleted waits for an OrderCloud that
	// cannot be asked before it is let go with its object left behind; 0 waits for
	// ever.
	OrphanAfter time.Duration
	// Crowd shares the workers out among the marketplaces; nil lets all passes in.
	Crowd *crowd.Crowd

	// attempts are the failures of each resource. One that a person can read in the status is
	// no error: returned as one, it would be logged at each attempt, a thousand times in an
	// outage.
	attempts schedule.Memory

	// lost has for how long OrderCloud has not answered, by the UIDs of the resources
	// whose deletion waits for it.
	lost sync.Map
}

// settleTimeout bounds what a pass still does when the operator is told to stop: finish
// the one write and record it.
const settleTimeout = 25 * time.Second

// Reconcile makes one pass over one resource.
func (r *Reconciler[T]) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := r.Kind.New()
	if err := r.Client.Get(ctx, request.NamespacedName, object); err != nil {
		if apierrors.IsNotFound(err) {
			r.attempts.Forget(request)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	pass := r.begin(object)
	leave, entered := r.Crowd.Enter(request, pass.visit())
	if !entered {
		return ctrl.Result{}, nil
	}
	defer leave()
	result, err := pass.run(ctx)
	if apierrors.IsConflict(err) || errors.Is(err, errRedeclared) {
		return ctrl.Result{RequeueAfter: schedule.AfterConflict}, nil
	}
	return result, err
}

// pass is one look at one resource.
type pass[T Object] struct {
	*Reconciler[T]

	object T
	// before is the resource as it was, for the patch of the status.
	before T
	spec   *v1alpha1.ManagedSpec
	status *v1alpha1.ManagedStatus
	// interval until the next look when nothing is wrong.
	interval time.Duration
	// ticks are the marketplace's common moments to look.
	ticks marketplace.Ticks
	// here is the marketplace; without a seller until it is proven.
	here claim.Marketplace
	// claim is what is recorded on the resource, wherever it is valid.
	claim claim.Claim
	// state is what the claim is worth here. It changes with what the pass sees and does.
	state claim.State
	// sent is the digest of what the latest create sent.
	sent string
	// tenancy is what the namespace may declare, and declaration what the resource
	// declares.
	tenancy     tenant.Tenancy
	declaration tenant.Declaration
}

func (r *Reconciler[T]) begin(object T) *pass[T] {
	before, _ := object.DeepCopyObject().(T)
	spec, status := object.Managed()
	p := &pass[T]{Reconciler: r, object: object, before: before, spec: spec, status: status, claim: ClaimOf(object)}
	p.sent = p.claim.Sent
	r.Kind.Describe(object)
	p.useInterval(marketplace.DefaultInterval)
	return p
}

func (p *pass[T]) useInterval(ofMarketplace time.Duration) {
	p.interval = ofMarketplace
	p.ticks = marketplace.TicksOf(MarketplaceOf(p.object), ofMarketplace)
	if p.spec.Interval != nil && p.spec.Interval.Duration > 0 {
		p.interval = p.spec.Interval.Duration
	}
}

// visit says whose worker the pass would take.
func (p *pass[T]) visit() crowd.Visit {
	return crowd.Visit{To: MarketplaceOf(p.object).String(), From: p.object.GetNamespace(), IsSweep: !p.isAwaited()}
}

func (p *pass[T]) run(ctx context.Context) (ctrl.Result, error) {
	ctx = p.ranked(ctx)
	here, err := p.Marketplaces.Where(ctx, p.object.GetNamespace(), p.spec.MarketplaceRef)
	if err != nil {
		return ctrl.Result{}, err
	}
	p.locate(here)
	if !p.object.GetDeletionTimestamp().IsZero() {
		return p.finalize(ctx)
	}
	if p.spec.Suspend {
		return p.record(ctx, verdict{suspended: true})
	}
	found, err := p.converge(ctx)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && !found.acted {
		// The pass ran out of time in the marketplace's own queue, which says nothing
		// about OrderCloud.
		return ctrl.Result{RequeueAfter: schedule.FirstRetry}, nil
	}
	if found.failure = failure.As(err); err != nil && found.failure == nil {
		return ctrl.Result{}, err
	}
	if found.failure, err = p.whileHolderGoes(ctx, found.failure); err != nil {
		return ctrl.Result{}, err
	}
	return p.record(ctx, found)
}

// ranked says how much the calls of the pass matter. A pass that somebody waits
// for, because of a change of the resource, goes before those that only compare;
// one that was asked for with an annotation trusts nothing that is remembered.
func (p *pass[T]) ranked(ctx context.Context) context.Context {
	ctx = limiter.WithShare(ctx, p.object.GetNamespace())
	if p.isAskedFor() {
		ctx = look.Fresh(ctx)
	}
	if !p.isAwaited() {
		ctx = limiter.WithClass(ctx, limiter.Sweep)
	}
	return ctx
}

// isAwaited says that somebody waits for the pass: for a change, or for an object
// to become Ready that is on its way.
func (p *pass[T]) isAwaited() bool {
	generation := p.object.GetGeneration()
	isOnItsWay := !ReadyAt(p.status.Conditions, generation) && !meta.IsStatusConditionTrue(p.status.Conditions, v1alpha1.StalledCondition)
	return p.isAskedFor() || isOnItsWay || p.status.ObservedGeneration != generation || !p.object.GetDeletionTimestamp().IsZero()
}

// isAskedFor says that somebody asked for a look with the annotation.
func (p *pass[T]) isAskedFor() bool {
	return p.object.GetAnnotations()[v1alpha1.ReconcileAtAnnotation] != p.status.LastHandledReconcileAt
}

func (p *pass[T]) connect(ctx context.Context) (*marketplace.Connection, error) {
	connection, err := p.Marketplaces.Connect(ctx, p.object.GetNamespace(), p.spec.MarketplaceRef)
	p.use(connection, err)
	return connection, err
}

// use notes what a connection tells, be it only the interval.
func (p *pass[T]) use(connection *marketplace.Connection, err error) {
	if connection != nil {
		p.useInterval(connection.Interval)
		p.tenancy = connection.Tenancy
	}
	if err == nil {
		p.locate(connection.Marketplace)
	}
}

func (p *pass[T]) path() string { return p.Kind.Path(p.object) }

// settle gives a write the time to be answered and recorded though the operator
// is told to stop. Until then it is not bounded: it may wait for its turn behind
// the looks of many others, and giving up would only put it at the end again.
func settle(ctx context.Context) (context.Context, context.CancelFunc) {
	settled, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(settleTimeout, cancel)
		context.AfterFunc(settled, func() { timer.Stop() })
	})
	return settled, func() {
		stop()
		cancel()
	}
}

// next says when to look again: on the marketplace's tick, so that passes meet and
// share their looks. What keeps one resource from being compared is looked at
// again then at the latest; what keeps all of them, an outage or a request to slow
// down, ever later. Whatever is not a person's doing waits behind what is.
func (p *pass[T]) next(problem *failure.Failure) ctrl.Result {
	wait := p.attempts.Next(p.request(), p.outcome(problem), p.Clock.Now())
	return ctrl.Result{RequeueAfter: wait, Priority: new(handler.LowPriority)}
}

func (p *pass[T]) outcome(problem *failure.Failure) schedule.Outcome {
	return schedule.Outcome{
		Problem: problem, Generation: p.object.GetGeneration(), Awaited: p.isAwaited(), Interval: p.interval,
		Regular: p.ticks.Next(p.Clock.Now(), p.interval, path.Dir(p.path())),
	}
}

func (p *pass[T]) request() ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKeyFromObject(p.object)}
}
