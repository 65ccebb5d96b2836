// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/fence"
	"github.com/ordercloud-operator/ordercloud-operator/internal/look"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// maxLooks bounds how often one pass looks again because somebody else created
// or deleted the object between its look and its write.
const maxLooks = 3

// converge looks, plans, claims and makes at most one write that takes effect.
// The verdict is also valid beside a *failure.Failure.
func (p *pass[T]) converge(ctx context.Context) (verdict, error) {
	p.beginAnew()
	if err := p.Kind.Check(p.object); err != nil {
		return verdict{}, err
	}
	connection, err := p.connect(ctx)
	if err != nil {
		return verdict{}, err
	}
	external := p.Kind.Bind(p.object, connection)
	unresolved, err := p.resolve(ctx, external)
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
	if unresolved != nil {
		return verdict{}, unresolved
	}
	for attempt := range maxLooks {
		found, err := p.round(looking(ctx, attempt), external)
		if _, stopped := errors.AsType[*fence.StoppedError](err); stopped {
			// What was decided does not stand any more, and so neither does what it came from.
			return verdict{}, err
		}
		// Another look shows what has become of the object, and the claim tells whose it
		// is by then.
		if !errors.Is(err, ErrExists) && !errors.Is(err, ErrGone) {
			return found, err
		}
	}
	return verdict{}, failure.New(v1alpha1.ReasonUnavailable,
		"%s keeps appearing and vanishing in OrderCloud; the operator tries again by itself", p.path())
}

// looking again asks for the very object: a list has told something else than OrderCloud's
// answer to the write.
func looking(ctx context.Context, attempt int) context.Context {
	if attempt == 0 {
		return ctx
	}
	return look.Alone(ctx)
}

// round is one look and what follows from it.
func (p *pass[T]) round(ctx context.Context, external External) (verdict, error) {
	policy := PolicyOf(p.spec)
	seen, err := p.observe(ctx, external)
	if err != nil {
		return verdict{}, err
	}
	if policy.Management == v1alpha1.ManagementEnforce {
		p.state = p.state.After(p.whatIsSeen(seen))
	}
	if err := p.mayTake(seen); err != nil {
		return verdict{}, err
	}
	action := Plan(policy, p.claimed(), seen)
	isDrift := p.isDrift(action, seen)
	found := verdict{looked: true, isDrift: isDrift, now: p.describe(seen, isDrift)}
	found.drifted = found.now
	if isDrift {
		p.eventDriftDetected(found.now)
		if waits := p.standsFor(found.now); waits != nil {
			return found, waits
		}
	}
	if err := p.takePossession(ctx, action, external); err != nil {
		return found, err
	}
	found.adopted = action.Adopts()
	found, err = p.act(ctx, external, action, seen, found)
	if err == nil && seen.Unresolved != nil {
		found.comparedRest = true
		return found, seen.Unresolved
	}
	return found, err
}

// observe looks at the object. A pass that only compares may find it in a list that was asked
// for a moment ago; a difference in there may be over. And that a list leaves out what was
// there is not believed without asking for the very object: it would be created again, or
// reported as missing.
func (p *pass[T]) observe(ctx context.Context, external External) (Observation, error) {
	comparing, recall := ctx, (*look.Recall)(nil)
	if !p.isAwaited() {
		comparing, recall = look.Recalling(ctx, p.interval/4)
	}
	seen, err := external.Observe(comparing)
	switch {
	case err != nil, seen.InSync():
		return seen, err
	case !seen.Exists && (p.state.Claims() || p.wasInSync()):
		return external.Observe(look.Alone(ctx))
	case recall != nil && recall.WasUsed():
		return external.Observe(ctx)
	default:
		return seen, nil
	}
}

// whatIsSeen is what a look means to the claim.
func (p *pass[T]) whatIsSeen(seen Observation) claim.Event {
	switch {
	case !seen.Exists:
		return claim.Missed
	case seen.Digest != "" && seen.Digest == p.sent:
		return claim.SawSent
	default:
		return claim.SawOther
	}
}

// takePossession records, before anything is written to OrderCloud, what the action makes
// the resource's own.
func (p *pass[T]) takePossession(ctx context.Context, action Action, external External) error {
	switch {
	case action.Verb == Create:
		return p.intend(ctx, external.Digest())
	case action.Adopts():
		if err := p.adopt(ctx); err != nil {
			return err
		}
		log.FromContext(ctx).Info("Adopted in OrderCloud", "path", p.path())
		p.event(EventAdopted, "Adopt", "adopted %s, which existed in OrderCloud", p.path())
		return nil
	case p.claimed():
		return p.ensureFinalizer(ctx)
	default:
		return nil
	}
}

func (p *pass[T]) act(ctx context.Context, external External, action Action, seen Observation, found verdict) (verdict, error) {
	ctx, cancel := settle(fence.WithCheck(p.marked(ctx, action.Verb, found.isDrift, seen.Differences), p.stillStands))
	defer cancel()
	switch action.Verb {
	case Create:
		after, err := external.Create(ctx)
		p.state = p.state.After(effectOf(err))
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

// effectOf is what the answer to a create means to the claim.
func effectOf(err error) claim.Event {
	switch {
	case err == nil:
		return claim.Answered
	case ordercloud.HadNoEffect(err):
		return claim.Refused
	default:
		return claim.Unanswered
	}
}

// written turns the answer to a write into the verdict: the answer is the next
// look.
func (p *pass[T]) written(found verdict, after Observation, err error, reason, event, message string) (verdict, error) {
	if err != nil {
		return found, err
	}
	found.acted, found.now = true, after.Differences
	if !after.InSync() {
		return found, notConverging(after.Differences)
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
	return IsAsDeclared(p.object)
}

// IsAsDeclared says that the latest look at what is declared now showed just that.
func IsAsDeclared(object Object) bool {
	_, status := object.Managed()
	return WasCompared(object) && meta.IsStatusConditionFalse(status.Conditions, v1alpha1.DriftedCondition)
}

// WasCompared says that what is declared now was compared with what OrderCloud holds. To be
// deleted makes one more generation, and no other declaration.
func WasCompared(object Object) bool {
	_, status := object.Managed()
	generation := object.GetGeneration()
	if !object.GetDeletionTimestamp().IsZero() {
		generation--
	}
	drifted := meta.FindStatusCondition(status.Conditions, v1alpha1.DriftedCondition)
	return drifted != nil && drifted.ObservedGeneration >= generation
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
