// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

func hasLeft(err error) bool { return errors.Is(err, context.Canceled) }

func TestWhoLeavesHurtsNobody(t *testing.T) {
	for name, test := range map[string]struct {
		// after is when it leaves: the list is sent after 40 ms and takes 100.
		after time.Duration
		// asked is how many IDs the list names.
		asked int
	}{
		"before the list is sent":  {20 * time.Millisecond, 4},
		"while it is under way":    {60 * time.Millisecond, 5},
		"at once":                  {0, 4},
		"at the moment of sending": {ofEdits.quiet, 0},
		"at that of the answer":    {ofEdits.quiet + 100*time.Millisecond, 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := usersOf("acme", 5)
				w := begin(t, setting{seed: seeded(keys...), latency: 100 * time.Millisecond})
				if _, err := w.client.Token(t.Context()); err != nil {
					t.Fatal(err)
				}
				ctx, leave := context.WithCancel(t.Context())
				leaving, staying := w.crowd().join(ctx, keys[0]), w.crowd().join(t.Context(), keys[1:]...)
				synctest.Wait()
				time.Sleep(test.after)
				leave()
				staying.expectRight()
				leaving.group.Wait()
				if err := leaving.got[0].err; err != nil && !hasLeft(err) {
					t.Errorf("who left got %v", err)
				}
				calls := w.calls()
				if len(calls) != 1 || test.asked > 0 && len(idsOf(w, calls[0])) != test.asked {
					t.Errorf("got %q", calls)
				}
			})
		})
	}
}

func TestNothingIsSentForNobody(t *testing.T) {
	for name, busy := range map[string]bool{"while they gather": false, "while they wait for their turn": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := usersOf("acme", 5)
				w := begin(t, setting{seed: seeded(keys...), limits: limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 1}})
				release := func() {}
				if busy {
					release = w.occupy()
				}
				ctx, leave := context.WithCancel(t.Context())
				looks := w.crowd().join(ctx, keys...).settle()
				if time.Sleep(20 * time.Millisecond); busy {
					time.Sleep(time.Second)
				}
				leave()
				looks.expectAll("that it left", hasLeft)
				synctest.Wait()
				if waiting, _ := w.turns.Backlog(); waiting != 0 {
					t.Errorf("%d still stand in line", waiting)
				}
				release()
				time.Sleep(time.Second)
				if calls := w.calls(); len(calls) != 0 {
					t.Errorf("got %q", calls)
				}
				w.crowd().join(t.Context(), keys...).expectRight()
			})
		})
	}
}

func TestACallThatNobodyWaitsForIsEnded(t *testing.T) {
	for name, test := range map[string]struct {
		keys []userKey
		// path of what hangs.
		path string
	}{
		"a list":                   {usersOf("acme", 5), ownList},
		"a lone look":              {usersOf("acme", 1), ownList + "/*"},
		"a look instead of a list": {usersOf("acme", 5), ownList + "/*"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := begin(t, setting{seed: seeded(test.keys...), limits: limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 1}})
				w.box.Inject(sandbox.Fault{Path: test.path, Kind: sandbox.FaultHang})
				w.fail(400, ownList)
				ctx, leave := context.WithCancel(t.Context())
				looks, last := w.crowd().join(ctx, test.keys...), w.crowd()
				otherCtx, leaveLast := context.WithCancel(t.Context())
				last.join(otherCtx, test.keys[0])
				time.Sleep(time.Hour)
				leave()
				looks.expectAll("that it left", hasLeft)
				if w.isIdle() {
					t.Error("ended while somebody waited")
				}
				leaveLast()
				last.expectAll("that it left", hasLeft)
				synctest.Wait()
				if !w.isIdle() {
					t.Error("still under way")
				}
				w.box.ClearFaults()
				w.crowd().join(t.Context(), test.keys...).expectRight()
			})
		})
	}
}

// isIdle says that the only slot is free.
func (w *world) isIdle() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	permit, err := w.turns.Acquire(ctx)
	if err != nil {
		return false
	}
	permit.Release()
	return true
}

func TestWhoAsksForTheSameSharesTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := userKey{"acme", "user-001"}
		w := begin(t, setting{seed: seeded(key), latency: 100 * time.Millisecond})
		ctx, leave := context.WithCancel(t.Context())
		staying := w.crowd().join(t.Context(), key, key)
		leaving := w.crowd().join(ctx, key)
		time.Sleep(20 * time.Millisecond)
		leave()
		leaving.expectAll("that it left", hasLeft)
		staying.expectRight()
		if calls := w.calls(); len(calls) != 1 || calls[0] != "/v1/buyers/acme/users/user-001" {
			t.Errorf("got %q", calls)
		}
		if looked := w.looked.Load(); looked != 2 {
			t.Errorf("%d looks were counted", looked)
		}
	})
}

func TestWhoHasLeftAlreadyAsksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, setting{})
		ctx, leave := context.WithCancel(t.Context())
		leave()
		w.crowd().join(ctx, usersOf("acme", 3)...).expectAll("that it left", hasLeft)
		time.Sleep(time.Second)
		if requests := w.box.Requests(); len(requests) != 0 {
			t.Errorf("got %v", requests)
		}
	})
}

func TestTheSlotOfABatchThatNobodyNeedsIsFree(t *testing.T) {
	// The turn comes and the last one leaves at the same moment, in any order.
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			keys := usersOf("acme", 3)
			w := begin(t, setting{seed: seeded(keys...), limits: limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 1}})
			release := w.occupy()
			ctx, leave := context.WithCancel(t.Context())
			looks := w.crowd().join(ctx, keys...)
			time.Sleep(time.Second)
			go release()
			go leave()
			looks.group.Wait()
			w.crowd().join(t.Context(), keys...).expectRight()
		})
	}
}

func TestWhoseTimeIsUpSeesAnOutageAsInACallOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, setting{limits: limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 1}})
		release := w.occupy()
		defer release()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, byLook := w.looks.BuyerUser(ctx, "acme", "walk-in")
		_, byGet := w.client.BuyerUsers("acme").Get(ctx, "walk-in")
		if !isTimeUp(byLook) || !isTimeUp(byGet) {
			t.Errorf("a look got %v, a GET %v", byLook, byGet)
		}
	})
}
