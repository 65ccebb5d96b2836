// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// answer is what the guard says to a deletion.
type answer string

const (
	// admitted lets the deletion through, now and for as long as the object exists.
	admitted answer = "admitted"
	// held lets the deletion wait for a person.
	held answer = "held"
	// queued lets the deletion wait for others, because too many are under way.
	queued answer = "queued"
)

// deletion is an object that is being deleted.
type deletion struct {
	uid string
	// asked is its deletionTimestamp: the API server's clock, of which all replicas see
	// the same.
	asked metav1.Time
}

// standing is how the objects of an account are.
type standing struct {
	// there are those that are under way and whose deletion is not done yet.
	there map[string]bool
	// waiting are those whose deletion takes the guard's leave.
	waiting []deletion
}

// decide answers one deletion of an account, and says what is known from then on. It is a
// pure function of what the Marketplace's status holds and of how its objects are: no
// condition has a part in it, and nothing that a restart forgets.
//
// Once a deletion is held all further ones are, and time releases none: a bad prune must
// not take effect by and by. A larger maximum does, and so does that nothing is held any
// more.
func decide(given limits, now time.Time, known v1alpha1.DeletionAccount, asks deletion, seen standing) (v1alpha1.DeletionAccount, answer) {
	if slices.Contains(known.UnderWay, asks.uid) {
		return known, admitted
	}
	next := upToDate(known, given.window, now)
	next.UnderWay = slices.DeleteFunc(slices.Clone(next.UnderWay), func(uid string) bool { return !seen.there[uid] })
	waiting := append(waitingIn(known, seen), asks)
	if next.HeldAbove != nil && !isClosed(given, next, waiting) {
		next.HeldAbove, next.HeldUntil = nil, metav1.Time{}
	}
	if next.HeldAbove == nil && admittedLately(next) >= given.maximum {
		next.HeldAbove = new(given.maximum)
	}
	if next.HeldAbove != nil {
		return hold(known, next, waiting), held
	}
	if len(next.UnderWay) >= given.underWay {
		return known, queued
	}
	next.Recent = noteAdmission(next.Recent, until(now, given.window))
	next.UnderWay = append(next.UnderWay, asks.uid)
	return next, admitted
}

// decideAlone answers a deletion that no other object has a part in: one that was let
// through, or that is among those that are held. It says whether it could.
func decideAlone(given limits, known v1alpha1.DeletionAccount, asks deletion) (answer, bool) {
	if slices.Contains(known.UnderWay, asks.uid) {
		return admitted, true
	}
	isHeld := !known.HeldUntil.IsZero() && isClosed(given, known, []deletion{asks})
	return held, isHeld
}

// heldOf lists those of the waiting that are held.
func heldOf(given limits, known v1alpha1.DeletionAccount, seen standing) []deletion {
	waiting := waitingIn(known, seen)
	if !isClosed(given, known, waiting) {
		return nil
	}
	return waiting
}

// isClosed says that a deletion is held among those that wait, and holds the others.
func isClosed(given limits, known v1alpha1.DeletionAccount, waiting []deletion) bool {
	if known.HeldAbove == nil || given.maximum == 0 || given.maximum > *known.HeldAbove {
		return false
	}
	return slices.ContainsFunc(waiting, func(other deletion) bool { return isAmongHeld(known, other) })
}

// isAmongHeld says of one that waits that it was there when the account held. An earlier
// version of the operator did not write down until when it did.
func isAmongHeld(known v1alpha1.DeletionAccount, waits deletion) bool {
	return known.HeldAbove != nil && (known.HeldUntil.IsZero() || !waits.asked.After(known.HeldUntil.Time))
}

// hold notes who is held. Nothing is to be written as long as that is the same.
func hold(known, next v1alpha1.DeletionAccount, waiting []deletion) v1alpha1.DeletionAccount {
	for _, other := range waiting {
		if other.asked.After(next.HeldUntil.Time) {
			next.HeldUntil = other.asked
		}
	}
	if known.HeldAbove != nil && *known.HeldAbove == *next.HeldAbove && known.HeldUntil.Equal(&next.HeldUntil) {
		return known
	}
	return next
}

// waitingIn lists those that wait and were not let through.
func waitingIn(known v1alpha1.DeletionAccount, seen standing) []deletion {
	underWay := make(map[string]bool, len(known.UnderWay))
	for _, uid := range known.UnderWay {
		underWay[uid] = true
	}
	return slices.DeleteFunc(slices.Clone(seen.waiting), func(other deletion) bool { return underWay[other.uid] })
}

// spansOfWindow is into how many spans a window is divided. A deletion counts for the
// window and the rest of its span, so for a twentieth longer than the window at most.
const spansOfWindow = 20

// until is when the span ends that now is in. Status has whole seconds.
func until(now time.Time, window time.Duration) metav1.Time {
	span := max((window / spansOfWindow).Truncate(time.Second), time.Second)
	return metav1.NewTime(now.Truncate(span).Add(span))
}

// upToDate is an account without what does not count any more.
func upToDate(known v1alpha1.DeletionAccount, window time.Duration, now time.Time) v1alpha1.DeletionAccount {
	latest := until(now, window)
	recent := slices.Clone(known.Recent)
	known.Recent = nil
	slices.SortStableFunc(recent, func(one, other v1alpha1.RecentDeletions) int { return one.Until.Compare(other.Until.Time) })
	for _, span := range recent {
		if !now.Before(span.Until.Add(window)) {
			continue
		}
		if span.Until.After(latest.Time) {
			span.Until = latest // the clock was ahead
		}
		known.Recent = noteAdmissions(known.Recent, span)
	}
	return known
}

func noteAdmission(recent []v1alpha1.RecentDeletions, until metav1.Time) []v1alpha1.RecentDeletions {
	return noteAdmissions(recent, v1alpha1.RecentDeletions{Until: until, Admitted: 1})
}

// noteAdmissions adds those of a span to the spans before it. Of too many the two oldest
// become one, which counts for as long as the later of them.
func noteAdmissions(recent []v1alpha1.RecentDeletions, span v1alpha1.RecentDeletions) []v1alpha1.RecentDeletions {
	if last := len(recent) - 1; last >= 0 && recent[last].Until.Equal(&span.Until) {
		recent[last].Admitted += span.Admitted
		return recent
	}
	recent = append(recent, span)
	if len(recent) > v1alpha1.MaxRecentDeletions {
		recent[1].Admitted += recent[0].Admitted
		recent = recent[1:]
	}
	return recent
}

func admittedLately(known v1alpha1.DeletionAccount) int32 {
	var count int32
	for _, span := range known.Recent {
		count += span.Admitted
	}
	return count
}
