// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken

import (
	"hash/fnv"
	"math/rand/v2"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
)

// defaultRefreshBefore is the default of spec.refreshBefore.
const defaultRefreshBefore = 10 * time.Minute

// refreshTime is when the token in the Secret is replaced: refreshBefore ahead of its
// end and up to a tenth of that earlier, the same for the same token, so that tokens
// that were issued together are not all replaced together. A token is used for at
// least half of its life.
func (p *pass) refreshTime() time.Time {
	token := p.kept.token
	before := defaultRefreshBefore
	if declared := p.object.Spec.RefreshBefore; declared != nil && declared.Duration > 0 {
		before = declared.Duration
	}
	before += time.Duration(float64(before/10) * fraction(token.Access.Reveal()))
	return token.expiry.Add(-min(before, token.expiry.Sub(token.issued)/2))
}

// fraction is between 0 and 1, the same for the same text.
func fraction(text string) float64 {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(text)) // never fails
	return float64(hash.Sum32()) / (1 << 32)
}

// next says when to look again.
func (p *pass) next(problem *failure.Failure) ctrl.Result {
	what := schedule.Outcome{
		Problem: problem, Generation: p.object.Generation, Interval: p.interval, Regular: p.interval, Awaited: true,
	}
	if problem == nil {
		what.Regular = p.untilProof()
	}
	if token := p.kept.token; token != nil {
		what.Left = max(p.until(token.expiry), time.Millisecond)
		what.Awaited = !p.isGood()
		if problem == nil {
			what.Regular = min(what.Regular, p.until(p.refreshTime()))
		}
	}
	result := ctrl.Result{RequeueAfter: p.Attempts.Next(ctrl.Request{NamespacedName: p.key()}, what, p.Clock.Now())}
	if problem == nil {
		result.Priority = new(handler.LowPriority)
	}
	return result
}

// untilProof is when the token in the Secret is looked at again.
func (p *pass) untilProof() time.Duration {
	known, _ := p.proofs.Load(p.key())
	if last, ok := known.(proof); ok {
		return p.until(last.due)
	}
	return p.interval
}

func (p *pass) until(moment time.Time) time.Duration { return moment.Sub(p.Clock.Now()) }

// early is 90 to 100 % of an interval, so that tokens are not all looked at in the
// same moment.
func early(interval time.Duration) time.Duration {
	return interval - rand.N(interval/10+1) //nolint:gosec // jitter needs no secret randomness
}

// spread is any part of an interval.
func spread(interval time.Duration) time.Duration {
	return rand.N(interval + 1) //nolint:gosec // jitter needs no secret randomness
}
