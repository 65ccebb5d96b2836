// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
)

var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func unavailable() *failure.Failure { return failure.New("Unavailable", "out of reach") }
func rateLimited(after time.Duration) *failure.Failure {
	problem := failure.New("RateLimited", "slow down")
	problem.After = after
	return problem
}

func asking(problem *failure.Failure, after time.Duration) *failure.Failure {
	problem.After = after
	return problem
}

// heldBack is what a request comes to while the breaker is open.
func heldBack(after time.Duration) *failure.Failure {
	problem := unavailable().By(&ordercloud.Error{Answer: answer.Of(nil, &limiter.OpenError{After: after})})
	problem.After = after
	return problem
}

func taken() *failure.Failure { return failure.New("UsernameTaken", "no").Again(failure.WhenFree) }

// waits lets attempts fail when they are due, and tells how long each waits.
func waits(what schedule.Outcome, attempts int, chance float64) []time.Duration {
	var known schedule.Attempts
	var list []time.Duration
	now := start
	for range attempts {
		known = schedule.After(what, known, now, chance)
		list = append(list, known.Due.Sub(now))
		now = known.Due
	}
	return list
}

func seconds(list ...float64) []time.Duration {
	var durations []time.Duration
	for _, second := range list {
		durations = append(durations, time.Duration(second*float64(time.Second)))
	}
	return durations
}

func TestWhatHappenedAndHowOftenDecideTheWait(t *testing.T) {
	const interval = 10 * time.Minute
	for name, test := range map[string]struct {
		problem *failure.Failure
		change  func(*schedule.Outcome)
		longest []time.Duration
	}{
		"nothing is wrong":                     {problem: nil, longest: seconds(600, 600)},
		"only a person helps":                  {problem: failure.New("Rejected", "no").Stall(), longest: seconds(600, 600)},
		"a person may help any time":           {problem: failure.New("AccessDenied", "no").Again(failure.UpToAMinute), longest: seconds(6, 11, 21, 41, 61, 61)},
		"something that is missing":            {problem: failure.New("ReferenceNotFound", "no"), longest: seconds(1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300)},
		"OrderCloud fails":                     {problem: unavailable(), longest: seconds(1, 2, 4, 8, 16, 20, 20)},
		"it asks to slow down":                 {problem: rateLimited(40 * time.Second), longest: seconds(50, 50, 50)},
		"it asks to slow down, for how long":   {problem: rateLimited(0), longest: seconds(1, 2, 4)},
		"it asks to slow down for a day":       {problem: rateLimited(24 * time.Hour), longest: seconds(320, 320)},
		"it asks to slow down for ever":        {problem: rateLimited(math.MaxInt64), longest: seconds(320)},
		"it asks to come back yesterday":       {problem: rateLimited(-24 * time.Hour), longest: seconds(1, 2)},
		"it fails, and says for how long":      {problem: asking(unavailable(), 30*time.Second), longest: seconds(30, 30)},
		"it fails, and says for a day":         {problem: asking(unavailable(), 24*time.Hour), longest: seconds(300, 300)},
		"nothing is sent, and somebody waits":  {problem: heldBack(9 * time.Second), change: awaited, longest: seconds(9, 9, 9, 9, 16, 20, 20)},
		"nothing is sent, and nobody waits":    {problem: heldBack(9 * time.Second), longest: seconds(9, 9, 9, 9, 16, 32, 64, 128, 256, 300)},
		"nothing is sent, and it asks for all": {problem: heldBack(9 * time.Second), change: probes, longest: seconds(9, 9, 9, 9, 9, 9)},
		"taken":                                {problem: taken(), longest: seconds(1, 2, 4, 5, 5)},
		"taken for a minute":                   {problem: taken().Stall().Again(failure.WhenFree), longest: seconds(6, 11, 21, 41, 61, 61)},
	} {
		t.Run(name, func(t *testing.T) {
			what := schedule.Outcome{Problem: test.problem, Regular: interval, Interval: interval}
			if test.change != nil {
				test.change(&what)
			}
			got := waits(what, len(test.longest), 1)
			if diff := cmp.Diff(test.longest, got); diff != "" {
				t.Errorf("waits (-want +got)\n%s", diff)
			}
			for index, shortest := range waits(what, len(test.longest), 0) {
				if shortest < got[index]/2 || shortest > got[index] {
					t.Errorf("wait %d may be as short as %s of %s", index+1, shortest, got[index])
				}
			}
		})
	}
}

func awaited(what *schedule.Outcome) { what.Awaited = true }
func probes(what *schedule.Outcome)  { what.Probes = true }

func TestOnlyAnOutageWaitsLongerThanTheInterval(t *testing.T) {
	const interval = 3 * time.Second
	for name, test := range map[string]struct {
		problem *failure.Failure
		last    time.Duration
	}{
		"an outage":                     {unavailable(), schedule.LastOutageRetry},
		"an outage of which it is told": {heldBack(time.Second), schedule.LastOutageRetry},
		"a reference that is gone":      {failure.New("ReferenceNotFound", "no"), interval},
		"what is taken":                 {taken(), interval},
		"once a minute":                 {failure.New("AccessDenied", "no").Again(failure.UpToAMinute), interval},
	} {
		t.Run(name, func(t *testing.T) {
			got := waits(schedule.Outcome{Problem: test.problem, Regular: interval, Interval: interval}, 12, 1)
			if got[11] != test.last {
				t.Errorf("waits up to %s, want %s", got[11], test.last)
			}
		})
	}
}

