// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func at(after time.Duration) metav1.Time { return metav1.NewTime(start.Add(after)) }

func spans(admitted int32, until metav1.Time) []v1alpha1.RecentDeletions {
	return []v1alpha1.RecentDeletions{{Until: until, Admitted: admitted}}
}

func limitsOf(maximum int32, window time.Duration) limits {
	return limits{maximum: maximum, window: window, underWay: v1alpha1.MaxDeletionsUnderWay}
}

// inOne is the record of a Marketplace without tenants.
func inOne(account v1alpha1.DeletionAccount) v1alpha1.Deletions {
	return v1alpha1.Deletions{DeletionAccount: account}
}

// state is what the Marketplace's status holds, and who waits.
type state struct {
	known   v1alpha1.Deletions
	waiting []deletion
}

func manyUnderWay() []string {
	uids := []string{"through"}
	for number := 1; number < v1alpha1.MaxDeletionsUnderWay; number++ {
		uids = append(uids, fmt.Sprint("under-way-", number))
	}
	return uids
}

// The guard's maximum is 3 in an hour. The deletion "through" was let through in each
// state, and those that wait were deleted in the first second.
func states() map[string]state {
	through, early := []string{"through"}, []deletion{{"early", at(0)}, {"through", at(0)}}
	return map[string]state{
		"room for two": {inOne(v1alpha1.DeletionAccount{Recent: spans(1, at(time.Minute)), UnderWay: through}), nil},
		"no room":      {inOne(v1alpha1.DeletionAccount{Recent: spans(3, at(time.Minute)), UnderWay: through}), early},
		"holds": {inOne(v1alpha1.DeletionAccount{
			Recent: spans(3, at(time.Minute)), UnderWay: through, HeldAbove: new(int32(3)), HeldUntil: at(0),
		}), early},
		"held, and nobody is left": {inOne(v1alpha1.DeletionAccount{
			Recent: spans(3, at(time.Minute)), UnderWay: through, HeldAbove: new(int32(3)), HeldUntil: at(0),
		}), nil},
		"holds, by an earlier version": {v1alpha1.Deletions{
			WindowStart: at(0), Admitted: 3, DeletionAccount: v1alpha1.DeletionAccount{UnderWay: through, HeldAbove: new(int32(3))},
		}, nil},
		"counted by an earlier version": {v1alpha1.Deletions{
			WindowStart: at(0), Admitted: 3, DeletionAccount: v1alpha1.DeletionAccount{UnderWay: through},
		}, nil},
		"as many under way as may be": {inOne(v1alpha1.DeletionAccount{UnderWay: manyUnderWay()}), nil},
	}
}

type event struct {
	asks    deletion
	after   time.Duration
	maximum int32
}

func events() map[string]event {
	const soon, later = 2 * time.Minute, 2*time.Hour + 4*time.Minute
	return map[string]event{
		"a new one asks":                             {deletion{"new", at(soon)}, soon, 3},
		"one that was let through asks again":        {deletion{"through", at(0)}, soon, 3},
		"one that was let through, windows later":    {deletion{"through", at(0)}, later, 3},
		"one that waited asks":                       {deletion{"early", at(0)}, soon, 3},
		"one that waited, windows later":             {deletion{"early", at(0)}, later, 3},
		"a new one, windows later":                   {deletion{"new", at(later)}, later, 3},
		"a new one, and the maximum is larger":       {deletion{"new", at(soon)}, soon, 4},
		"one that waited, and the maximum is larger": {deletion{"early", at(0)}, soon, 4},
		"one that waited, and the maximum is lower":  {deletion{"early", at(0)}, later, 1},
	}
}

func TestEachDeletionIsAnsweredByWhatIsKnown(t *testing.T) {
	const (
		fresh, again, muchLater = "a new one asks", "one that was let through asks again", "one that was let through, windows later"
		early, earlyLater       = "one that waited asks", "one that waited, windows later"
		freshLater              = "a new one, windows later"
		freshRaised             = "a new one, and the maximum is larger"
		earlyRaised             = "one that waited, and the maximum is larger"
		earlyLowered            = "one that waited, and the maximum is lower"
	)
	wants := map[string]map[string]answer{
		"room for two": {
			fresh: admitted, again: admitted, muchLater: admitted, early: admitted, earlyLater: admitted,
			freshLater: admitted, freshRaised: admitted, earlyRaised: admitted, earlyLowered: admitted,
		},
		"no room": {
			fresh: held, again: admitted, muchLater: admitted, early: held, earlyLater: admitted,
			freshLater: admitted, freshRaised: admitted, earlyRaised: admitted, earlyLowered: admitted,
		},
		"holds": {
			fresh: held, again: admitted, muchLater: admitted, early: held, earlyLater: held,
			freshLater: held, freshRaised: admitted, earlyRaised: admitted, earlyLowered: held,
		},
		// Who asks was held, as far as its deletionTimestamp tells.
		"held, and nobody is left": {
			fresh: held, again: admitted, muchLater: admitted, early: held, earlyLater: held,
			freshLater: admitted, freshRaised: admitted, earlyRaised: admitted, earlyLowered: held,
		},
		"holds, by an earlier version": {
			fresh: held, again: admitted, muchLater: admitted, early: held, earlyLater: held,
			freshLater: held, freshRaised: admitted, earlyRaised: admitted, earlyLowered: held,
		},
		"counted by an earlier version": {
			fresh: held, again: admitted, muchLater: admitted, early: held, earlyLater: admitted,
			freshLater: admitted, freshRaised: admitted, earlyRaised: admitted, earlyLowered: admitted,
		},
		"as many under way as may be": {
			fresh: queued, again: admitted, muchLater: admitted, early: queued, earlyLater: queued,
			freshLater: queued, freshRaised: queued, earlyRaised: queued, earlyLowered: queued,
		},
	}
	for name, given := range states() {
		for what, happens := range events() {
			t.Run(name+", "+what, func(t *testing.T) {
				want, ok := wants[name][what]
				if !ok {
					t.Fatal("this case is not decided")
				}
				rules := arrangement{owner: "shop", own: limitsOf(happens.maximum, time.Hour), isShared: true}
				seen, now := sight{there: map[string]bool{}}, start.Add(happens.after)
				for _, uid := range given.known.UnderWay {
					seen.there[uid] = true
				}
				for _, waits := range given.waiting {
					seen.waiting = append(seen.waiting, waiter{deletion: waits})
				}
				asks := waiter{deletion: happens.asks}
				next, got := rules.decide(now, given.known, asks, seen)
				if got != want {
					t.Fatalf("got %s, want %s", got, want)
				}
				if alone, could := rules.decideAlone(given.known, asks); could && alone != want {
					t.Errorf("alone: %s", alone)
				}
				// The next that asks for the same is told the same, whoever asks.
				seen.there = map[string]bool{asks.uid: true}
				if _, again := rules.decide(now, next, asks, seen); got != queued && again != want {
					t.Errorf("and then %s", again)
				}
				if next.Admitted != 0 && next.Recent != nil {
					t.Errorf("counted twice: %+v", next)
				}
			})
		}
	}
}

