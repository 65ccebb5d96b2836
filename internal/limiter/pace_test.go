// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

var tooMany = status(http.StatusTooManyRequests)

// expectRate compares requests per second.
func (c *connection) expectRate(want float64) {
	c.t.Helper()
	c.limiter.mutex.Lock()
	defer c.limiter.mutex.Unlock()
	if got := c.limiter.pace.current; math.Abs(got-want) > 1e-6 {
		c.t.Errorf("%v requests a second, want %v", got, want)
	}
}

// throttle sends a request that is answered 429, and waits for the end of the pause.
func (c *connection) throttle(times int) {
	c.t.Helper()
	c.answers(tooMany)
	for range times {
		c.sendMany(1)
		time.Sleep(defaultPause)
	}
	c.answers(status(http.StatusOK))
}

func TestAfterA429TheRateIsWhatWasBorneAndNothingIsSentAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 1000, Concurrency: 8}, Observer{})
		c.sendMany(5)
		begun := time.Now()
		c.answers(tooMany)
		c.sendMany(1)
		c.expectRate(5)
		var sent []time.Duration
		for range 4 {
			// Unused permits show what is granted without success to recover by.
			permit, err := c.limiter.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, time.Since(begun))
			permit.Release()
		}
		pause := time.Second
		want := []time.Duration{pause, pause + 200*time.Millisecond, pause + 400*time.Millisecond, pause + 600*time.Millisecond}
		if !slices.Equal(sent, want) {
			t.Errorf("sent after %v, want %v", sent, want)
		}
	})
}

func TestA429PausesForAsLongAsItAsks(t *testing.T) {
	for name, test := range map[string]struct {
		headers []string
		want    time.Duration
	}{
		"seconds":                     {[]string{"Retry-After", "7"}, 7 * time.Second},
		"an hour":                     {[]string{"Retry-After", "3600"}, 5 * time.Minute},
		"a number beyond all bounds":  {[]string{"Retry-After", "99999999999999999999"}, 5 * time.Minute},
		"a date":                      {[]string{"Retry-After", "Sat, 01 Jan 2000 00:00:30 GMT"}, 30 * time.Second},
		"a date by the reply's clock": {[]string{"Retry-After", "Sun, 06 Nov 1994 08:49:57 GMT", "Date", "Sun, 06 Nov 1994 08:49:37 GMT"}, 20 * time.Second},
		"a date far ahead":            {[]string{"Retry-After", "Sun, 01 Jan 2040 00:00:00 GMT"}, 5 * time.Minute},
		"a date in the past":          {[]string{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"}, time.Second},
		"no time at all":              {[]string{"Retry-After", "0"}, time.Second},
		"a negative number":           {[]string{"Retry-After", "-5"}, time.Second},
		"nonsense":                    {[]string{"Retry-After", "soon"}, time.Second},
		"nothing":                     {nil, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConnection(t, roomy, Observer{})
				begun := time.Now()
				c.answers(status(http.StatusTooManyRequests, test.headers...))
				c.sendMany(1)
				c.expectClosed()
				if got := time.Since(begun); got != test.want {
					t.Errorf("paused for %s, want %s", got, test.want)
				}
			})
		})
	}
}

func TestAShorterPauseDoesNotEndALongerOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		begun := time.Now()
		finish := c.start(t.Context())
		c.answers(status(http.StatusTooManyRequests, "Retry-After", "60"))
		c.sendMany(1)
		_ = finish(tooMany)
		c.expectClosed()
		if got := time.Since(begun); got != time.Minute {
			t.Errorf("paused for %s", got)
		}
	})
}

func TestRequestsThatWereUnderWayTogetherLowerTheRateOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 16, Concurrency: 8}, Observer{})
		c.sendMany(4)
		first, second, third := c.start(t.Context()), c.start(t.Context()), c.start(t.Context())
		_ = first(tooMany)
		c.expectRate(4)
		time.Sleep(time.Minute)
		_ = second(tooMany)
		c.expectRate(4)
		time.Sleep(time.Minute)
		c.throttle(1) // granted at the new rate, and nothing was answered in the last second
		c.expectRate(1)
		time.Sleep(time.Minute)
		_ = third(status(http.StatusOK)) // granted at the first
		c.expectRate(1)
	})
}

func TestWhatIsAnsweredDuringThePauseWasBorne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 100, Concurrency: 8}, Observer{})
		first, second, third, last := c.start(t.Context()), c.start(t.Context()), c.start(t.Context()), c.start(t.Context())
		_ = first(tooMany)
		c.expectRate(1)
		_ = second(status(http.StatusOK))
		_ = third(status(http.StatusOK))
		c.expectRate(2)
		time.Sleep(time.Minute)
		_ = last(status(http.StatusOK)) // the pause is over
		c.expectRate(2)
	})
}

func TestTheRateDoesNotFallToNothing(t *testing.T) {
	for configured, want := range map[float64]float64{1000: 0.1, 10: 0.1, 1: 0.1, 0.05: 0.05} {
		t.Run(fmt.Sprint(configured), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConnection(t, Limits{RequestsPerSecond: configured, Concurrency: 8}, Observer{})
				c.throttle(20)
				c.expectRate(want)
			})
		})
	}
}

