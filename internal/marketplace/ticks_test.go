// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

var shop = types.NamespacedName{Namespace: "shop", Name: "default"}

func anyMoment() time.Time {
	return time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC).Add(rand.N(1000 * time.Hour))
}

func TestObjectsOfOneMarketplaceFallDueTogether(t *testing.T) {
	ticks := TicksOf(shop, 10*time.Minute)
	began := anyMoment()
	due := began.Add(ticks.Next(began, 10*time.Minute, ""))
	for range 100 {
		now := began.Add(rand.N(9 * time.Minute))
		if !now.Before(due.Add(-10 * time.Second)) {
			continue
		}
		if got := now.Add(ticks.Next(now, 10*time.Minute, "")); !got.Equal(due) {
			t.Fatalf("at %s due at %s, want %s", now, got, due)
		}
	}
}

func TestEveryObjectIsComparedAtLeastAsOftenAsItsInterval(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, 7 * time.Second, time.Minute, 10 * time.Minute, 24 * time.Hour} {
		ticks := TicksOf(shop, 10*time.Minute)
		now := anyMoment()
		for range 200 {
			wait := ticks.Next(now, interval, fmt.Sprint("buyers/", rand.N(100)))
			if wait <= 0 || wait > interval {
				t.Fatalf("interval %s: next look in %s", interval, wait)
			}
			now = now.Add(wait + rand.N(interval/50)) // a pass takes its time
		}
	}
}

func TestOneTickIsNotTwoWhenTheClockIsSetBackALittle(t *testing.T) {
	ticks := TicksOf(shop, 10*time.Minute)
	now := anyMoment()
	tick := now.Add(ticks.Next(now, 10*time.Minute, ""))
	if again := ticks.Next(tick.Add(-time.Millisecond), 10*time.Minute, ""); again < 9*time.Minute {
		t.Errorf("the next look is in %s", again)
	}
}

func TestAShorterIntervalMeetsTheTicksOfItsMultiples(t *testing.T) {
	ticks := TicksOf(shop, 10*time.Minute)
	now := anyMoment()
	long := now.Add(ticks.Next(now, 10*time.Minute, ""))
	// Half a short period before the long tick, the short one is due at it, too.
	if short := ticks.Next(long.Add(-20*time.Second), time.Minute, ""); short.Round(time.Millisecond) != 20*time.Second {
		t.Errorf("due in %s", short)
	}
}

func TestTheObjectsOfAListComeTogether(t *testing.T) {
	ticks := TicksOf(shop, 10*time.Minute)
	now := anyMoment()
	first := ticks.Next(now, 10*time.Minute, "buyers/acme/users")
	places := map[time.Duration]bool{}
	for number := range 50 {
		list := fmt.Sprint("buyers/", number, "/users")
		due := ticks.Next(now, 10*time.Minute, list)
		if due != ticks.Next(now, 10*time.Minute, list) {
			t.Fatalf("two objects of %s are not due together", list)
		}
		if (due - first).Abs() > 200*time.Millisecond {
			t.Errorf("%s is due %s apart", list, due-first)
		}
		places[due] = true
	}
	if len(places) < 40 {
		t.Errorf("50 lists have %d places", len(places))
	}
}

func TestMarketplacesAreNotSweptAtTheSameTime(t *testing.T) {
	const marketplaces = 1000
	now := anyMoment()
	perMinute := map[int]int{}
	for number := range marketplaces {
		ticks := TicksOf(types.NamespacedName{Namespace: "shop", Name: fmt.Sprint("marketplace-", number)}, 10*time.Minute)
		perMinute[int(ticks.Next(now, 10*time.Minute, "").Minutes())]++
	}
	for minute, count := range perMinute {
		if count > marketplaces/5 {
			t.Errorf("%d of %d marketplaces fall due in minute %d", count, marketplaces, minute)
		}
	}
}
