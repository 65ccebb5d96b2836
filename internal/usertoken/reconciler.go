// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package usertoken keeps tokens with which somebody acts as a buyer user fresh in
// Secrets. It is a controller of its own and not a kind of the engine: there is no
// object in OrderCloud that could be looked up, claimed, compared or deleted.
package usertoken

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/crowd"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/look"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// Connector connects an object to the marketplace that it refers to.
type Connector interface {
	// Connect returns a connection, or a *failure.Failure that says why there is
	// none. The connection beside a failure, if any, tells the interval.
	Connect(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (*marketplace.Connection, error)
	// Tenancy returns what a namespace may declare through a Marketplace, or a
	// *failure.Failure for one that may not refer to it. OrderCloud is not asked.
	Tenancy(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (tenant.Tenancy, error)
	// CheckNow returns an error unless, by the API server's own word, the namespace may
	// use the Marketplace and that still reaches the marketplace. It also returns what the
	// namespace may declare now.
	CheckNow(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference, at claim.Marketplace) (tenant.Tenancy, error)
	// NamespaceLabels returns the labels of a namespace, or the API server's refusal.
	NamespaceLabels(ctx context.Context, namespace string) (labels.Set, error)
}

// Reconciler serves ImpersonationTokens.
type Reconciler struct {
	// Client reads ImpersonationTokens and BuyerUsers from the cache and writes the
	// status.
	Client client.Client
	// Secrets reads and writes Secrets at the API server itself: no token stays in a
	// cache.
	Secrets client.Client
	// Recorder emits the events.
	Recorder events.EventRecorder
	// Marketplaces connects to OrderCloud.
	Marketplaces Connector
	// Clock tells when tokens are refreshed and expire.
	Clock clock.PassiveClock
	// Crowd shares the workers out among the marketplaces; nil lets all passes in.
	Crowd *crowd.Crowd
	// Attempts are the failures of each object.
	Attempts schedule.Memory

	// proofs has, by the names of ImpersonationTokens, what was last proven of the
	// tokens in their Secrets. It is lost with the process, and costs one look each.
	proofs sync.Map
}

// proof is what is known of the token in a Secret.
type proof struct {
	// secret is the version of the Secret; empty means that it is not known yet.
	secret string
	// due is when the token is looked at again.
	due time.Time
}

// Reconcile makes one pass over one ImpersonationToken.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := &v1alpha1.ImpersonationToken{}
	if err := r.Client.Get(ctx, request.NamespacedName, object); err != nil {
		r.Attempts.Forget(request)
		r.proofs.Delete(request.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	p := &pass{Reconciler: r, object: object, before: object.DeepCopy(), interval: marketplace.DefaultInterval}
	leave, entered := r.Crowd.Enter(request, p.visit())
	if !entered {
		return ctrl.Result{}, nil
	}
	defer leave()
	run := p.run
	if !object.DeletionTimestamp.IsZero() {
		run = p.end
	}
	result, err := run(ctx)
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return ctrl.Result{RequeueAfter: schedule.AfterConflict}, nil
	}
	return result, err
}

// pass is one look at one ImpersonationToken.
type pass struct {
	*Reconciler

	object *v1alpha1.ImpersonationToken
	// before is the object as it was, for the patch of the status.
	before *v1alpha1.ImpersonationToken
	// interval until the next look when nothing is wrong.
	interval time.Duration
	// connection to the marketplace; nil until there is one.
	connection *marketplace.Connection
	// wanted is what the declaration stands for; nil until that is known.
	wanted *declaration
	// kept is the Secret as it is.
	kept kept
	// issued: a token was published in this pass.
	issued bool
}

func (p *pass) run(ctx context.Context) (ctrl.Result, error) {
	var err error
	if ctx = p.ranked(ctx); p.object.Spec.Suspend {
		if err = p.isWithdrawn(ctx); err == nil {
			return p.recordSuspended(ctx)
		}
	} else {
		err = p.converge(ctx)
	}
	problem := failure.As(err)
	if err != nil && problem == nil {
		return ctrl.Result{}, err
	}
	if problem != nil {
		if err := p.dropWhatIsOver(ctx, problem); err != nil {
			return ctrl.Result{}, err
		}
	}
	return p.record(ctx, problem)
}

// end empties the Secret. It goes with its owner, but others may keep that for long, or the
// Secret beyond it.
func (p *pass) end(ctx context.Context) (ctrl.Result, error) {
	err := p.readSecret(ctx)
	if err == nil && p.kept.token != nil {
		err = p.drop(ctx)
	}
	if failure.As(err) != nil {
		err = nil // nobody reads a status any more that could tell
	}
	return ctrl.Result{}, client.IgnoreNotFound(err)
}

// ranked says how much the calls of the pass matter: a look at a token that is good
// can wait, a new one cannot.
func (p *pass) ranked(ctx context.Context) context.Context {
	ctx = limiter.WithShare(ctx, p.object.Namespace)
	if p.isAskedFor() {
		return look.Fresh(ctx)
	}
	if p.isSweep() {
		return limiter.WithClass(ctx, limiter.Sweep)
	}
	return ctx
}

// isSweep says that nobody waits for the pass: the token is good.
func (p *pass) isSweep() bool {
	refresh := p.object.Status.RefreshTime
	isGood := refresh != nil && p.Clock.Now().Before(refresh.Time) && p.object.Status.ObservedGeneration == p.object.Generation
	return isGood && !p.isAskedFor() && p.object.DeletionTimestamp.IsZero()
}

// visit says whose worker the pass would take.
func (p *pass) visit() crowd.Visit {
	to := marketplace.Key(p.object.Namespace, p.object.Spec.MarketplaceRef)
	return crowd.Visit{To: to.String(), From: p.object.Namespace, IsSweep: p.isSweep()}
}

func (p *pass) key() types.NamespacedName { return client.ObjectKeyFromObject(p.object) }

// isAskedFor says that somebody asked for a look with the annotation.
func (p *pass) isAskedFor() bool {
	return p.object.Annotations[v1alpha1.ReconcileAtAnnotation] != p.object.Status.LastHandledReconcileAt
}

// prepare finds out what is declared, what the Secret holds, and whether the namespace may
// have such a token.
func (p *pass) prepare(ctx context.Context) error {
	if err := p.readSecret(ctx); err != nil {
		return err
	}
	if p.kept.isForeign {
		return p.foreignSecret()
	}
	connection, err := p.Marketplaces.Connect(ctx, p.object.Namespace, p.object.Spec.MarketplaceRef)
	if connection != nil {
		p.interval = connection.Interval
	}
	if err != nil {
		return err
	}
	p.connection = connection
	if err := connection.Tenancy.PermitKind(v1alpha1.TenantImpersonationToken); err != nil {
		return err
	}
	if err := p.resolve(ctx); err != nil {
		return err
	}
	if err := p.permit(ctx); err != nil || p.kept.token != nil {
		return err
	}
	for _, path := range external.PartiesByID(p.object) {
		if err := external.AwaitUser(ctx, p.Client, p.object, p.object.Spec.MarketplaceRef, p.connection.Tenancy, path); err != nil {
			return err
		}
	}
	return nil
}

// converge brings a token into the Secret that is for what is declared and good for
// a while yet.
func (p *pass) converge(ctx context.Context) error {
	if err := p.prepare(ctx); err != nil {
		return err
	}
	if p.isGood() && p.Clock.Now().Before(p.refreshTime()) {
		switch isValid, err := p.prove(ctx); {
		case err != nil:
			return err
		case isValid:
			return p.removeFormerSecret(ctx)
		}
	}
	if err := p.issue(ctx); err != nil {
		return err
	}
	return p.removeFormerSecret(ctx)
}
