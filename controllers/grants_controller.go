// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"slices"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/crowd"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/grants"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
)

// grantsWorkers is how many Marketplaces are listed at the same time at most. They
// wait for OrderCloud, and do not work.
const grantsWorkers = 512

// configsDirectory is the directory of the paths of impersonation configs: by it
// their looks fall due together.
const configsDirectory = "impersonationconfig"

// grantsReconciler lists all impersonation configs of each Marketplace, at the moments
// at which the declared ones are compared. It writes nothing: the Marketplace's
// reconciler records what it has seen. A list waits in the limiter and takes several
// calls, and the check of a Marketplace must not wait for it.
type grantsReconciler struct {
	*marketplaceReconciler

	// lists shares the workers out among the hosts; nil lets all passes in.
	lists    *crowd.Crowd
	attempts schedule.Memory
	// longestCompany is how long a list waits at most for the looks that fall due with
	// it: most of them look their application up before.
	longestCompany time.Duration
}

func setupGrants(manager ctrl.Manager, marketplaces *marketplaceReconciler, options Options) error {
	options = options.withWorkers(grantsWorkers)
	reconciler := newGrantsReconciler(marketplaces)
	reconciler.lists = options.crowd()
	return ctrl.NewControllerManagedBy(manager).Named("grants").
		WatchesRawSource(source.Channel(marketplaces.checked, &handler.EnqueueRequestForObject{})).
		WatchesRawSource(reconciler.lists.Source()).
		WithOptions(options.controller()).
		Complete(passes("grants of a Marketplace", reconciler.lists, reconciler))
}

func newGrantsReconciler(marketplaces *marketplaceReconciler) *grantsReconciler {
	return &grantsReconciler{marketplaceReconciler: marketplaces, longestCompany: 2 * time.Second}
}

// reportsGrants says that unmanaged impersonation configs of a Marketplace are reported.
func reportsGrants(declared *v1alpha1.Marketplace) bool {
	return declared.Spec.UnmanagedImpersonationConfigs != v1alpha1.GrantsIgnore
}

// mayNotListGrants says that the token has not got the role that it takes to list
// impersonation configs.
func (c check) mayNotListGrants() bool {
	return c.isGood() && !marketplace.MayListConfigs(c.proof.Roles)
}

