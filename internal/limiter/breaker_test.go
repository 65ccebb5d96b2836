// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// roomy are limits that no test of the breaker comes near.
var roomy = Limits{RequestsPerSecond: unhurried, Concurrency: 8}

func TestFiveFailuresInARowOpenTheBreaker(t *testing.T) {
	for name, failure := range map[string]reply{
		"500":                    status(http.StatusInternalServerError),
		"503":                    status(http.StatusServiceUnavailable),
		"no connection":          refuse,
		"a body that breaks off": breakOff,
		"a time-out":             hang,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConnection(t, roomy, Observer{})
				c.answers(failure)
				for range 5 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					err := c.send(ctx)
					cancel()
					if isOpenError(err) {
						t.Fatal("the breaker opened too early")
					}
				}
				c.expectOpen()
				c.expectSlots(0)
			})
		})
	}
}

func TestEveryOtherAnswerEndsARowOfFailures(t *testing.T) {
	for _, code := range []int{200, 204, 400, 401, 403, 404, 409, 429} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConnection(t, roomy, Observer{})
				for range 2 {
					c.answers(refuse)
					c.sendMany(failuresToOpen - 1)
					c.answers(status(code))
					if err := c.send(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				c.open()
			})
		})
	}
}

func TestWhatItsCallerGaveUpIsNeitherSuccessNorFailure(t *testing.T) {
	giveUp := func(t *testing.T, c *connection) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		c.answers(hang)
		if err := c.send(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		for range 2 * failuresToOpen {
			giveUp(t, c)
		}
		c.answers(refuse)
		c.sendMany(failuresToOpen - 1)
		giveUp(t, c)
		c.answers(refuse)
		if err := c.send(t.Context()); !errors.Is(err, errRefused) {
			t.Errorf("got %v", err)
		}
		c.expectOpen()
	})
}

// failed is an error of a client whose request met another error.
type failed struct{ error }

func (f failed) Answered() answer.Answer { return answer.Of(nil, f.error) }

func TestWhoWaitsIsSentAwayWhenTheBreakerOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, Limits{RequestsPerSecond: failuresToOpen, Concurrency: 8}, Observer{})
		finish := c.start(t.Context())
		c.answers(refuse)
		c.sendMany(failuresToOpen - 1)
		refused := make(chan error)
		for _, class := range []Class{Edit, Sweep} {
			go func() {
				_, err := c.limiter.Acquire(WithClass(t.Context(), class))
				refused <- err
			}()
		}
		go func() { refused <- c.sendToken(t.Context()) }()
		synctest.Wait()
		if waiting, _ := c.limiter.Backlog(); waiting != 3 {
			t.Errorf("%d wait", waiting)
		}
		begun := time.Now()
		if err := finish(refuse); !errors.Is(err, errRefused) {
			t.Errorf("got %v", err)
		}
		for range 3 {
			if err := <-refused; !isOpenError(err) {
				t.Errorf("got %v", err)
			}
		}
		if waiting, _ := c.limiter.Backlog(); waiting != 0 || time.Since(begun) != 0 {
			t.Errorf("%d wait after %s", waiting, time.Since(begun))
		}
	})
}

func TestRequestsFromBeforeTheBreakerOpenedDoNotChangeIt(t *testing.T) {
	for name, late := range map[string]reply{
		"failure": refuse,
		"success": status(http.StatusOK),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConnection(t, roomy, Observer{})
				finishOpen, finishProbing, finishClosed := c.start(t.Context()), c.start(t.Context()), c.start(t.Context())
				after := c.open()
				time.Sleep(after / 2)
				_ = finishOpen(late)
				if left := c.expectOpen(); left != after-after/2 {
					t.Errorf("%s are left of %s", left, after)
				}
				time.Sleep(after - after/2)
				finishProbe := c.start(t.Context())
				_ = finishProbing(late)
				if left := c.expectOpen(); left != whileProbing {
					t.Errorf("come back after %s", left)
				}
				if err := finishProbe(status(http.StatusOK)); err != nil {
					t.Fatal(err)
				}
				// Nor do they say anything in the time after it.
				c.answers(refuse)
				c.sendMany(failuresToOpen - 1)
				_ = finishClosed(late)
				if err := c.send(t.Context()); !errors.Is(err, errRefused) {
					t.Errorf("got %v", err)
				}
				c.expectOpen()
			})
		})
	}
}

func TestA503SaysHowLongTheBreakerIsOpenAtLeast(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"60":     time.Minute,
		"100000": answer.MaximumRetryAfter,
	} {
		t.Run(value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConnection(t, roomy, Observer{})
				c.answers(status(http.StatusServiceUnavailable, "Retry-After", value))
				c.sendMany(1)
				// One failure alone holds nothing up.
				c.answers(refuse)
				c.sendMany(failuresToOpen - 1)
				if after := c.expectOpen(); after != want {
					t.Errorf("open for %s, want %s", after, want)
				}
				time.Sleep(want)
				c.answers(status(http.StatusServiceUnavailable, "Retry-After", value))
				c.sendMany(1)
				if after := c.expectOpen(); after != want {
					t.Errorf("open for %s after the probe, want %s", after, want)
				}
			})
		})
	}
}

func TestWhatA503AskedForIsOverOnceRequestsSucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		c.answers(status(http.StatusServiceUnavailable, "Retry-After", "60"))
		c.sendMany(1)
		c.expectClosed()
		if after := c.open(); after > firstOpening {
			t.Errorf("open for %s", after)
		}
	})
}

func TestAPermitFromBeforeTheBreakerOpenedIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnection(t, roomy, Observer{})
		permit, err := c.limiter.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		after := c.open()
		before := c.sentSoFar()
		if err := c.send(WithPermit(t.Context(), permit)); !isOpenError(err) || c.sentSoFar() != before {
			t.Errorf("got %v", err)
		}
		c.expectSlots(0)
		permit.Release()
		c.expectSlots(0)
		time.Sleep(after)
		c.expectClosed()
	})
}

func TestTheObserverLearnsOfEveryChangeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var changes []bool
		c := newConnection(t, roomy, Observer{
			BreakerChanged: func(open bool) { changes = append(changes, open) },
		})
		c.expectClosed()
		time.Sleep(c.open())
		c.sendMany(1) // a probe that fails
		time.Sleep(c.expectOpen())
		c.expectClosed()
		c.open()
		if !slices.Equal(changes, []bool{true, false, true}) {
			t.Errorf("got %v", changes)
		}
	})
}

func TestTheTextIsTheSameForTheSameFailure(t *testing.T) {
	one, other := &OpenError{After: time.Second}, &OpenError{After: time.Minute}
	if one.Error() != other.Error() || one.Error() == "" {
		t.Errorf("got %q and %q", one, other)
	}
}

func TestWhyNoAnswerCameIsNotForgottenWhileNothingIsSent(t *testing.T) {
	for name, test := range map[string]struct {
		failure reply
		want    answer.Meaning
	}{
		"no connection":        {refuse, answer.Unreachable},
		"answered by a status": {status(http.StatusServiceUnavailable), answer.Failing},
		"answered by a page":   {status(http.StatusFound), answer.Foreign},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newConnection(t, roomy, Observer{})
				c.answers(test.failure)
				c.sendMany(failuresToOpen)
				err := c.send(t.Context())
				if !isOpenError(err) || answer.Behind(failed{err}).Meaning != test.want || errors.Is(err, errRefused) != (test.want == answer.Unreachable) {
					t.Errorf("got %v caused by %v", err, errors.Unwrap(err))
				}
			})
		})
	}
}
