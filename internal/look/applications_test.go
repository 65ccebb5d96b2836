// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	firstID  = "00000000-0000-0000-0000-000000000001"
	secondID = "00000000-0000-0000-0000-000000000002"
)

// withApplications is a world whose API clients have the IDs and names.
func withApplications(t *testing.T, given setting, names map[string]string) *world {
	t.Helper()
	given.seed = seeded()
	for id, name := range names {
		given.seed.Objects["apiclients/"+id] = application(name)
	}
	return begin(t, given)
}

// named looks for names at the same time.
func (w *world) named(ctx context.Context, names ...string) map[string][]string {
	w.t.Helper()
	var group sync.WaitGroup
	var lock sync.Mutex
	found := map[string][]string{}
	for _, name := range names {
		group.Go(func() {
			ids, err := w.looks.APIClientsNamed(ctx, name)
			if err != nil {
				w.t.Errorf("%q: %v", name, err)
			}
			lock.Lock()
			defer lock.Unlock()
			found[name] = ids
		})
	}
	group.Wait()
	return found
}

func TestApplicationsAreFoundByTheirExactNames(t *testing.T) {
	for name, test := range map[string]struct {
		there map[string]string
		ask   string
		want  []string
	}{
		"one of that name":               {map[string]string{firstID: "Shop"}, "Shop", []string{firstID}},
		"none of that name":              {map[string]string{firstID: "Shop"}, "Sho", nil},
		"two of one name":                {map[string]string{firstID: "Shop", secondID: "Shop"}, "Shop", []string{firstID, secondID}},
		"not in another letter case":     {map[string]string{firstID: "Shop", secondID: "SHOP"}, "Shop", []string{firstID}},
		"with a star in it":              {map[string]string{firstID: "S*p", secondID: "Shop"}, "S*p", []string{firstID}},
		"with what separates names":      {map[string]string{firstID: "Shop|Till", secondID: "Till"}, "Shop|Till", []string{firstID}},
		"with what negates":              {map[string]string{firstID: "!Shop", secondID: "Till"}, "!Shop", []string{firstID}},
		"with what means before":         {map[string]string{firstID: "<Shop", secondID: "Ape"}, "<Shop", []string{firstID}},
		"with what means after":          {map[string]string{firstID: ">Shop", secondID: "Till"}, ">Shop", []string{firstID}},
		"with an ampersand and a letter": {map[string]string{firstID: "Käse & Co = 1+1", secondID: "Käse "}, "Käse & Co = 1+1", []string{firstID}},
	} {
		t.Run(name, func(t *testing.T) {
			w := withApplications(t, setting{overHTTP: true}, test.there)
			if got := w.named(t.Context(), test.ask)[test.ask]; !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			isFiltered := w.count("AppName=") == 1
			if calls := w.calls(); len(calls) != 1 || isFiltered == strings.ContainsAny(test.ask, "*|!<>") {
				t.Errorf("asked %q", calls)
			}
		})
	}
}

func TestSeveralNamesAreLookedForInOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withApplications(t, setting{}, map[string]string{firstID: "Shop", secondID: "T*ll"})
		got := w.named(t.Context(), "Storefront", "T*ll", "Shop", "Till")
		for name, want := range map[string][]string{"Shop": {firstID}, "Storefront": {storefrontID}, "Till": nil, "T*ll": {secondID}} {
			if !slices.Equal(got[name], want) {
				t.Errorf("%s got %q, want %q", name, got[name], want)
			}
		}
		if calls := w.calls(); len(calls) != 2 || w.count("AppName=") != 1 || w.count("T*ll") != 0 {
			t.Errorf("asked %q", calls)
		}
	})
}

func TestAnApplicationWhoseListFailsIsAskedForByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withApplications(t, setting{}, map[string]string{firstID: "Shop", secondID: "Till"})
		next := w.answers(nil)
		w.answers(func(request *http.Request) (*http.Response, error) {
			if name := request.URL.Query().Get("AppName"); strings.Contains(name, "|") {
				request = request.Clone(request.Context())
				request.URL.RawQuery = "AppName=&bad=1"
			}
			return next(request)
		})
		got := w.named(t.Context(), "Shop", "Till")
		if len(got["Shop"]) != 1 || len(got["Till"]) != 1 || len(w.calls()) != 3 {
			t.Errorf("got %v by %q", got, w.calls())
		}
	})
}

