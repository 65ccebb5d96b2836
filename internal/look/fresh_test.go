// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
)

// gate holds answers back that were already made, so that what changes meanwhile
// is not in them.
type gate struct {
	opened chan struct{}
	// held counts who came.
	held chan struct{}
}

func (w *world) hold(path string) *gate {
	g := &gate{opened: make(chan struct{}), held: make(chan struct{}, 100)}
	next := w.answers(nil)
	w.answers(func(request *http.Request) (*http.Response, error) {
		response, err := next(request)
		if err == nil && strings.HasPrefix(request.URL.Path, path) {
			g.held <- struct{}{}
			select {
			case <-g.opened:
			case <-request.Context().Done():
				return nil, request.Context().Err()
			}
		}
		return response, err
	})
	return g
}

func TestWhatChangedBeforeSomebodyAskedIsSeen(t *testing.T) {
	asked := usersOf("acme", 3)
	for name, test := range map[string]struct {
		first []userKey
		path  string
	}{
		"though a list with the same key is under way": {asked, "/v1/buyers/acme/users"},
		"though the same look is under way":            {asked[:1], "/v1/buyers/acme/users/user-001"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := begin(t, setting{seed: seeded(asked...)})
				gate := w.hold(test.path)
				before := w.crowd().join(t.Context(), test.first...)
				<-gate.held
				w.change("buyers/acme/users/user-001", map[string]any{"FirstName": "Changed"})
				after := w.crowd().join(t.Context(), test.first...)
				<-gate.held
				close(gate.opened)
				after.expectRight()
				before.group.Wait()
				if got := before.got[0].user.FirstName; got != "Ann" {
					t.Errorf("the answer that was under way says %s: the test proves nothing", got)
				}
			})
		})
	}
}

func TestLooksJoinUntilTheTurnHasCome(t *testing.T) {
	for name, test := range map[string]struct {
		limits limiter.Limits
		// until the turn comes, counted from the first look.
		turn time.Duration
	}{
		"while the only slot is taken": {limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 1}, 3 * time.Second},
		"while the rate is spent":      {limiter.Limits{RequestsPerSecond: 0.2, Concurrency: 8}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := usersOf("acme", 40)
				w := begin(t, setting{seed: seeded(keys...), limits: test.limits})
				if _, err := w.client.Token(t.Context()); err != nil { // which spends some of the rate
					t.Fatal(err)
				}
				begun := time.Now()
				release := w.occupy()
				if test.limits.Concurrency > 1 {
					release()
				}
				looks := w.crowd()
				for index, key := range keys { // longer than a batch gathers
					if index > 0 {
						time.Sleep(test.turn / 50)
					}
					looks.join(t.Context(), key)
				}
				looks.settle()
				if len(w.calls()) > 0 {
					t.Errorf("sent before its turn: %q", w.calls())
				}
				time.Sleep(test.turn - time.Since(begun))
				release()
				looks.expectRight()
				if calls := w.calls(); len(calls) != 1 || len(idsOf(w, calls[0])) != len(keys) {
					t.Errorf("got %q", calls)
				}
			})
		})
	}
}

func TestALookWaitsForCompanyAMomentOnly(t *testing.T) {
	for name, test := range map[string]struct {
		// every so often one of them looks.
		every time.Duration
		looks int
		// at what time after the first look how many IDs are asked for.
		want []string
	}{
		"alone, it is a GET after a quiet moment": {0, 1, []string{"40ms: 1 by GET"}},
		"two together, after a quiet moment":      {0, 2, []string{"40ms: 2"}},
		"two in a row, after the second's moment": {30 * time.Millisecond, 2, []string{"70ms: 2"}},
		"each by itself where they are far apart": {50 * time.Millisecond, 3, []string{"40ms: 1 by GET", "90ms: 1 by GET", "140ms: 1 by GET"}},
		"where more keep coming, not for ever":    {30 * time.Millisecond, 9, []string{"200ms: 7", "280ms: 2"}},
		"not at all when the page is full":        {0, 130, []string{"0s: 100", "40ms: 30"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := usersOf("acme", test.looks)
				w := begin(t, setting{seed: seeded(keys...)})
				begun := time.Now()
				looks := w.crowd()
				for index, key := range keys {
					if index > 0 && test.every > 0 {
						time.Sleep(test.every)
					}
					looks.join(t.Context(), key)
				}
				looks.expectRight()
				got := w.timeline(begun)
				if !slices.Equal(got, test.want) {
					t.Errorf("got %q, want %q", got, test.want)
				}
			})
		})
	}
}

func TestAnEditDoesNotStandBehindSweeps(t *testing.T) {
	for name, test := range map[string]struct {
		join func(w *world, keys []userKey, looks *crowd)
		// waiting sweeps are granted before the list is sent.
		before int
	}{
		"sweeps stand behind other sweeps": {func(w *world, keys []userKey, looks *crowd) {
			looks.join(asSweep(w.t.Context()), keys[1:]...)
		}, 5},
		"an edit takes their batch along": {func(w *world, keys []userKey, looks *crowd) {
			looks.join(w.t.Context(), keys[1:]...)
		}, 0},
		"an edit that asks for the same too": {func(w *world, keys []userKey, looks *crowd) {
			looks.join(w.t.Context(), keys[0]).join(asSweep(w.t.Context()), keys[1:]...)
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := usersOf("acme", 3)
				w := begin(t, setting{seed: seeded(keys...), limits: limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 1}})
				release := w.occupy()
				before := make(chan int, 5)
				for range 5 {
					go func() {
						permit, err := w.turns.Acquire(asSweep(t.Context()))
						if err != nil {
							t.Error(err)
							return
						}
						defer permit.Release()
						before <- len(w.calls())
					}()
				}
				synctest.Wait()
				looks := w.crowd().join(asSweep(t.Context()), keys[0])
				time.Sleep(time.Second)
				test.join(w, keys, looks)
				looks.settle()
				release()
				looks.expectRight()
				overtook := 0
				for range 5 {
					if <-before == 0 {
						overtook++
					}
				}
				if calls := w.calls(); overtook != test.before || len(calls) != 1 || len(idsOf(w, calls[0])) != 3 {
					t.Errorf("%d sweeps went before %q", overtook, calls)
				}
			})
		})
	}
}
