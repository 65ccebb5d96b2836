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

func TestA429PausesAndHalvesTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 10, Concurrency: 8}, Observer{})
		begun := time.Now()
		c.answers(tooMany)
		c.sendMany(1)
		c.answers(status(http.StatusNotFound)) // the marketplace bears it, but the object is not there
		var sent []time.Duration
		for range 7 {
			// Unused permits show what is granted without success to recover by.
			permit, err := c.limiter.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, time.Since(begun))
			permit.Release()
		}
		pause := time.Second
		want := []time.Duration{
			pause, pause, pause, pause, pause, // one second's worth of the new rate
			pause + 200*time.Millisecond, pause + 400*time.Millisecond,
		}
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

func TestRequestsThatWereUnderWayTogetherHalveTheRateOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 16, Concurrency: 8}, Observer{})
		first, second, third := c.start(t.Context()), c.start(t.Context()), c.start(t.Context())
		_ = first(tooMany)
		c.expectRate(8)
		time.Sleep(time.Minute)
		_ = second(tooMany)
		c.expectRate(8)
		time.Sleep(time.Minute)
		c.throttle(1) // granted at the new rate
		c.expectRate(4)
		time.Sleep(time.Minute)
		_ = third(status(http.StatusOK)) // granted at the first
		c.expectRate(4)
	})
}

func TestTheRateDoesNotFallToNothing(t *testing.T) {
	for configured, want := range map[float64]float64{1000: 20, 10: 0.2, 5: 0.1, 1: 0.1, 0.05: 0.05} {
		t.Run(fmt.Sprint(configured), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConnection(t, Limits{RequestsPerSecond: configured, Concurrency: 8}, Observer{})
				c.throttle(20)
				c.expectRate(want)
			})
		})
	}
}

func TestTheRateRecoversByATwentiethForEachGoodSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 20, Concurrency: 8}, Observer{})
		c.throttle(1)
		c.expectRate(10)
		for second := range 10 {
			for range 4 {
				time.Sleep(250 * time.Millisecond)
				c.sendMany(1)
			}
			c.expectRate(10 + float64(second+1))
		}
		time.Sleep(time.Second)
		c.sendMany(1)
		c.expectRate(20)
	})
}

func TestTimeWithoutSuccessDoesNotRecoverTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 20, Concurrency: 8}, Observer{})
		c.throttle(1)
		time.Sleep(time.Hour)
		c.expectRate(10)
		c.answers(refuse)
		c.sendMany(1)
		c.expectRate(10)
		c.expectClosed()
		c.expectRate(11) // what the last second is worth
		c.sendMany(3)    // in no time
		c.expectRate(11)
	})
}

func TestARateThatWasLoweredOutlivesNewLimits(t *testing.T) {
	for name, test := range map[string]struct {
		throttled  int
		configured float64
		want       float64
	}{
		"raised":                    {1, 100, 8},
		"the same":                  {1, 16, 8},
		"lowered":                   {1, 4, 4},
		"raised beyond the floor":   {3, 1000, 20},
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
