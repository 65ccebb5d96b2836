// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

// count counts the objects that refer to a Marketplace and finds out what they
// ask of its token.
func (r *marketplaceReconciler) count(ctx context.Context, declared *v1alpha1.Marketplace) (marketplace.Needs, error) {
	var needs marketplace.Needs
	options := []client.ListOption{
		client.MatchingFields{byMarketplace: client.ObjectKeyFromObject(declared).String()},
		client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency,
	}
	var users v1alpha1.BuyerUserList
	var configs v1alpha1.ImpersonationConfigList
	for _, list := range []client.ObjectList{&users, &configs} {
		if err := r.client.List(ctx, list, options...); err != nil {
			return needs, fmt.Errorf("counting the objects of Marketplace %s: %w", client.ObjectKeyFromObject(declared), err)
		}
	}
	declared.Status.DeletionsHeld = 0
	declared.Status.BuyerUsers = v1alpha1.ObjectCounts{}
	for index := range users.Items {
		user := &users.Items[index]
		add(&declared.Status.BuyerUsers, user.Status.Conditions)
		countDeletion(declared, &needs, user)
		observed := user.Spec.ManagementPolicy == v1alpha1.ManagementObserve
		needs.ReadUsers = needs.ReadUsers || observed
		needs.WriteUsers = needs.WriteUsers || !observed
	}
	declared.Status.ImpersonationConfigs = v1alpha1.ObjectCounts{}
	for index := range configs.Items {
		config := &configs.Items[index]
		add(&declared.Status.ImpersonationConfigs, config.Status.Conditions)
		countDeletion(declared, &needs, config)
		needs.Configs = true
		needs.ClientNames = needs.ClientNames || config.Spec.ClientName != ""
	}
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
		status.Roles = seen.roles
		status.MissingRoles = marketplace.MissingRoles(needs, seen.roles)
		problem = missingRoles(status.MissingRoles)
	}
	judgeMarketplace(declared, problem)
}

func missingRoles(roles []string) *failure.Failure {
	if len(roles) == 0 {
		return nil
	}
	return failure.New(v1alpha1.ReasonAccessDenied,
		"the token lacks %s, which the declared objects need: assign a security profile with it to the API client's default context user",
		strings.Join(roles, ", ")).Stall()
}

// judgeMarketplace sets the conditions. As for every kind, an outage does not
// unmake Ready; refused credentials and missing roles do.
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
