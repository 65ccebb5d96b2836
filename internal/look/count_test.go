// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

func isTimeUp(err error) bool {
	return ordercloud.IsUnavailable(err) && errors.Is(err, context.DeadlineExceeded)
}

func TestLooksAndCallsAreCounted(t *testing.T) {
	for name, test := range map[string]struct {
		do            func(w *world)
		looked, calls int64
	}{
		"a list for a hundred": {func(w *world) {
			w.crowd().join(w.t.Context(), usersOf("acme", 100)...).expectRight()
		}, 100, 1},
		"a GET for one": {func(w *world) {
			w.crowd().join(w.t.Context(), usersOf("acme", 1)...).expectRight()
		}, 1, 1},
		"two who ask for the same": {func(w *world) {
			w.crowd().join(w.t.Context(), slices.Concat(usersOf("acme", 2), usersOf("acme", 2))...).expectRight()
		}, 4, 1},
		"a list in vain, and one call for each": {func(w *world) {
			w.fail(http.StatusBadRequest, ownList)
			w.crowd().join(w.t.Context(), usersOf("acme", 5)...).expectRight()
		}, 5, 6},
		"a list that tells of some": {func(w *world) {
			w.crowd().join(w.t.Context(), walkIns(150)[94:104]...).expectRight()
		}, 10, 1 + 5},
		"nothing for a reference that is remembered": {func(w *world) {
			for range 3 {
				_, _ = w.looks.SecurityProfileExists(w.t.Context(), "cs-rep")
			}
		}, 1, 1},
		"each page of a list that is searched": {func(w *world) {
			_, _ = w.looks.APIClientsNamed(w.t.Context(), "any*")
		}, 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seed := seeded(walkIns(150)...)
				for number := range 250 {
					seed.Objects[fmt.Sprintf("apiclients/%036d", number)] = application("Some")
				}
				w := begin(t, setting{seed: seed})
				test.do(w)
				synctest.Wait()
				if looked, called := w.looked.Load(), w.called.Load(); looked != test.looked || called != test.calls {
					t.Errorf("%d looks and %d calls were counted, want %d and %d", looked, called, test.looked, test.calls)
				}
				if calls := w.calls(); len(calls) != int(test.calls) {
					t.Errorf("%d calls were made", len(calls))
				}
			})
		})
	}
}

func TestAnObserverNeedNotBeThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, setting{})
		w.looks = New(w.client, w.turns, Observer{})
		w.crowd().join(t.Context(), userKey{"acme", "walk-in"}).expectRight()
	})
}

func TestConfigsShareListsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seed := seeded(usersOf("acme", 130)...)
		for number := range 130 {
			seed.Objects[fmt.Sprintf("impersonationconfig/config-%03d", number)] = map[string]any{
				"BuyerID": "acme", "UserID": fmt.Sprintf("user-%03d", number+1), "SecurityProfileID": "cs-rep", "ClientID": storefrontID,
				"ImpersonationGroupID": "customer-service",
			}
		}
		w := begin(t, setting{seed: seed, limits: limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 1}})
		answers := make(chan outcome, 140)
		for number := range 140 {
			go func() {
				id := fmt.Sprintf("config-%03d", number)
				config, found, err := w.looks.ImpersonationConfig(t.Context(), id)
				if found && config.ID != id {
					t.Errorf("%s got %s", id, config.ID)
				}
				answers <- outcome{found: found, err: err}
			}()
		}
		found := 0
		for range 140 {
			got := <-answers
			if got.err != nil {
				t.Error(got.err)
			}
			if got.found {
				found++
			}
		}
		if calls := w.calls(); found != 130 || len(calls) != 2 {
			t.Errorf("%d are there, by %q", found, calls)
		}
	})
}

const storefrontID = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1"