func TestAnAttemptThatWasWokenEarlyDoesNotLengthenTheWait(t *testing.T) {
	what := schedule.Outcome{Problem: failure.New("ReferenceNotFound", "no"), Regular: time.Hour}
	known := schedule.Attempts{}
	now := start
	for range 4 {
		known = schedule.After(what, known, now, 1)
		now = known.Due
	}
	due := schedule.After(what, known, now, 1)
	for range 100 {
		now = now.Add(100 * time.Millisecond)
		early := schedule.After(what, due, now, 1)
		if early.Count != due.Count || !early.Due.Equal(due.Due) {
			t.Fatalf("woken at %s: attempt %d, due at %s; it was %d and %s", now, early.Count, early.Due, due.Count, due.Due)
		}
	}
	if next := schedule.After(what, due, due.Due, 1); next.Count != due.Count+1 {
		t.Errorf("when it is due it is attempt %d, want %d", next.Count, due.Count+1)
	}
}

func TestAnEarlyAttemptIsPutOffOnlyByWhatOrderCloudAsksFor(t *testing.T) {
	known := schedule.After(schedule.Outcome{Problem: unavailable()}, schedule.Attempts{}, start, 1)
	now := start.Add(100 * time.Millisecond)
	asked := schedule.After(schedule.Outcome{Problem: rateLimited(time.Minute)}, known, now, 1)
	if got := asked.Due.Sub(now); got != time.Minute {
		t.Errorf("waits %s", got)
	}
}

func TestAnotherStoryBeginsWithTheFirstWait(t *testing.T) {
	before := schedule.Outcome{Problem: unavailable(), Generation: 1}
	for name, now := range map[string]schedule.Outcome{
		"another declaration":      {Problem: unavailable(), Generation: 2},
		"OrderCloud answers again": {Problem: failure.New("InUse", "no"), Generation: 1, Regular: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			var known schedule.Attempts
			at := start
			for range 6 {
				known = schedule.After(before, known, at, 1)
				at = known.Due
			}
			next := schedule.After(now, known, at, 1)
			if next.Count != 1 || next.Due.Sub(at) != schedule.FirstRetry || !next.Since.Equal(at) {
				t.Errorf("attempt %d since %s waits %s", next.Count, next.Since, next.Due.Sub(at))
			}
		})
	}
}

func TestTheNearerTheEndTheSoonerTheNextAttempt(t *testing.T) {
	for name, test := range map[string]struct {
		problem *failure.Failure
		left    time.Duration
		want    time.Duration
	}{
		"nothing is wrong":            {nil, 5 * time.Minute, 5 * time.Minute},
		"far from it":                 {asking(unavailable(), 30*time.Second), time.Hour, 30 * time.Second},
		"near it":                     {failure.New("ReferenceNotFound", "no"), 2 * time.Second, time.Second},
		"it is asked for more":        {asking(unavailable(), 30*time.Second), 55 * time.Second, 30 * time.Second},
		"it is asked for too much":    {asking(unavailable(), 2*time.Minute), 55 * time.Second, 55 * time.Second},
		"only a person helps till it": {failure.New("Rejected", "no").Stall(), 55 * time.Second, 55 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			what := schedule.Outcome{Problem: test.problem, Regular: 10 * time.Minute, Left: test.left}
			if got := waits(what, 1, 1)[0]; got != test.want {
				t.Errorf("waits %s, want %s", got, test.want)
			}
		})
	}
}

func TestEachObjectHasItsOwnAttempts(t *testing.T) {
	var memory schedule.Memory
	first, other := requestFor("first"), requestFor("other")
	now, what := start, schedule.Outcome{Problem: failure.New("ReferenceNotFound", "no"), Regular: time.Hour}
	for range 8 {
		now = now.Add(memory.Next(first, what, now))
	}
	if since := memory.Since(first, what, now); !since.Equal(start) {
		t.Errorf("fails since %s, want %s", since, start)
	}
	if wait := memory.Next(other, what, now); wait > schedule.FirstRetry {
		t.Errorf("an object waits %s for the failures of another", wait)
	}
	for name, forget := range map[string]func(){
		"success":  func() { memory.Next(first, schedule.Outcome{Regular: time.Hour}, now) },
		"deletion": func() { memory.Forget(first) },
	} {
		forget()
		if wait := memory.Next(first, what, now); wait > schedule.FirstRetry {
			t.Errorf("after a %s it waits %s", name, wait)
		}
	}
}

func TestErrorsOfAnObjectWaitEverLonger(t *testing.T) {
	for range 50 { // the jitter is random
		queue := &schedule.Queue{}
		request := requestFor("first")
		for errors, wait := range seconds(1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300) {
			if got := queue.When(request); got < wait/2 || got > wait {
				t.Fatalf("after %d errors: %s, want %s to %s", errors, got, wait/2, wait)
			}
		}
		for range 1000 {
			queue.When(request)
		}
		if got := queue.When(request); got < schedule.LastRetry/2 || got > schedule.LastRetry || queue.NumRequeues(request) != 1012 {
			t.Fatalf("after %d errors: %s", queue.NumRequeues(request), got)
		}
		if got := queue.When(requestFor("other")); got > schedule.FirstRetry {
			t.Fatalf("an object waits %s for the errors of another", got)
		}
		queue.Forget(request)
		if got := queue.When(request); got > schedule.FirstRetry {
			t.Fatalf("after a success: %s", got)
		}
	}
}

func requestFor(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: name}}
}
