// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
)

func TestLooksThatWaitTogetherShareLists(t *testing.T) {
	for name, roles := range map[string][]string{"that may list across buyers": nil, "that may not": ofBuyerOnly} {
		t.Run("for a token "+name, func(t *testing.T) {
			keys := usersOf("acme", 250)
			w := begin(t, setting{
				seed: seeded(keys[:240]...), roles: roles, overHTTP: true,
				limits: limiter.Limits{RequestsPerSecond: 1000, Concurrency: 1},
			})
			release := w.occupy()
			looks := w.crowd().join(t.Context(), keys...).untilWaiting(250)
			release()
			looks.expectRight()
			var asked []string
			calls := w.calls()
			for _, call := range calls {
				if !strings.HasPrefix(call, "/v1/buyers/acme/users?ID=") || len(idsOf(w, call)) > 100 {
					t.Errorf("asked for %s", call)
				}
				asked = append(asked, idsOf(w, call)...)
			}
			if slices.Sort(asked); len(calls) != 3 || len(asked) != 250 || len(slices.Compact(asked)) != 250 {
				t.Errorf("%d calls asked for %d IDs", len(calls), len(asked))
			}
		})
	}
}

func TestUsersAreListedAcrossBuyersByWhoMay(t *testing.T) {
	for name, test := range map[string]struct {
		roles  []string
		path   string
		across bool
	}{
		"a reader of users may":      {[]string{"BuyerUserReader"}, "/v1/buyerusers?", true},
		"and who may everything":     {[]string{"FullAccess"}, "/v1/buyerusers?", true},
		"an admin of users may not":  {[]string{"BuyerUserAdmin"}, "/v1/buyers/", false},
		"but an admin who reads may": {[]string{"BuyerUserAdmin", "BuyerUserReader"}, "/v1/buyerusers?", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := spread(100, 3)
				seed := seeded(keys[:290]...)
				seed.Objects["securityprofiles/operator"]["Roles"] = test.roles
				w := begin(t, setting{seed: seed, roles: test.roles})
				w.crowd().join(t.Context(), keys...).expectRight()
				want := 100
				if test.across {
					want = 3
				}
				if calls := w.calls(); len(calls) != want || w.count(test.path) != want {
					t.Errorf("%d calls, the first %q, want %d to %s", len(calls), calls[0], want, test.path)
				}
			})
		})
	}
}

func TestEqualIDsOfSeveralBuyersAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var there, asked []userKey
		for buyer := range 10 {
			buyerID := fmt.Sprintf("buyer-%d", buyer)
			users := usersOf(buyerID, 10)
			there = append(there, users[:10-buyer]...) // each buyer lacks others
			asked = append(asked, users...)
		}
		asked = append(asked, userKey{"no-such-buyer", "user-001"})
		w := begin(t, setting{seed: seeded(there...)})
		w.crowd().join(t.Context(), asked...).expectRight()
		if w.count("/v1/buyerusers?") == 0 {
			t.Errorf("got %q", w.calls())
		}
	})
}

func TestABuyerWhoseUsersFillAListHasItsOwn(t *testing.T) {
	for name, test := range map[string]struct {
		ofFirst int
		want    []string
	}{
		"a hundred":   {100, []string{"/v1/buyers/acme/users?", "/v1/buyerusers?"}},
		"ninety-nine": {99, []string{"/v1/buyerusers?", "/v1/buyerusers?"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of, others := usersOf("acme", test.ofFirst), spread(40, 1)
				w := begin(t, setting{seed: seeded(slices.Concat(of, others)...), limits: limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 1}})
				release := w.occupy()
				looks := w.crowd().join(t.Context(), of...).settle().join(t.Context(), others...).settle()
				release()
				looks.expectRight()
				calls := w.calls()
				if !slices.EqualFunc(calls, test.want, strings.HasPrefix) {
					t.Errorf("got %q", calls)
				}
			})
		})
	}
}

func TestNoURLIsTooLong(t *testing.T) {
	long := func(start string) string { return start + strings.Repeat("x", 100-len(start)) }
	var ofOne, ofLong, ofMany []userKey
	var ids, names []string
	for index := range 60 {
		id := long(fmt.Sprintf("id-%03d-", index))
		ids, names = append(ids, id), append(names, fmt.Sprintf("%03d", index)+strings.Repeat(" ü", 4))
		ofOne = append(ofOne, userKey{"acme", id})
		ofLong = append(ofLong, userKey{long("buyer"), id})
		ofMany = append(ofMany, userKey{fmt.Sprint("buyer-", index), id})
	}
	for name, test := range map[string]struct {
		users []userKey
		names []string
		ids   []string
		roles []string
	}{
		"users of one buyer":                         {users: ofOne, roles: ofBuyerOnly},
		"users of a buyer with a long ID":            {users: ofLong, roles: ofBuyerOnly},
		"users of a buyer who could be asked across": {users: ofLong},
		"users of many buyers":                       {users: ofMany},
		"configs":                                    {ids: ids},
		"applications":                               {names: names},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seed := seeded(test.users...)
				for number := range 120 { // more than one page of them
					seed.Objects[fmt.Sprintf("apiclients/%036d", number)] = application(names[0])
				}
				w := begin(t, setting{seed: seed, roles: test.roles})
				var group sync.WaitGroup
				for _, id := range test.ids {
					group.Go(func() { _, _, _ = w.looks.ImpersonationConfig(t.Context(), id) })
				}
				for _, name := range test.names {
					group.Go(func() { _, _ = w.looks.APIClientsNamed(t.Context(), name) })
				}
				w.crowd().join(t.Context(), test.users...).expectRight()
				group.Wait()
				for _, request := range w.box.Requests() {
					if length := len(w.url + request.Path); length >= 2000 {
						t.Errorf("%d characters: %.60s", length, request.Path)
					}
				}
				if calls := len(w.calls()); calls == 0 || calls > 4 {
					t.Errorf("%d calls", calls)
				}
			})
		})
	}
}

func application(name string) map[string]any {
	return map[string]any{"AppName": name, "Active": true, "AccessTokenDuration": 600, "AllowAnyBuyer": true}
}
