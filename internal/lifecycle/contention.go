// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"time"

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
	if last == nil || !slices.ContainsFunc(limitNames(present), func(name string) bool { return slices.Contains(last.Fields, name) }) {
		return 0
	}
	if last.CorrectedTime == nil {
		return last.Corrections
	}
	memory := max(shortly, 2*p.patience(last.Corrections)+p.interval)
	if p.Clock.Since(last.CorrectedTime.Time) > memory {
		return 0
	}
	return last.Corrections
}

// contended says that somebody keeps changing the object back, and that it is not
// yet time to try once more. A new declaration is written all the same: it may be
// the end of the fight.
func (p *pass[T]) contended(present drift.Fields) *failure.Failure {
	if p.status.ObservedGeneration != p.object.GetGeneration() {
		return nil
	}
	since := p.Clock.Now()
	if last := p.status.LastDrift; last != nil && last.CorrectedTime == nil {
		since = last.DetectedTime.Time
	}
	if p.Clock.Since(since) >= p.patience(p.corrected(present)) {
		return nil
	}
	return failure.New(v1alpha1.ReasonContended,
		"somebody keeps changing %s of %s back: find out who, such as another cluster or a script, and end it there, or declare what it writes; the operator puts it back ever more seldom",
		present, p.path()).Stall()
}