// Reconcile lists the impersonation configs of one Marketplace, if that is due.
func (r *grantsReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var declared v1alpha1.Marketplace
	if err := r.client.Get(ctx, request.NamespacedName, &declared); err != nil {
		r.attempts.Forget(request)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	checked := r.lastCheck(request.NamespacedName)
	if !reportsGrants(&declared) || !checked.isGood() || !checked.isAbout(&declared) {
		return ctrl.Result{}, nil // the next check that succeeds wakes it
	}
	last := r.seen.entry(request.NamespacedName).attempt
	if wait := last.due.Sub(r.clock.Now()); wait > 0 && !last.isOutdated(checked) {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	leave, entered := r.lists.Enter(request, visitTo(&declared, true))
	if !entered {
		return ctrl.Result{}, nil
	}
	defer leave()
	made, found, err := r.attempt(ctx, request, &declared, checked)
	switch {
	case errors.Is(err, errNotYet), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return ctrl.Result{RequeueAfter: schedule.FirstRetry}, nil
	case err != nil:
		return ctrl.Result{}, err
	}
	r.seen.change(request.NamespacedName, func(entry *grantsEntry) {
		entry.attempt = made
		if found != nil {
			entry.grants = found
		}
	})
	wake(r.wakes, request.NamespacedName)
	return ctrl.Result{RequeueAfter: max(made.due.Sub(r.clock.Now()), time.Millisecond)}, nil
}

// isOutdated says that something else is to be listed than at the latest attempt, or
// that it can be now.
func (a attempt) isOutdated(checked check) bool {
	return a.client != checked.proof.Client || a.generation != checked.generation || a.reconcileAt != checked.reconcileAt ||
		a.lackedRole && !checked.mayNotListGrants()
}

// errNotYet says that what is declared cannot be told before this Marketplace, or
// another one that may be about the same marketplace, is checked.
var errNotYet = errors.New("waiting for Marketplaces to be checked")

// attempt tries to list the impersonation configs. There is no list beside a problem.
func (r *grantsReconciler) attempt(ctx context.Context, request ctrl.Request, declared *v1alpha1.Marketplace, checked check) (attempt, *grantList, error) {
	last := r.seen.entry(request.NamespacedName).attempt
	made := attempt{
		client: checked.proof.Client, generation: checked.generation, reconcileAt: checked.reconcileAt,
		lackedRole: checked.mayNotListGrants(),
	}
	var found *grantList
	if made.lackedRole {
		made.problem = lacksRoleForGrants()
	} else {
		if last.client != checked.proof.Client || last.reconcileAt == checked.reconcileAt {
			ctx = limiter.WithClass(ctx, limiter.Sweep)
		}
		var err error
		found, err = r.list(ctx, declared, checked)
		if made.problem = explainGrants(checked.proof.Client, err); made.problem == nil && err != nil {
			return made, nil, err
		}
	}
	made.due = r.clock.Now().Add(r.wait(request, declared, made.problem))
	return made, found, nil
}

// explainGrants says why the impersonation configs could not be listed, or returns nil
// for an error that is none of OrderCloud's.
func explainGrants(shared *ordercloud.Client, err error) *failure.Failure {
	if ordercloud.IsForbidden(err) {
		return lacksRoleForGrants().By(err)
	}
	return failure.Call{Doing: "listing the impersonation configs", BaseURL: shared.BaseURL()}.FromOrderCloud(err)
}

func lacksRoleForGrants() *failure.Failure {
	return failure.New(v1alpha1.ReasonAccessDenied,
		"the token lacks %s, without which impersonation configs cannot be listed: assign it, or set spec.unmanagedImpersonationConfigs to %s",
		marketplace.RoleSetSecurityProfile, v1alpha1.GrantsIgnore).Stall()
}

// wait is until the next attempt: the tick at which the declared configs are compared,
// so that one list serves both, or after an outage ever later.
func (r *grantsReconciler) wait(request ctrl.Request, declared *v1alpha1.Marketplace, problem *failure.Failure) time.Duration {
	interval := marketplace.Interval(declared)
	return r.attempts.Next(request, schedule.Outcome{
		Problem: problem, Generation: declared.Generation, Interval: interval,
		Regular: marketplace.TicksOf(request.NamespacedName, interval).Next(r.clock.Now(), interval, configsDirectory),
	}, r.clock.Now())
}

// list lists all impersonation configs and keeps the IDs of those that no object
// declares. Of an object that goes away meanwhile the config may be listed or not:
// nobody is to be told of it, so what was declared before counts as well.
func (r *grantsReconciler) list(ctx context.Context, declared *v1alpha1.Marketplace, checked check) (*grantList, error) {
	before, err := r.settledDeclarations(ctx, declared)
	if err != nil {
		return nil, err
	}
	wereDeclared, err := before.all(ctx)
	if err != nil {
		return nil, err
	}
	connection, err := r.registry.Connect(ctx, declared.Namespace, v1alpha1.MarketplaceReference{Name: declared.Name})
	switch {
	case failure.As(err) != nil, err == nil && connection.Client != checked.proof.Client:
		// Its Secret has changed since the check.
		wake(r.wakes, client.ObjectKeyFromObject(declared))
		return nil, errNotYet
	case err != nil:
		return nil, err
	}
	var company time.Duration
	if len(wereDeclared) > 0 {
		company = min(marketplace.Interval(declared)/10, r.longestCompany)
	}
	configs, err := connection.Looks.ImpersonationConfigs(ctx, company)
	if err != nil {
		return nil, err
	}
	after, err := r.settledDeclarations(ctx, declared)
	if err != nil {
		return nil, err
	}
	found := &grantList{of: connection.Marketplace, generation: checked.generation}
	for _, config := range configs {
		if grants.IsAnyBuyer(config) {
			found.wide.AnyBuyer++
		}
		if grants.IsAnyAdmin(config) {
			found.wide.AnyAdmin++
		}
		if wereDeclared[config.ID] {
			continue
		}
		isDeclared, err := after.has(ctx, config.ID)
		if err != nil {
			return nil, err
		}
		if !isDeclared {
			found.unmanaged = append(found.unmanaged, config.ID)
		}
	}
	slices.Sort(found.unmanaged)
	return found, nil
}

func (r *grantsReconciler) settledDeclarations(ctx context.Context, declared *v1alpha1.Marketplace) (*declarations, error) {
	found, err := r.declarationsFor(ctx, declared)
	if err == nil && found.unsettled {
		return nil, errNotYet
	}
	return found, err
}