func TestTheRateRecoversFromWhatWasBorne(t *testing.T) {
	pressed := borne{perSecond: 20, isMeasured: true, isPressed: true}
	for name, test := range map[string]struct {
		from borne
		good time.Duration
		want float64
	}{
		"it begins a little below":                       {pressed, 0, 18},
		"halfway it is nearly there":                     {pressed, 3 * time.Second, 19.75},
		"it stays there for a while":                     {pressed, 6 * time.Second, 20},
		"it tries a little more":                         {pressed, 9 * time.Second, 20.25},
		"and more":                                       {pressed, 12 * time.Second, 22},
		"and ever more":                                  {pressed, time.Minute, 1478},
		"when no more was asked it begins with all":      {borne{perSecond: 20, isMeasured: true}, 0, 20},
		"when no more was asked it doubles":              {borne{perSecond: 20, isMeasured: true}, 3 * time.Second, 160},
		"when nothing was measured it doubles, too":      {borne{perSecond: 1, isPressed: true}, 10 * time.Second, 1024},
		"when nothing was measured it begins with a one": {bearing(0, 1000, true), 0, 1},
		"a slow rate is halved when nothing was":         {bearing(0, 1, true), 0, 0.5},
		"what was borne is no more than was tried":       {bearing(30, 10, false), 0, 10},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.from.after(test.good); math.Abs(got-test.want) > 1e-6 {
				t.Errorf("%v requests a second, want %v", got, test.want)
			}
		})
	}
}

func TestTimeWithoutSuccessDoesNotRecoverTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 20, Concurrency: 8}, Observer{})
		c.throttle(1)
		time.Sleep(time.Hour)
		c.expectRate(1)
		c.answers(refuse)
		c.sendMany(1)
		c.expectRate(1)
		c.expectClosed()
		c.expectRate(2) // what the last second is worth
	})
}

func TestWhatIsMoreThanASecondAgoIsNotCounted(t *testing.T) {
	begun := time.Now().Truncate(time.Second)
	for name, test := range map[string]struct {
		at   []time.Duration
		now  time.Duration
		want float64
	}{
		"nothing":            {nil, 0, 0},
		"just now":           {[]time.Duration{0, 0, 0}, 0, 3},
		"within a second":    {[]time.Duration{0, 500 * time.Millisecond}, 900 * time.Millisecond, 2},
		"the first is over":  {[]time.Duration{0, 500 * time.Millisecond}, 1100 * time.Millisecond, 1},
		"all are over":       {[]time.Duration{0, 500 * time.Millisecond}, time.Hour, 0},
		"after a long while": {[]time.Duration{0, time.Hour}, time.Hour, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var counted recent
			for _, at := range test.at {
				counted.add(begun.Add(at))
			}
			if got := counted.perSecond(begun.Add(test.now)); got != test.want {
				t.Errorf("%v a second, want %v", got, test.want)
			}
		})
	}
}

func TestARateThatWasLoweredOutlivesNewLimits(t *testing.T) {
	for name, test := range map[string]struct {
		throttled  int
		configured float64
		want       float64
	}{
		"raised":                    {1, 100, 1},
		"the same":                  {1, 16, 1},
		"lowered":                   {1, 0.5, 0.5},
		"raised when nothing is up": {0, 100, 100},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConnection(t, Limits{RequestsPerSecond: 16, Concurrency: 8}, Observer{})
				c.throttle(test.throttled)
				c.limiter.SetLimits(Limits{RequestsPerSecond: test.configured, Concurrency: 8})
				c.expectRate(test.want)
			})
		})
	}
}

func TestNewLimitsEndNeitherAPauseNorTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		begun := time.Now()
		c.answers(status(http.StatusTooManyRequests, "Retry-After", "60"))
		c.sendMany(1)
		c.limiter.SetLimits(Limits{RequestsPerSecond: 1, Concurrency: 1})
		c.expectClosed()
		if got := time.Since(begun); got != time.Minute {
			t.Errorf("paused for %s", got)
		}
		c.open()
		c.limiter.SetLimits(roomy)
		c.expectOpen()
	})
}

func TestNewLimitsInAPauseLetNothingGoAtOnceAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 1000, Concurrency: 8}, Observer{})
		c.sendMany(5)
		c.answers(status(http.StatusTooManyRequests, "Retry-After", "30"))
		begun := time.Now()
		c.sendMany(1)
		time.Sleep(10 * time.Second)
		c.limiter.SetLimits(Limits{RequestsPerSecond: 500, Concurrency: 8})
		var sent []time.Duration
		for range 3 {
			permit, err := c.limiter.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, time.Since(begun))
			permit.Release()
		}
		pause := 30 * time.Second
		if want := []time.Duration{pause, pause + 200*time.Millisecond, pause + 400*time.Millisecond}; !slices.Equal(sent, want) {
			t.Errorf("sent after %v, want %v", sent, want)
		}
	})
}
