// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// Reasons of the events about impersonation configs that no object declares.
const (
	// eventUnmanagedGrant says that there is one that was not there before.
	eventUnmanagedGrant = "UnmanagedGrant"
	// eventGrantDeclared says that an object declares one by now.
	eventGrantDeclared = "GrantDeclared"
	// eventGrantGone says that OrderCloud holds one no more.
	eventGrantGone = "GrantGone"
)

const (
	// maxToldIDs is how many an event names. With IDs of 100 characters its text stays
	// below the 1,024 bytes that the API server takes.
	maxToldIDs = 5
	// maxToldID is how much of an ID an event shows: all that an ID can have [D].
	maxToldID = 100
)

// toldGrants are the unmanaged impersonation configs of which events have told.
type toldGrants struct {
	// ids in order.
	ids []string
	// isCut says that there were more of them after the last one.
	isCut bool
}

// toldBy is what had been told when a status was written.
func toldBy(status *v1alpha1.MarketplaceStatus) *toldGrants {
	if status.UnmanagedImpersonationConfigs == nil {
		return &toldGrants{}
	}
	shown := status.UnmanagedImpersonationConfigs
	return &toldGrants{ids: slices.Sorted(slices.Values(shown.IDs)), isCut: int(shown.Count) > len(shown.IDs)}
}

// knows says whether one has been told. Of those that the status had no room for
// nobody knows after a restart; they are taken for told.
func (t *toldGrants) knows(id string) bool {
	position, found := slices.BinarySearch(t.ids, id)
	return found || t.isCut && position == len(t.ids)
}

// tellGrants emits events about what is unmanaged now and was not before, and the other
// way round: one each for all of them together.
func (r *marketplaceReconciler) tellGrants(ctx context.Context, before, declared *v1alpha1.Marketplace, known *grantList) {
	if known == nil {
		return
	}
	key := client.ObjectKeyFromObject(declared)
	told := r.seen.entry(key).told
	if told == nil {
		told = toldBy(&before.Status)
	}
	r.seen.change(key, func(entry *grantsEntry) { entry.told = &toldGrants{ids: known.unmanaged} })
	var appeared, left []string
	for _, id := range known.unmanaged {
		if !told.knows(id) {
			appeared = append(appeared, id)
		}
	}
	for _, id := range told.ids {
		if _, stays := slices.BinarySearch(known.unmanaged, id); !stays {
			left = append(left, id)
		}
	}
	isDeclared, gone := r.whyLeft(ctx, declared, left)
	r.tellOf(declared, appeared, corev1.EventTypeWarning, eventUnmanagedGrant, "OrderCloud holds impersonation configs that no object declares: %s")
	r.tellOf(declared, isDeclared, corev1.EventTypeNormal, eventGrantDeclared, "impersonation configs that no object declared are declared now: %s")
	r.tellOf(declared, gone, corev1.EventTypeNormal, eventGrantGone, "impersonation configs that no object declared are gone from OrderCloud: %s")
}

// whyLeft tells those that somebody has declared from those that are gone.
func (r *marketplaceReconciler) whyLeft(ctx context.Context, declared *v1alpha1.Marketplace, left []string) (isDeclared, gone []string) {
	if len(left) == 0 {
		return nil, nil
	}
	found, err := r.declarationsFor(ctx, declared)
	for _, id := range left {
		has := false
		if err == nil {
			has, err = found.has(ctx, id)
		}
		if has {
			isDeclared = append(isDeclared, id)
		} else {
			gone = append(gone, id)
		}
	}
	if err != nil {
		log.FromContext(ctx).Error(err, "Finding out which impersonation configs are declared failed")
	}
	return isDeclared, gone
}

func (r *marketplaceReconciler) tellOf(declared *v1alpha1.Marketplace, ids []string, kind, reason, format string) {
	if len(ids) > 0 {
		r.recorder.Eventf(declared, nil, kind, reason, "Reconcile", format, named(ids))
	}
}

// named names the first of several IDs.
func named(ids []string) string {
	var shown []string
	for _, id := range ids[:min(len(ids), maxToldIDs)] {
		if len(id) > maxToldID {
			id = strings.ToValidUTF8(id[:maxToldID], "") + "…"
		}
		shown = append(shown, id)
	}
	text := strings.Join(shown, ", ")
	if more := len(ids) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
