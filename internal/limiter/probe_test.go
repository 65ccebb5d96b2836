// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheBreakerOpensForTwiceAsLongWhenAProbeFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		after := c.open()
		for _, seconds := range []int{1, 2, 4, 8, 15, 15} {
			longest := time.Duration(seconds) * time.Second
			if after > longest || after < longest-longest/10 {
				t.Errorf("open for %s, want up to a tenth less than %s", after, longest)
			}
			time.Sleep(after - time.Nanosecond)
			if left := c.expectOpen(); left != time.Nanosecond {
				t.Errorf("%s are left, want 1ns", left)
			}
			time.Sleep(time.Nanosecond)
			if err := c.send(t.Context()); err != nil {
				t.Fatalf("the probe: %v", err)
			}
			after = c.expectOpen()
		}
		time.Sleep(after)
		c.expectClosed()
		c.expectClosed()
		if after := c.open(); after > firstOpening {
			t.Errorf("open for %s after a success", after)
		}
	})
}

func TestOneProbeIsLetThroughAndDecides(t *testing.T) {
	for _, class := range []Class{Edit, Sweep} {
		t.Run(fmt.Sprint("class ", class), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConnection(t, Limits{RequestsPerSecond: unhurried, Concurrency: 2}, Observer{})
				// One that hangs since before: a sweep would not get the last slot
				// if it were no probe.
				finishFirst := c.start(t.Context())
				time.Sleep(c.open())
				finish := c.start(WithClass(t.Context(), class))
				for range 3 {
					if after := c.expectOpen(); after != whileProbing {
						t.Errorf("come back after %s", after)
					}
				}
				if err := finish(status(http.StatusNotFound)); err != nil {
					t.Error(err)
				}
				c.expectClosed()
				if err := finishFirst(status(http.StatusOK)); err != nil {
					t.Error(err)
				}
				c.expectSlots(0)
			})
		})
	}
}

func TestAProbeThatIsGivenUpLeavesItsPlaceToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		time.Sleep(c.open())

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		c.answers(hang)
		if err := c.send(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		c.expectClosed()
	})
}

func TestAProbesPermitThatIsReleasedLeavesItsPlaceToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		time.Sleep(c.open())
		permit, err := c.limiter.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.expectOpen()
		permit.Release()
		c.expectClosed()
	})
}

func TestAProbeThatLeavesTheQueueLeavesItsPlaceToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		finish := c.start(t.Context())
		time.Sleep(c.open())
		// The only slot is taken by a request that hangs since before.
		c.limiter.SetLimits(Limits{RequestsPerSecond: unhurried, Concurrency: 1})
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error)
		go func() {
			_, err := c.limiter.Acquire(ctx)
			left <- err
		}()
		synctest.Wait()
		c.expectOpen()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if err := finish(status(http.StatusOK)); err != nil {
			t.Error(err)
		}
		c.expectClosed()
	})
}

func TestAPermitFromBeforeTheBreakerOpenedMayBeTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		permit, err := c.limiter.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(c.open())
		c.answers(refuse)
		if err := c.send(WithPermit(t.Context(), permit)); !errors.Is(err, errRefused) {
			t.Errorf("got %v", err)
		}
		if after := c.expectOpen(); after <= firstOpening {
			t.Errorf("open for %s after a probe that failed", after)
		}
	})
}

func TestAProbeThatNeedsATokenFirstDoesNotStandInItsOwnWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		time.Sleep(c.open())
		permit, err := c.limiter.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// The token request fails: the permit is not worth anything any more.
		c.answers(refuse)
		if err := c.sendToken(t.Context()); !errors.Is(err, errRefused) {
			t.Errorf("got %v", err)
		}
		if err := c.send(WithPermit(t.Context(), permit)); !isOpenError(err) {
			t.Errorf("got %v", err)
		}
		time.Sleep(c.expectOpen())
		permit, err = c.limiter.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		finish := c.startTo(t.Context(), tokenPath)
		if err := c.sendToken(t.Context()); !isOpenError(err) {
			t.Errorf("a second probe: %v", err)
		}
		if err := finish(status(http.StatusOK)); err != nil {
			t.Error(err)
		}
		c.answers(status(http.StatusOK))
		if err := c.send(WithPermit(t.Context(), permit)); err != nil {
			t.Error(err)
		}
		c.expectClosed()
		c.expectSlots(0)
	})
}

func TestAPausePutsTheNextProbeOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		finish := c.start(t.Context())
		c.open()
		if err := finish(status(http.StatusTooManyRequests, "Retry-After", "60")); err != nil {
			t.Error(err)
		}
		if after := c.expectOpen(); after != time.Minute {
			t.Errorf("come back after %s", after)
		}
	})
}
