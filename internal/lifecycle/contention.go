// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

const (
	// freeCorrections is how often in a row a drift is put back at once. Somebody
	// who changes a field once more after that does it on purpose, or is a program:
	// another cluster, perhaps, that declares something else.
	freeCorrections = 3
	// shortly is within which time a drift counts as the continuation of one that
	// was corrected.
	shortly = 10 * time.Minute
	// slowest bounds how much more seldom a contended object is put back.
	slowest = 16
)

// patience is how long a drift stands before it is put back after so many
// corrections in a row: not at all at first, then the interval, then ever longer.
func (p *pass[T]) patience(corrections int32) time.Duration {
	if corrections < freeCorrections {
		return 0
	}
	return p.interval * time.Duration(min(slowest, 1<<min(corrections-freeCorrections, 10)))
}

// corrected is how many corrections in a row the present drift undoes.
func (p *pass[T]) corrected(present drift.Fields) int32 {
	last := p.status.LastDrift
	if !p.goesOn(present) {
		return 0
	}
	// A look may come late, and another one in between may have seen peace.
	memory := max(shortly, 2*(p.patience(last.Corrections)+p.interval))
	if last.CorrectedTime != nil && p.Clock.Since(last.CorrectedTime.Time) > memory {
		return 0
	}
	return last.Corrections
}

// goesOn says that the present drift is about a field that drifted last time, too.
func (p *pass[T]) goesOn(present drift.Fields) bool {
	last := p.status.LastDrift
	return last != nil && slices.ContainsFunc(limitNames(present), func(name string) bool { return slices.Contains(last.Fields, name) })
}

// beginAnew lets a new declaration be written at once, though it may take several
// passes: it may be the end of a fight, or what OrderCloud takes as it is.
func (p *pass[T]) beginAnew() {
	last := p.status.LastDrift
	switch {
	case last == nil || p.status.ObservedGeneration == p.object.GetGeneration():
	case p.doesNotConverge():
		// Nobody has changed anything: it was another declaration that OrderCloud changed.
		p.status.LastDrift = nil
	default:
		last.Corrections = 0
	}
}

// doesNotConverge says that what differs is what OrderCloud itself made of the latest write.
func (p *pass[T]) doesNotConverge() bool {
	drifted := meta.FindStatusCondition(p.status.Conditions, v1alpha1.DriftedCondition)
	return drifted != nil && drifted.Reason == v1alpha1.ReasonNotConverging
}

// standsFor says that somebody undoes the corrections, be it OrderCloud itself, and that it
// is not yet time for one more.
func (p *pass[T]) standsFor(present drift.Fields) *failure.Failure {
	since := p.Clock.Now()
	if last := p.status.LastDrift; last != nil && last.CorrectedTime == nil {
		since = last.DetectedTime.Time
	}
	switch {
	case p.Clock.Since(since) >= p.patience(p.corrected(present)):
		return nil
	case p.doesNotConverge():
		return notConverging(present)
	default:
		return p.contended(present)
	}
}

func notConverging(present drift.Fields) *failure.Failure {
	return failure.New(v1alpha1.ReasonNotConverging,
		"OrderCloud accepted the write and still shows another %s: it may change or ignore these values; declare what it shows; the operator writes them ever more seldom",
		present).Stall()
}

func (p *pass[T]) contended(present drift.Fields) *failure.Failure {
	if isMissing(present) {
		return failure.New(v1alpha1.ReasonContended,
			"somebody keeps deleting %s: find out who, such as another cluster or a script, and end it there, or delete this resource; the operator creates it again ever more seldom",
			p.path()).Stall()
	}
	return failure.New(v1alpha1.ReasonContended,
		"somebody keeps changing %s of %s back: find out who, such as another cluster or a script, and end it there, or declare what it writes; the operator puts it back ever more seldom",
		present, p.path()).Stall()
}
