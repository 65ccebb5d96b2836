// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/readable"
)

// count counts the objects that refer to a Marketplace and finds out what they
// ask of its token. Of a kind that cannot be read, the counts stay as they were, and the
// Marketplace stays for what there may be.
func (r *marketplaceReconciler) count(ctx context.Context, declared *v1alpha1.Marketplace) (marketplace.Needs, error) {
	var needs marketplace.Needs
	options := []client.ListOption{
		client.MatchingFields{byMarketplace: client.ObjectKeyFromObject(declared).String()},
		client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency,
	}
	var users v1alpha1.BuyerUserList
	var configs v1alpha1.ImpersonationConfigList
	var tokens v1alpha1.ImpersonationTokenList
	status := &declared.Status
	leastHeld := int32(0)
	for _, counted := range []struct {
		list client.ObjectList
		into *v1alpha1.ObjectCounts
	}{{&users, &status.BuyerUsers}, {&configs, &status.ImpersonationConfigs}, {&tokens, &status.ImpersonationTokens}} {
		err := r.client.List(ctx, counted.list, options...)
		switch {
		case readable.As(err) != nil:
			needs.Claims++
			leastHeld = status.DeletionsHeld
		case err != nil:
			return needs, fmt.Errorf("counting the objects of Marketplace %s: %w", client.ObjectKeyFromObject(declared), err)
		default:
			*counted.into = v1alpha1.ObjectCounts{}
		}
	}
	status.DeletionsHeld = 0
	for index := range users.Items {
		user := &users.Items[index]
		add(&status.BuyerUsers, user.Status.Conditions)
		countDeletion(declared, &needs, user)
		needOfUser(&needs, user)
	}
	for index := range configs.Items {
		config := &configs.Items[index]
		add(&status.ImpersonationConfigs, config.Status.Conditions)
		countDeletion(declared, &needs, config)
		needOfConfig(&needs, config)
	}
	for index := range tokens.Items {
		add(&status.ImpersonationTokens, tokens.Items[index].Status.Conditions)
		needOfToken(&needs, &tokens.Items[index])
	}
	status.DeletionsHeld = max(status.DeletionsHeld, leastHeld)
	return needs, nil
}

// countDeletion counts what the deletion of objects has to wait for.
func countDeletion(declared *v1alpha1.Marketplace, needs *marketplace.Needs, object client.Object) {
	if controllerutil.ContainsFinalizer(object, v1alpha1.ClaimFinalizer) {
		needs.Claims++
	}
	synced := meta.FindStatusCondition(conditionsOf(object), v1alpha1.SyncedCondition)
	if !object.GetDeletionTimestamp().IsZero() && synced != nil && synced.Reason == v1alpha1.ReasonDeletionHeld {
		declared.Status.DeletionsHeld++
	}
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
func recordCheck(declared *v1alpha1.Marketplace, seen check, needs marketplace.Needs) {
	status := &declared.Status
	status.ObservedGeneration = declared.Generation
	status.URL = marketplace.BaseURL(&declared.Spec)
	status.LastHandledReconcileAt = declared.Annotations[v1alpha1.ReconcileAtAnnotation]
	problem := seen.problem
	if problem == nil {
		recordProof(status, seen.proof)
		status.MissingRoles = marketplace.MissingRoles(needs, seen.proof.Roles)
		problem = missingRoles(marketplace.Missing(needs, seen.proof.Roles))
	}
	judgeMarketplace(declared, problem)
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
// unmake Ready of what is declared now; refused credentials and missing roles do.
func judgeMarketplace(declared *v1alpha1.Marketplace, problem *failure.Failure) {
	conditions := &declared.Status.Conditions
	set := lifecycle.SetterOf(conditions, declared.Generation)
	if problem == nil {
		const message = "OrderCloud accepts the credentials and the token holds every role that is needed"
		set(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync, message)
		set(v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync, message)
	} else {
		set(v1alpha1.SyncedCondition, metav1.ConditionFalse, problem.Reason, problem.Message)
		if !problem.IsOutage() || !lifecycle.ReadyAt(*conditions, declared.Generation) {
			set(v1alpha1.ReadyCondition, metav1.ConditionFalse, problem.Reason, problem.Message)
		}
	}
	lifecycle.JudgeProgress(conditions, declared.Generation, problem != nil && problem.Stalled)
}
