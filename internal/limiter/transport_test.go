// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestARequestThatFailsFreesItsSlot(t *testing.T) {
	c := newConnection(t, roomy, Observer{})
	c.answers(refuse)
	if err := c.send(t.Context()); !errors.Is(err, errRefused) {
		t.Errorf("got %v", err)
	}
	c.expectSlots(0)
}

func TestTheClassOfARequestIsItsContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: unhurried, Concurrency: 4}, Observer{})
		ctx := WithClass(t.Context(), Sweep)
		var finish []func(reply) error
		for range 3 {
			finish = append(finish, c.start(ctx))
		}
		left := make(chan error)
		waiting, leave := context.WithCancel(ctx)
		go func() { left <- c.send(waiting) }()
		synctest.Wait()
		if count, _ := c.limiter.Backlog(); count != 1 {
			t.Errorf("%d wait", count)
		}
		c.expectClosed() // an edit
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		for _, finish := range finish {
			_ = finish(status(http.StatusOK))
		}
		c.expectSlots(0)
	})
}

func TestATokenIsFetchedWhileTheOnlySlotIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: unhurried, Concurrency: 1}, Observer{})
		permit, err := c.limiter.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- c.send(t.Context()) }() // waits for the slot
		synctest.Wait()
		// A token request leaves the permit of its context alone: it is for the
		// request that the token is for.
		ctx := WithPermit(t.Context(), permit)
		if err := c.sendToken(ctx); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.expectSlots(1)
		if err := c.send(ctx); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		c.expectSlots(0)
	})
}

func TestATokenRequestWaitsForTheBucketAndThePauseButForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 1, Concurrency: 1}, Observer{})
		begun := time.Now()
		expect := func(err error, want time.Duration) {
			t.Helper()
			if got := time.Since(begun); err != nil || got != want {
				t.Errorf("after %s, want %s: %v", got, want, err)
			}
		}
		expect(c.sendToken(t.Context()), 0)
		done := make(chan error)
		go func() { done <- c.send(t.Context()) }()
		synctest.Wait()
		expect(c.sendToken(t.Context()), time.Second)
		expect(<-done, 2*time.Second)
		c.answers(status(http.StatusTooManyRequests, "Retry-After", "60"))
		expect(c.sendToken(t.Context()), 3*time.Second)
		expect(c.sendToken(t.Context()), 63*time.Second)
	})
}

func TestFailedTokenRequestsOpenTheBreakerToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		c.answers(status(http.StatusBadGateway))
		for range failuresToOpen {
			if err := c.sendToken(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		c.expectOpen()
		if err := c.sendToken(t.Context()); !isOpenError(err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAPermitIsGoodForOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 1, Concurrency: 1}, Observer{})
		permit, err := c.limiter.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx := WithPermit(t.Context(), permit)
		begun := time.Now()
		for attempt := range 3 {
			if err := c.send(ctx); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(begun); got != time.Duration(attempt)*time.Second {
				t.Errorf("attempt %d after %s", attempt+1, got)
			}
		}
		c.expectSlots(0)
	})
}

func TestAPermitThatIsReleasedOrAnothersIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: 1, Concurrency: 1}, Observer{})
		permit, err := c.limiter.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		permit.Release()
		others, err := New(Limits{}, Observer{}).Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, permit := range []*Permit{permit, others, nil} {
			begun := time.Now()
			if err := c.send(WithPermit(t.Context(), permit)); err != nil {
				t.Error(err)
			}
			if time.Since(begun) != time.Second {
				t.Error("it did not wait for its turn")
			}
		}
		c.expectSlots(0)
	})
}

func TestReleasingAPermitThatIsUsedChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		permit, err := c.limiter.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		finish := c.start(WithPermit(t.Context(), permit))
		permit.Release()
		c.expectSlots(1)
		if err := finish(status(http.StatusOK)); err != nil {
			t.Error(err)
		}
		permit.Release()
		c.expectSlots(0)
	})
}

// closing notes that it was closed.
type closing struct {
	io.Reader

	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

func TestABodyIsClosedThoughItWasNotSent(t *testing.T) {
	c := newConnection(t, roomy, Observer{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	body := &closing{Reader: strings.NewReader("{}")}
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://127.0.0.1", body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.through.RoundTrip(request)
	if err == nil {
		_ = response.Body.Close()
	}
	if !errors.Is(err, context.Canceled) || !body.closed || c.sentSoFar() != 0 {
		t.Errorf("got %v, closed: %t, sent: %d", err, body.closed, c.sentSoFar())
	}
}

func TestWithoutExemptEveryRequestNeedsASlot(t *testing.T) {
	limiter, taken := New(Limits{}, Observer{}), 0
	through := limiter.Transport(reply(func(request *http.Request) (*http.Response, error) {
		taken = limiter.inUse
		return status(http.StatusOK)(request)
	}), nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1"+tokenPath, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := through.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if taken != 1 {
		t.Error("no slot is taken")
	}
}

// TestManyCallersOfEveryKindKeepWithinTheLimits is for the race detector: all
// that can happen at once does.
func TestManyCallersOfEveryKindKeepWithinTheLimits(t *testing.T) {
	const concurrency, callers, rounds = 4, 64, 40
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: unhurried, Concurrency: concurrency}, Observer{
			Waited:         func(time.Duration) {},
			BreakerChanged: func(bool) {},
		})
		var underWay atomic.Int64
		c.answers(func(request *http.Request) (*http.Response, error) {
			if request.URL.Path != tokenPath {
				if count := underWay.Add(1); count > concurrency {
					t.Errorf("%d are under way", count)
				}
				defer underWay.Add(-1)
			}
			time.Sleep(rand.N(10 * time.Millisecond))
			kinds := []reply{status(200), status(200), status(404), status(429), status(500), refuse, breakOff}
			return kinds[rand.IntN(len(kinds))](request)
		})
		var group sync.WaitGroup
		for caller := range callers {
			group.Go(func() {
				for range rounds {
					c.behave(caller)
					time.Sleep(rand.N(100 * time.Millisecond))
				}
			})
		}
		group.Wait()
		if waiting, _ := c.limiter.Backlog(); waiting != 0 || c.limiter.sweeping != 0 {
			t.Errorf("%d still wait, %d sweep", waiting, c.limiter.sweeping)
		}
		c.expectSlots(0)
		time.Sleep(maximumOpening)
		c.expectClosed()
	})
}

// behave is one of the ways in which a caller may.
func (c *connection) behave(caller int) {
	ctx, cancel := context.WithTimeout(WithClass(c.t.Context(), Class(caller%2)), rand.N(time.Minute))
	defer cancel()
	switch caller % 8 {
	case 0:
		_ = c.sendToken(ctx)
	case 1:
		c.limiter.SetLimits(Limits{RequestsPerSecond: unhurried, Concurrency: 2 + rand.IntN(3)})
	case 2, 3:
		permit, err := c.limiter.Acquire(ctx)
		if err != nil {
			return
		}
		defer permit.Release()
		if rand.IntN(2) == 0 {
			return
		}
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() { _ = c.send(WithPermit(ctx, permit)) })
		}
		group.Wait()
	default:
		_ = c.send(ctx)
	}
}
