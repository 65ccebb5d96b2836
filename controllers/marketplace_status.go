// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/readable"
)

// census is what the objects that refer to a Marketplace come to. Those that it does not let
// in, or that its tenants do not permit, are no part of it: they get nothing done through
// it, so they neither need a role nor keep it.
type census struct {
	needs marketplace.Needs
	// objects counts them, by their kind.
	objects []v1alpha1.ObjectCounts
	// claims counts, for each of objects, those that need the Marketplace to delete what
	// is theirs in OrderCloud.
	claims []int
}

// held is how many deletions wait for a person.
func (c census) held() int32 {
	var held int32
	for _, counted := range c.objects {
		held += counted.Held
	}
	return held
}

// isNeeded says that some object could not be deleted in OrderCloud without the
// Marketplace.
func (c census) isNeeded() bool {
	return slices.ContainsFunc(c.claims, func(claims int) bool { return claims > 0 })
}

// count counts the objects that refer to a Marketplace, and finds out what they ask of
// its token. Of a kind that cannot be read, the counts stay as they were, and the
// Marketplace stays for what there may be.
func (r *marketplaceReconciler) count(ctx context.Context, declared *v1alpha1.Marketplace) (census, error) {
	held, err := r.guard.Held(ctx, declared)
	isHeldKnown := readable.As(err) == nil
	if err != nil && isHeldKnown {
		return census{}, err
	}
	permissions := newPermissions(r.registry)
	var counted census
	for _, kind := range kindsOfMarketplace {
		counts, claims := v1alpha1.ObjectCounts{Kind: kind.name}, 0
		err := r.each(ctx, client.ObjectKeyFromObject(declared), kind.list(), func(object client.Object) error {
			permitted, err := permissions.permit(ctx, declared, object)
			if err != nil || !permitted {
				return err
			}
			add(&counts, conditionsOf(object))
			if held[object.GetUID()] {
				counts.Held++
			}
			if managed, ok := object.(lifecycle.Object); ok && lifecycle.HoldsClaim(managed) {
				claims++
			}
			needOf(&counted.needs, object)
			return nil
		})
		if readable.As(err) != nil {
			counts, claims = countsBefore(declared, kind.name), 1
			err = nil
		}
		if !isHeldKnown {
			counts.Held = countsBefore(declared, kind.name).Held
		}
		if err != nil {
			return census{}, err
		}
		counted.objects, counted.claims = append(counted.objects, counts), append(counted.claims, claims)
	}
	return counted, nil
}

// countsBefore returns what was counted last of a kind.
func countsBefore(declared *v1alpha1.Marketplace, kind string) v1alpha1.ObjectCounts {
	for _, counts := range declared.Status.Objects {
		if counts.Kind == kind {
			return counts
		}
	}
	return v1alpha1.ObjectCounts{Kind: kind}
}

// kindsOfMarketplace are the kinds whose objects refer to a Marketplace.
var kindsOfMarketplace = []struct {
	name string
	list func() client.ObjectList
}{
	{"BuyerUser", func() client.ObjectList { return &v1alpha1.BuyerUserList{} }},
	{"ImpersonationConfig", func() client.ObjectList { return &v1alpha1.ImpersonationConfigList{} }},
	{"ImpersonationToken", func() client.ObjectList { return &v1alpha1.ImpersonationTokenList{} }},
}