func TestReferencesAreRememberedForAWhile(t *testing.T) {
	for name, test := range map[string]struct {
		// interval at which objects are compared; 0 is not told.
		interval time.Duration
		// rate of requests in a second.
		rate float64
		ask  string
		// remembered is for how long.
		remembered time.Duration
	}{
		"15 seconds":                        {0, 0, "Shop", 15 * time.Second},
		"no longer at a long interval":      {time.Hour, 20, "Shop", 15 * time.Second},
		"longer where requests are scarce":  {time.Hour, 1, "Shop", 300 * time.Second},
		"but half of the interval there":    {time.Minute, 1, "Shop", 30 * time.Second},
		"half of a short interval":          {10 * time.Second, 10, "Shop", 5 * time.Second},
		"a second when missing":             {0, 0, "Till", time.Second},
		"half a second when it is missing":  {time.Second, 10, "Till", 500 * time.Millisecond},
		"not at all where nothing is to be": {time.Nanosecond, 10, "Shop", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := withApplications(t, setting{}, map[string]string{firstID: "Shop"})
				if test.interval > 0 {
					w.looks.SetPace(test.interval, test.rate)
				}
				ask := func(want int) {
					t.Helper()
					w.named(t.Context(), test.ask)
					if _, err := w.looks.SecurityProfileExists(t.Context(), strings.ToLower(test.ask)+"per"); err != nil {
						t.Error(err)
					}
					if calls := w.count("/v1/apiclients"); calls != want {
						t.Errorf("%d calls, want %d", calls, want)
					}
				}
				begun := time.Now()
				ask(1)
				if test.remembered > 0 {
					time.Sleep(test.remembered - time.Nanosecond - time.Since(begun))
					ask(1)
					time.Sleep(time.Nanosecond)
				}
				ask(2)
			})
		})
	}
}

func TestSecurityProfilesAreRememberedLikeApplications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, setting{})
		w.looks.SetPace(10*time.Second, 10)
		expect := func(id string, want bool, calls int) {
			t.Helper()
			exists, err := w.looks.SecurityProfileExists(t.Context(), id)
			if err != nil || exists != want || w.count("securityprofiles") != calls {
				t.Errorf("%s: %v %v by %q", id, exists, err, w.calls())
			}
		}
		expect("shopper", true, 1)
		expect("none", false, 2)
		time.Sleep(2 * time.Second)
		expect("shopper", true, 2)
		expect("none", false, 3)
		time.Sleep(4 * time.Second)
		expect("shopper", true, 4)
		w.looks.ForgetReferences()
		expect("shopper", true, 5)
	})
}

func TestWhoAsksAfreshGetsNothingFromBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withApplications(t, setting{}, map[string]string{firstID: "Shop"})
		w.named(t.Context(), "Shop", "Till")
		w.change("apiclients/"+firstID, map[string]any{"AppName": "Till"})
		if got := w.named(t.Context(), "Shop")["Shop"]; len(got) != 1 {
			t.Errorf("not remembered: %q", got)
		}
		fresh := Fresh(t.Context())
		if got := w.named(fresh, "Shop", "Till"); len(got["Shop"]) != 0 || len(got["Till"]) != 1 {
			t.Errorf("got %q", got)
		}
		before := len(w.calls())
		// What it has found is remembered, for it and for others.
		for _, ctx := range []context.Context{fresh, t.Context()} {
			if got := w.named(ctx, "Till")["Till"]; len(got) != 1 {
				t.Errorf("got %q", got)
			}
		}
		if after := len(w.calls()); after != before {
			t.Errorf("asked %d times more", after-before)
		}
	})
}

func TestWhatIsForgottenIsAskedForAgain(t *testing.T) {
	for name, isUnderWay := range map[string]bool{"after the answer": false, "while the answer is on its way": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := withApplications(t, setting{}, map[string]string{firstID: "Shop"})
				gate := w.hold("/v1/apiclients")
				answered := make(chan []string)
				go func() { answered <- w.named(t.Context(), "Shop")["Shop"] }()
				<-gate.held
				w.change("apiclients/"+firstID, map[string]any{"AppName": "Till"})
				if isUnderWay {
					w.looks.ForgetReferences()
				}
				close(gate.opened)
				if got := <-answered; len(got) != 1 {
					t.Errorf("the first answer is %q", got)
				}
				if !isUnderWay {
					w.looks.ForgetReferences()
				}
				if got := w.named(t.Context(), "Shop")["Shop"]; len(got) != 0 {
					t.Errorf("remembered %q", got)
				}
			})
		})
	}
}

func TestALateAnswerDoesNotReplaceANewerOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withApplications(t, setting{}, map[string]string{firstID: "Shop"})
		gate := w.hold("/v1/apiclients")
		late := make(chan []string)
		go func() { late <- w.named(t.Context(), "Shop")["Shop"] }()
		<-gate.held
		w.change("apiclients/"+firstID, map[string]any{"AppName": "Till"})
		w.change("apiclients/"+storefrontID, map[string]any{"AppName": "Shop"})
		w.answers(inMemory(w.box))
		if got := w.named(t.Context(), "Shop")["Shop"]; !slices.Equal(got, []string{storefrontID}) {
			t.Errorf("got %q", got)
		}
		close(gate.opened)
		<-late
		if got := w.named(t.Context(), "Shop")["Shop"]; !slices.Equal(got, []string{storefrontID}) {
			t.Errorf("afterwards %q", got)
		}
	})
}

func TestAFailureIsNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withApplications(t, setting{}, map[string]string{firstID: "Shop"})
		w.fail(http.StatusForbidden, "/v1/apiclients")
		if ids, err := w.looks.APIClientsNamed(t.Context(), "Shop"); err == nil {
			t.Errorf("got %q", ids)
		}
		w.box.ClearFaults()
		if got := w.named(t.Context(), "Shop")["Shop"]; len(got) != 1 {
			t.Errorf("got %q", got)
		}
	})
}
