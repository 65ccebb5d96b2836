// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// maxLooks bounds how often one pass looks again because somebody else created
// or deleted the object between its look and its write.
const maxLooks = 3

// converge looks, plans, claims and makes at most one write that takes effect.
// The verdict is also valid beside a *failure.Failure.
func (p *pass[T]) converge(ctx context.Context) (verdict, error) {
	p.beginAnew()
	connection, err := p.connect(ctx)
	if err != nil {
		return verdict{}, err
	}
	conflict, err := p.yield(ctx)
	if err != nil {
		return verdict{}, err
	}
	if conflict != nil {
		return verdict{yields: true}, conflict
	}
	external := p.Kind.Bind(p.object, connection)
	for range maxLooks {
		found, err := p.round(ctx, external)
		switch {
		case errors.Is(err, ErrExists) && !found.claimedNow:
			// The claim is older than this pass, so the object is ours: the look
			// was wrong, or an earlier create took effect after its time.
		case errors.Is(err, ErrExists):
			// The object is not ours: what becomes of it is adoptionPolicy's
			// decision, after another look.
			if err := p.handBack(ctx); err != nil {
				return found, err
			}
		case errors.Is(err, ErrGone):
		default:
			return found, err
		}
	}
	return verdict{}, failure.New(v1alpha1.ReasonUnavailable,
		"%s keeps appearing and vanishing in OrderCloud; the operator tries again by itself", p.path())
}

// round is one look and what follows from it.
func (p *pass[T]) round(ctx context.Context, external External) (verdict, error) {
	seen, err := external.Observe(ctx, p.claimed())
	if err != nil {
		return verdict{}, err
	}
	action := Plan(PolicyOf(p.spec), p.claimed(), seen)
	if action.Writes() {
		if err := p.checkDeclared(ctx); err != nil {
			return verdict{}, err
		}
	}
	isDrift := p.isDrift(action, seen)
	found := verdict{looked: true, isDrift: isDrift, now: p.describe(seen, isDrift)}
	found.drifted = found.now
	if isDrift {
		p.eventDriftDetected(found.now)
		if contended := p.contended(found.now); contended != nil {
			return found, contended
		}
	}
	if action.Claim {
		if err := p.claim(ctx); err != nil {
			return found, err
		}
		found.claimedNow = true
	}
	if action.Adopts() {
		log.FromContext(ctx).Info("Adopted in OrderCloud", "path", p.path())
		p.event(EventAdopted, "Adopt", "adopted %s, which existed in OrderCloud", p.path())
	}
	found, err = p.act(ctx, external, action, seen, found)
	if err == nil && seen.Unresolved != nil {
		found.comparedRest = true
		return found, seen.Unresolved
	}
	return found, err
}

// errRedeclared says that the resource changed while the pass looked.
var errRedeclared = errors.New("the resource was declared anew")

// checkDeclared makes sure that what is about to be written is still what is
// declared: a look may have waited long for its turn, and whoever switched the
// resource to Observe meanwhile does not expect another write.
func (p *pass[T]) checkDeclared(ctx context.Context) error {
	fresh := p.Kind.New()
	err := p.Client.Get(ctx, client.ObjectKeyFromObject(p.object), fresh)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading the declaration of %s again: %w", p.path(), err)
	}
	if err != nil || fresh.GetUID() != p.object.GetUID() || fresh.GetGeneration() != p.object.GetGeneration() ||
		!fresh.GetDeletionTimestamp().IsZero() {
		return errRedeclared
	}
	// Nor does whoever stopped to let the namespace refer to the Marketplace.
	_, err = p.Marketplaces.Connect(ctx, p.object.GetNamespace(), p.spec.MarketplaceRef)
	return err
}

func (p *pass[T]) act(ctx context.Context, external External, action Action, seen Observation, found verdict) (verdict, error) {
	ctx, cancel := settle(ctx)
	defer cancel()
	switch action.Verb {
	case Create:
		after, err := external.Create(ctx)
		if wasRefused(err) {
			if err := p.handBack(ctx); err != nil {
				return found, err
			}
		}
		return p.written(found, after, err, v1alpha1.ReasonCreated, EventCreated, "created %s in OrderCloud")
	case Update:
		after, err := external.Update(ctx, seen.Differences)
		return p.written(found, after, err, v1alpha1.ReasonUpdated, EventUpdated, "wrote the declaration to %s in OrderCloud")
	case Refuse:
		return found, p.notOwned(seen)
	default:
		return found, nil
	}
}

// wasRefused says that a create certainly had no effect. Then nothing is claimed:
// what appears under that ID later is somebody else's.
func wasRefused(err error) bool {
	problem := failure.As(err)
	return problem != nil && problem.Reason != v1alpha1.ReasonUnavailable
}

// written turns the answer to a write into the verdict: the answer is the next
// look.
func (p *pass[T]) written(found verdict, after Observation, err error, reason, event, message string) (verdict, error) {
	if err != nil {
		return found, err
	}
	found.acted, found.now = true, after.Differences
	if !after.InSync() {
		return found, failure.New(v1alpha1.ReasonNotConverging,
			"OrderCloud accepted the write and still shows another %s: it may change or ignore these values; declare what it shows",
			after.Differences).Stall()
	}
	if found.isDrift {
		reason, event, message = v1alpha1.ReasonCorrected, EventDriftCorrected, "put %s in OrderCloud back to what is declared"
	}
	found.wrote = reason
	found.message = p.event(event, "Write", message, p.path())
	return found, nil
}

// isDrift tells a change in OrderCloud from one of the declaration: drift is
// what differs from a state that was known to be in sync, or was drift before.
func (p *pass[T]) isDrift(action Action, seen Observation) bool {
	if seen.InSync() || action.Claim || seen.Redeclared {
		return false
	}
	switch action.Verb {
	case Report:
		return true
	case Refuse:
		return false
	default:
		return p.wasInSync() || p.status.LastDrift != nil && p.status.LastDrift.CorrectedTime == nil
	}
}

// wasInSync says that the latest look at this generation found no difference.
// That is more than Ready tells: a reference that is gone unmakes Ready, and the
// rest is compared all the same.
func (p *pass[T]) wasInSync() bool {
	drifted := meta.FindStatusCondition(p.status.Conditions, v1alpha1.DriftedCondition)
	return drifted != nil && drifted.Status == metav1.ConditionFalse && drifted.ObservedGeneration == p.object.GetGeneration()
}

// describe is what differs now. A missing object is a difference of its ID,
// unless it has yet to be created for the first time.
func (p *pass[T]) describe(seen Observation, isDrift bool) drift.Fields {
	if seen.Exists || !isDrift {
		return seen.Differences
	}
	return drift.Fields{{Name: "ID", Desired: lastElement(p.path()), Observed: drift.Missing}}
}

func (p *pass[T]) notOwned(seen Observation) error {
	differences := seen.Differences.Comparable()
	if PolicyOf(p.spec).Adoption == v1alpha1.AdoptNever {
		return failure.New(v1alpha1.ReasonNotOwned,
			"%s already exists in OrderCloud and adoptionPolicy is Never: delete it there, or allow the adoption", p.path()).Stall()
	}
	return failure.New(v1alpha1.ReasonNotOwned,
		"%s already exists in OrderCloud with another %s (see status.drift): make both equal, or set adoptionPolicy: Always to write over it",
		p.path(), differences).Stall()
}