// each visits the objects of one kind that refer to a Marketplace.
func (r *marketplaceReconciler) each(ctx context.Context, key types.NamespacedName, list client.ObjectList, visit func(client.Object) error) error {
	err := r.client.List(ctx, list, client.MatchingFields{byMarketplace: key.String()},
		client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
	if err == nil {
		err = meta.EachListItem(list, func(item runtime.Object) error {
			object, _ := item.(client.Object)
			return visit(object)
		})
	}
	if err != nil {
		return fmt.Errorf("counting the objects of Marketplace %s: %w", key, err)
	}
	return nil
}

func add(counts *v1alpha1.ObjectCounts, conditions []metav1.Condition) {
	counts.Total++
	if meta.IsStatusConditionTrue(conditions, v1alpha1.ReadyCondition) {
		counts.Ready++
	}
	if meta.IsStatusConditionTrue(conditions, v1alpha1.DriftedCondition) {
		counts.Drifted++
	}
	if meta.IsStatusConditionFalse(conditions, v1alpha1.SyncedCondition) {
		counts.Failed++
	}
}

// recordCheck writes what the look and the count showed into the status.
func recordCheck(declared *v1alpha1.Marketplace, seen check, counted census, now time.Time) {
	status := &declared.Status
	recordOutage(status, seen.problem, now)
	status.Objects, status.DeletionsHeld = counted.objects, counted.held()
	status.ObservedGeneration = declared.Generation
	status.URL = marketplace.BaseURL(&declared.Spec)
	status.LastHandledReconcileAt = declared.Annotations[v1alpha1.ReconcileAtAnnotation]
	problem := seen.problem
	if problem == nil {
		recordProof(status, seen.proof)
		status.MissingRoles = marketplace.MissingRoles(counted.needs, seen.proof.Roles)
		problem = missingRoles(marketplace.Missing(counted.needs, seen.proof.Roles))
	}
	judgeMarketplace(declared, problem, whyKept(declared, counted))
}

// recordOutage keeps since when OrderCloud cannot be asked, whatever else the conditions
// have said of the Marketplace before and since.
func recordOutage(status *v1alpha1.MarketplaceStatus, problem *failure.Failure, now time.Time) {
	switch {
	case problem == nil || !problem.IsOutage():
		status.UnavailableSince = nil
	case status.UnavailableSince == nil:
		status.UnavailableSince = new(metav1.NewTime(now.Truncate(time.Second)))
	}
}

// recordProof writes down which seller the Marketplace stays with from now on, and who
// the operator is there.
func recordProof(status *v1alpha1.MarketplaceStatus, proof marketplace.Proof) {
	status.SellerID = proof.Marketplace.SellerID
	status.User = &v1alpha1.MarketplaceUser{ID: drift.Text(proof.User.ID), Username: drift.Text(proof.User.Username)}
	status.Roles = proof.Roles
}

func missingRoles(missing []marketplace.Need) *failure.Failure {
	if len(missing) == 0 {
		return nil
	}
	pronoun := "it"
	if len(missing) > 1 {
		pronoun = "them"
	}
	return failure.New(v1alpha1.ReasonAccessDenied,
		"the token lacks %s: assign a security profile with %s to the API client's default context user",
		marketplace.Explain(missing), pronoun).Stall()
}

// judgeMarketplace sets the conditions. As for every kind, an outage does not
// unmake Ready of what is declared now; refused credentials and missing roles do. So does
// its deletion while objects keep it, which whyKept says.
func judgeMarketplace(declared *v1alpha1.Marketplace, problem *failure.Failure, whyKept string) {
	conditions := &declared.Status.Conditions
	set := lifecycle.SetterOf(conditions, declared.Generation)
	switch {
	case problem == nil && whyKept == "":
		const message = "OrderCloud accepts the credentials and the token holds every role that is needed"
		set(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync, message)
		set(v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync, message)
	case problem == nil:
		set(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInUse, whyKept)
		set(v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonInUse, whyKept)
	case whyKept != "":
		message := problem.Message + "; " + whyKept
		set(v1alpha1.SyncedCondition, metav1.ConditionFalse, problem.Reason, message)
		set(v1alpha1.ReadyCondition, metav1.ConditionFalse, problem.Reason, message)
	default:
		set(v1alpha1.SyncedCondition, metav1.ConditionFalse, problem.Reason, problem.Message)
		if !problem.IsOutage() || !lifecycle.ReadyAt(*conditions, declared.Generation) {
			set(v1alpha1.ReadyCondition, metav1.ConditionFalse, problem.Reason, problem.Message)
		}
	}
	lifecycle.JudgeProgress(conditions, declared.Generation, problem != nil && problem.Stalled)
}
