// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// maxDriftEntries bounds status.drift and status.lastDrift.fields; the schema
// has the same number.
const maxDriftEntries = 20

// record writes the verdict into the status, in one patch, or in none when
// nothing changed.
func (p *pass[T]) record(ctx context.Context, found verdict) (ctrl.Result, error) {
	p.status.Path = p.path()
	p.status.ObservedGeneration = p.object.GetGeneration()
	p.recordClaim()
	found.elsewhere = p.recordMarketplace(found)
	if !found.suspended {
		p.status.LastHandledReconcileAt = p.object.GetAnnotations()[v1alpha1.ReconcileAtAnnotation]
	}
	if found.isAside() {
		p.status.Drift = nil
	}
	if found.looked {
		p.status.Drift = entries(found.now)
		p.recordLastDrift(found)
	}
	isNews := p.isNews(found.failure)
	judge(&p.status.Conditions, p.object.GetGeneration(), found)
	if err := p.patchStatus(ctx, found); err != nil {
		return ctrl.Result{}, err
	}
	p.count(found)
	if isNews {
		p.log(ctx, found.failure)
		p.eventNotSynced(found.failure)
		TellOwner(ctx, p.Client, p.Recorder, p.object, MarketplaceOf(p.object), found.failure)
	}
	if p.state == claim.None {
		// Who has no claim has nothing to carry out when it is deleted.
		if err := p.release(ctx); err != nil {
			return ctrl.Result{}, err
		}
	}
	if found.suspended {
		return ctrl.Result{}, nil
	}
	return p.next(found.failure), nil
}

// recordMarketplace notes in which marketplace the object was seen, and says whether what
// the status holds is about another one than the present.
func (p *pass[T]) recordMarketplace(found verdict) (elsewhere bool) {
	last := p.claim.Marketplace
	if p.status.Marketplace != nil {
		last = claim.Marketplace(*p.status.Marketplace)
	}
	switch {
	case found.looked:
		p.status.Marketplace = new(v1alpha1.MarketplaceIdentity(p.here))
	case p.status.Marketplace == nil:
		p.status.Marketplace = new(v1alpha1.MarketplaceIdentity(last))
	}
	return last.URL != "" && p.here.URL != "" && (last.URL != p.here.URL || last.IsProven() && p.here.IsProven() && last != p.here)
}

// patchStatus makes the one status patch of a pass. Losing a race against a
// change of the spec costs nothing, the next pass is on its way, unless this one
// has something to tell that the next would not see: then the patch is made all
// the same. It says which generation it is about, and nobody else writes it.
func (p *pass[T]) patchStatus(ctx context.Context, found verdict) error {
	if equality.Semantic.DeepEqual(p.before, p.object) {
		return nil
	}
	ctx, cancel := settle(ctx)
	defer cancel()
	err := p.Client.Status().Patch(ctx, p.object, client.MergeFromWithOptions(p.before, client.MergeFromWithOptimisticLock{}))
	if apierrors.IsConflict(err) && (found.acted || found.isDrift || found.adopted) {
		// The UID stays a precondition: a namesake must not inherit the status.
		before, _ := p.before.DeepCopyObject().(T)
		before.SetUID("")
		err = p.Client.Status().Patch(ctx, p.object, client.MergeFrom(before))
	}
	if err = client.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("recording the status of %s: %w", p.path(), err)
	}
	p.before.SetResourceVersion(p.object.GetResourceVersion())
	return nil
}

// recordLastDrift opens a drift, or closes the open one when OrderCloud is equal
// to the declaration again, whoever made it so.
func (p *pass[T]) recordLastDrift(found verdict) {
	now := metav1.NewTime(p.Clock.Now().Truncate(time.Second))
	if found.acted && len(found.now) > 0 {
		// What OrderCloud made of the write differs at once. The time until the next one
		// counts from now.
		p.status.LastDrift = &v1alpha1.LastDrift{
			DetectedTime: now, Fields: limitNames(found.now), Corrections: p.corrected(found.now) + 1,
		}
		return
	}
	open := p.status.LastDrift != nil && p.status.LastDrift.CorrectedTime == nil
	if found.isDrift {
		if !open || !p.goesOn(found.drifted) {
			p.status.LastDrift = &v1alpha1.LastDrift{DetectedTime: now, Corrections: p.corrected(found.drifted)}
			open = true
		}
		p.status.LastDrift.Fields = limitNames(found.drifted)
		if found.acted {
			p.status.LastDrift.Corrections++
		}
	}
	if open && len(found.now) == 0 && (found.failure == nil || found.acted) {
		p.status.LastDrift.CorrectedTime = &now
	}
}

// count counts a drift when it is in the status, so that it is counted once, however
// many passes see it and whichever operator makes them. A field that joins an open
// drift counts when it does.
func (p *pass[T]) count(found verdict) {
	if !found.isDrift {
		return
	}
	_, before := p.before.Managed()
	var known []string
	if last := before.LastDrift; last != nil && last.CorrectedTime == nil {
		known = last.Fields
	}
	kind, _ := p.Client.GroupVersionKindFor(p.object) // the client knows what it has read
	drifted := limitNames(found.drifted)
	metrics.DriftDetected(kind.Kind, drifted, known)
	if found.acted {
		metrics.DriftCorrected(kind.Kind, drifted, limitNames(found.now))
	}
}

// log tells why the resource is not in sync any more. A quiet pass and a failure that goes
// on are silent, and what was written the audit tells. OrderCloud's support asks for the
// request ID.
func (p *pass[T]) log(ctx context.Context, problem *failure.Failure) {
	log.FromContext(ctx).Info("Not in sync", "path", p.path(), "reason", problem.Reason, "cause", problem.Error(),
		"requestID", ordercloud.RequestID(problem))
}

// isNews says whether a failure is told: when Synced turns False, and when what
// was waited for turns out to need a person. What an outage does to each of thousands of
// objects is no news: their Marketplace tells it.
func (p *pass[T]) isNews(problem *failure.Failure) bool {
	if problem == nil || problem.IsEverywhere {
		return false
	}
	_, before := p.before.Managed()
	synced := meta.FindStatusCondition(before.Conditions, v1alpha1.SyncedCondition)
	if synced == nil || synced.Status != metav1.ConditionFalse {
		return true
	}
	return problem.Stalled && synced.Reason != problem.Reason
}

// entries lists what differs. Two names that are equal where they were cut are
// one entry: the name is the key of the list, and the API server refuses a
// status in which a key occurs twice.
func entries(differences drift.Fields) []v1alpha1.DriftEntry {
	var list []v1alpha1.DriftEntry
	listed := map[string]bool{}
	for _, field := range differences {
		name := drift.Text(field.Name)
		if listed[name] {
			continue
		}
		if len(list) == maxDriftEntries {
			break
		}
		listed[name] = true
		desired, observed := field.Texts()
		list = append(list, v1alpha1.DriftEntry{Field: name, Desired: desired, Observed: observed})
	}
	return list
}

func limitNames(differences drift.Fields) []string {
	names := differences.Names()
	for index, name := range names {
		names[index] = drift.Text(name)
	}
	return names[:min(len(names), maxDriftEntries)]
}