// Of any span as long as the window: the guarantee, whenever they are asked for.
func TestInNoSpanOfTheWindowsLengthAreMoreLetThroughThanTheMaximum(t *testing.T) {
	for _, window := range []time.Duration{time.Second, 1500 * time.Millisecond, 10 * time.Second, time.Minute, 10 * time.Minute, 7 * time.Hour} {
		t.Run(window.String(), func(t *testing.T) {
			bounds := limitsOf(5, window)
			var known v1alpha1.DeletionAccount
			var admissions []time.Time
			now := start
			for number := range 4000 {
				// Steps of changing length, so that they meet the ends of spans in every way.
				now = now.Add(window * time.Duration(1+number%37) / 211)
				asks := deletion{fmt.Sprint(number), metav1.NewTime(now.Truncate(time.Second))}
				next, said := decide(bounds, now, known, asks, standing{})
				if said != admitted {
					continue // and nothing is noted: it is retained meanwhile
				}
				known, admissions = next, append(admissions, now)
				if len(known.Recent) > v1alpha1.MaxRecentDeletions {
					t.Fatalf("%d spans", len(known.Recent))
				}
			}
			if len(admissions) < 20 {
				t.Fatalf("only %d were let through", len(admissions))
			}
			for index := 5; index < len(admissions); index++ {
				if length := admissions[index].Sub(admissions[index-5]); length < window {
					t.Fatalf("6 within %s", length)
				}
			}
		})
	}
}

func TestWhatIsKnownStaysSmall(t *testing.T) {
	var known v1alpha1.DeletionAccount
	now := start
	for number := range 1000 {
		window := time.Duration(1+number%50) * time.Minute // somebody changes it all the time
		now = now.Add(time.Second)
		known, _ = decide(limitsOf(100000, window), now, known, deletion{fmt.Sprint(number), metav1.NewTime(now)}, standing{})
		if len(known.Recent) > v1alpha1.MaxRecentDeletions || len(known.UnderWay) > 1 {
			t.Fatalf("%d spans, %d under way", len(known.Recent), len(known.UnderWay))
		}
	}
	if got := admittedLately(known); got < 60 {
		t.Errorf("only %d of the last minute count", got)
	}
}

func TestWhatIsKnownAfterADecision(t *testing.T) {
	clock := start.Add(90 * time.Second)
	asks := deletion{"new", at(80 * time.Second)}
	for name, test := range map[string]struct {
		known v1alpha1.DeletionAccount
		seen  standing
		want  v1alpha1.DeletionAccount
	}{
		"the first": {want: v1alpha1.DeletionAccount{Recent: spans(1, metav1.NewTime(start.Truncate(3*time.Minute).Add(3*time.Minute))), UnderWay: []string{"new"}}},
		"what is gone is under way no more": {
			known: v1alpha1.DeletionAccount{UnderWay: []string{"gone", "stays"}},
			seen:  standing{there: map[string]bool{"stays": true, "gone": false}},
			want: v1alpha1.DeletionAccount{
				Recent: spans(1, metav1.NewTime(start.Truncate(3*time.Minute).Add(3*time.Minute))), UnderWay: []string{"stays", "new"},
			},
		},
		"all that wait are held with the first": {
			known: v1alpha1.DeletionAccount{Recent: spans(3, at(0))},
			seen:  standing{waiting: []deletion{{"other", at(85 * time.Second)}, {"new", at(80 * time.Second)}}},
			want:  v1alpha1.DeletionAccount{Recent: spans(3, at(0)), HeldAbove: new(int32(3)), HeldUntil: at(85 * time.Second)},
		},
		"a clock that was ahead does not close the guard for good": {
			known: v1alpha1.DeletionAccount{Recent: spans(3, at(1000*time.Hour))},
			want: v1alpha1.DeletionAccount{
				Recent:    spans(3, metav1.NewTime(start.Truncate(3*time.Minute).Add(3*time.Minute))),
				HeldAbove: new(int32(3)), HeldUntil: at(80 * time.Second),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := decide(limitsOf(3, time.Hour), clock, test.known, asks, test.seen)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
