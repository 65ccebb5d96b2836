// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
)

// maxUnmanagedIDs is how many the status names; the schema has the same number.
const maxUnmanagedIDs = 50

// recordGrants writes into the status what was last seen of the impersonation configs
// in OrderCloud. Between two lists of them unmanaged ones only become fewer: by those
// that somebody has declared. What the operator itself deletes in the meantime is not
// in the next list, and nobody is alarmed.
func (r *marketplaceReconciler) recordGrants(ctx context.Context, before, declared *v1alpha1.Marketplace, checked check) *grantList {
	status, key := &declared.Status, client.ObjectKeyFromObject(declared)
	if !reportsGrants(declared) {
		r.seen.forget(key)
		forgetGrants(declared)
		return nil
	}
	if before.Status.URL != "" && before.Status.URL != status.URL || before.Status.SellerID != "" && before.Status.SellerID != status.SellerID {
		// They were those of another marketplace.
		forgetGrants(declared)
		r.seen.change(key, func(entry *grantsEntry) { entry.told = &toldGrants{} })
	}
	entry := r.seen.entry(key)
	known := entry.grants
	if !known.areOf(checked.proof.Marketplace) {
		known = nil
	}
	if known != nil {
		known = r.withoutDeclared(ctx, declared, known)
		status.UnmanagedImpersonationConfigs = unmanagedOf(known.unmanaged)
		status.WideGrants = new(known.wide)
	}
	problem := checked.problem
	if problem == nil {
		problem = entry.attempt.problem
	}
	judgeGrants(declared, known, problem)
	if counted := status.UnmanagedImpersonationConfigs; counted != nil {
		metrics.SetUnmanagedConfigs(key.String(), int(counted.Count))
	}
	if counted := status.WideGrants; counted != nil {
		metrics.SetWideGrants(key.String(), int(counted.AnyBuyer), int(counted.AnyAdmin))
	}
	return known
}

func forgetGrants(declared *v1alpha1.Marketplace) {
	declared.Status.UnmanagedImpersonationConfigs, declared.Status.WideGrants = nil, nil
	meta.RemoveStatusCondition(&declared.Status.Conditions, v1alpha1.GrantsDeclaredCondition)
	metrics.ForgetGrants(client.ObjectKeyFromObject(declared).String())
}

// withoutDeclared leaves out what somebody has declared since the list.
func (r *marketplaceReconciler) withoutDeclared(ctx context.Context, declared *v1alpha1.Marketplace, known *grantList) *grantList {
	if len(known.unmanaged) == 0 {
		return known
	}
	left := *known
	left.unmanaged = nil
	found, err := r.declarationsFor(ctx, declared)
	for index := 0; err == nil && index < len(known.unmanaged); index++ {
		var isDeclared bool
		if isDeclared, err = found.has(ctx, known.unmanaged[index]); !isDeclared {
			left.unmanaged = append(left.unmanaged, known.unmanaged[index])
		}
	}
	if err != nil {
		// The Marketplace has other things to tell; this is tried again with the next.
		log.FromContext(ctx).Error(err, "Finding out which impersonation configs are declared failed")
		return known
	}
	if len(left.unmanaged) == len(known.unmanaged) {
		return known
	}
	r.seen.replace(client.ObjectKeyFromObject(declared), known, &left)
	return &left
}

func unmanagedOf(ids []string) *v1alpha1.UnmanagedImpersonationConfigs {
	shown := make([]string, 0, min(len(ids), maxUnmanagedIDs))
	for _, id := range ids[:min(len(ids), maxUnmanagedIDs)] {
		// Two that are equal where they were cut are one: the API server refuses a set
		// in which something occurs twice.
		if text := drift.Text(id); !slices.Contains(shown, text) {
			shown = append(shown, text)
		}
	}
	return &v1alpha1.UnmanagedImpersonationConfigs{Count: int32(len(ids)), IDs: shown} //nolint:gosec // no marketplace holds 2³¹ of them
}

// judgeGrants sets GrantsDeclared. As with Ready, what was last seen stands during an
// outage; that something keeps the operator from seeing it makes it Unknown.
func judgeGrants(declared *v1alpha1.Marketplace, known *grantList, problem *failure.Failure) {
	conditions := &declared.Status.Conditions
	isOutage := problem != nil && problem.IsOutage()
	was := meta.FindStatusCondition(*conditions, v1alpha1.GrantsDeclaredCondition)
	switch {
	case problem != nil && !isOutage, isOutage && known == nil && was == nil:
		lifecycle.SetterOf(conditions, declared.Generation)(
			v1alpha1.GrantsDeclaredCondition, metav1.ConditionUnknown, problem.Reason, problem.Message)
	case known == nil:
	case len(known.unmanaged) == 0:
		lifecycle.SetterOf(conditions, known.generation)(
			v1alpha1.GrantsDeclaredCondition, metav1.ConditionTrue, v1alpha1.ReasonAllDeclared,
			"every impersonation config that OrderCloud holds is declared")
	default:
		lifecycle.SetterOf(conditions, known.generation)(
			v1alpha1.GrantsDeclaredCondition, metav1.ConditionFalse, v1alpha1.ReasonUnmanagedGrants,
			"OrderCloud holds impersonation configs that no object declares, see status.unmanagedImpersonationConfigs: "+
				"declare them, delete them, or set spec.unmanagedImpersonationConfigs to "+string(v1alpha1.GrantsIgnore))
	}
}
