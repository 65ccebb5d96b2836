// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// walkIns are users of one ID in many buyers.
func walkIns(buyers int) []userKey {
	keys := make([]userKey, buyers)
	for index := range keys {
		keys[index] = userKey{fmt.Sprintf("buyer-%03d", index+1), "walk-in"}
	}
	return keys
}

func TestNobodyIsTakenForMissingWhereManyBuyersHaveTheSameID(t *testing.T) {
	others := spread(40, 1)
	for index := range others {
		others[index].userID = "zoe-" + others[index].userID // behind all walk-ins
	}
	for name, test := range map[string]struct{ asked []userKey }{
		"some are asked for, and others too":       {slices.Concat(walkIns(150)[90:120], others)},
		"as many are asked for as a page holds":    {walkIns(150)[40:140]},
		"one that has no place, and one that does": {walkIns(150)[98:100]},
		"some who are not there":                   {slices.Concat(walkIns(200)[145:155], others)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := begin(t, setting{seed: seeded(slices.Concat(walkIns(150), others[:35])...)})
				w.crowd().join(t.Context(), test.asked...).expectRight()
				if w.count("/v1/buyerusers?") == 0 {
					t.Errorf("nobody asked across buyers: %q", w.calls())
				}
				w.box.ResetStats()
				w.crowd().join(t.Context(), test.asked...).expectRight()
				for _, call := range w.calls() {
					if strings.Contains(call, "buyerusers?") && slices.Contains(idsOf(w, call), "walk-in") {
						t.Errorf("asked again across buyers: %s", call)
					}
				}
			})
		})
	}
}

func TestWhoHasNoPlaceHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := walkIns(150)[89:119] // acme has one as well, and comes first
		w := begin(t, setting{seed: seeded(walkIns(150)...), latency: 20 * time.Millisecond})
		placed, displaced := w.crowd().join(t.Context(), asked[:10]...), w.crowd().join(t.Context(), asked[10:]...)
		begun := time.Now()
		placed.expectRight()
		if took := time.Since(begun); took != ofEdits.quiet+20*time.Millisecond {
			t.Errorf("whoever had a place waited %s", took)
		}
		displaced.expectRight()
		// The list, and then 20 looks in 8 slots.
		if took := time.Since(begun); took != ofEdits.quiet+(1+3)*20*time.Millisecond {
			t.Errorf("whoever had none waited %s", took)
		}
	})
}

func TestAFailureOfOneWhoHasNoPlaceIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := walkIns(150)[94:104]
		w := begin(t, setting{seed: seeded(walkIns(150)...)})
		w.fail(http.StatusTooManyRequests, "/v1/buyers/buyer-103/users/walk-in")
		looks := w.crowd().join(t.Context(), asked...)
		looks.group.Wait()
		for index, key := range asked {
			if key.buyerID != "buyer-103" {
				looks.expectRightAt(index)
			} else if looks.got[index].err == nil {
				t.Errorf("%v got no error", key)
			}
		}
		if calls := w.calls(); len(calls) != 1+4+4 { // the one that is turned away is sent four times
			t.Errorf("%d calls: %q", len(calls), calls)
		}
	})
}

// withoutCase answers like a marketplace that takes IDs in any letter case for the
// same: whoever asks for jdoe gets JDoe.
func withoutCase(next roundTrip) roundTrip {
	return func(request *http.Request) (*http.Response, error) {
		request = request.Clone(request.Context())
		request.URL.RawQuery = strings.ReplaceAll(request.URL.RawQuery, "jdoe", "JDoe")
		request.URL.Path = strings.Replace(request.URL.Path, "jdoe", "JDoe", 1)
		return next(request)
	}
}

func TestAnIDInAnotherLetterCaseIsAskedForByItself(t *testing.T) {
	there := userKey{"acme", "JDoe"}
	asked := userKey{"acme", "jdoe"}
	for name, test := range map[string]struct {
		roles        []string
		ignoresCase  bool
		beside, path string
	}{
		"in one buyer, where both are the same":    {ofBuyerOnly, true, "acme", "/v1/buyers/acme/users?"},
		"in one buyer, where they differ":          {ofBuyerOnly, false, "acme", "/v1/buyers/acme/users?"},
		"across buyers, where both are the same":   {nil, true, "globex", "/v1/buyerusers?"},
		"across buyers, where both are others' ID": {nil, false, "globex", "/v1/buyerusers?"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				beside := userKey{test.beside, "beside"}
				w := begin(t, setting{seed: seeded(there, beside), roles: test.roles})
				lists := w.answers(nil)
				w.answers(func(request *http.Request) (*http.Response, error) {
					isList := strings.HasSuffix(request.URL.Path, "users")
					if isAPI(request) && (test.ignoresCase || isList) {
						return withoutCase(lists)(request)
					}
					return lists(request)
				})
				looks := w.crowd().join(t.Context(), asked, beside)
				looks.group.Wait()
				if got := looks.got[0]; got.err != nil || got.found != test.ignoresCase || got.found && got.user.ID != "JDoe" {
					t.Errorf("found %v %q: %v", got.found, got.user.ID, got.err)
				}
				looks.expectRightAt(1)
				calls := w.calls()
				if len(calls) != 2 || !strings.HasPrefix(calls[0], test.path) || !strings.EqualFold(calls[1], "/v1/buyers/acme/users/jdoe") {
					t.Errorf("got %q", calls)
				}
			})
		})
	}
}
