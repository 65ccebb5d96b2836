// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const configList = "/v1/impersonationconfig"

func configID(number int) string { return fmt.Sprintf("config-%03d", number) }

// withConfigs is a world with so many impersonation configs.
func withConfigs(t *testing.T, given setting, count int) *world {
	t.Helper()
	given.seed = seeded(usersOf("acme", count)...)
	for number := range count {
		given.seed.Objects["impersonationconfig/"+configID(number)] = map[string]any{
			"BuyerID": "acme", "UserID": fmt.Sprintf("user-%03d", number+1), "SecurityProfileID": "cs-rep", "ClientID": storefrontID,
			"ImpersonationGroupID": "customer-service",
		}
	}
	return begin(t, given)
}

// audience is many who look at configs at the same time, and one who wants them all.
type audience struct {
	w     *world
	group sync.WaitGroup
	ids   []string
	got   []*outcome
	every []ordercloud.ImpersonationConfig
	err   error
}

func (w *world) audience() *audience { return &audience{w: w} }

func (a *audience) ask(ctx context.Context, ids ...string) *audience {
	for _, id := range ids {
		got := &outcome{}
		a.ids, a.got = append(a.ids, id), append(a.got, got)
		a.group.Go(func() {
			config, found, err := a.w.looks.ImpersonationConfig(ctx, id)
			if found && config.ID != id {
				err = errors.New("got " + config.ID)
			}
			got.found, got.err = found, err
		})
	}
	return a
}

func (a *audience) askForAll(ctx context.Context) *audience {
	return a.askForAllIn(ctx, 0)
}

// askForAllIn asks for all in the company of those who come soon enough, and is in line
// when it returns: a hundred looks fill a batch, and do not wait for who comes later.
func (a *audience) askForAllIn(ctx context.Context, company time.Duration) *audience {
	a.group.Go(func() { a.every, a.err = a.w.looks.ImpersonationConfigs(ctx, company) })
	synctest.Wait()
	return a
}

// expectRight waits for the answers to those who asked for one.
func (a *audience) expectRight() {
	a.w.t.Helper()
	a.group.Wait()
	for index, id := range a.ids {
		_, exists := a.w.box.Object("impersonationconfig/" + id)
		if got := a.got[index]; got.err != nil || got.found != exists {
			a.w.t.Errorf("%s is found: %v, exists: %v, %v", id, got.found, exists, got.err)
		}
	}
}

func (a *audience) expectAll(count int) {
	a.w.t.Helper()
	a.group.Wait()
	isSorted := slices.IsSortedFunc(a.every, func(a, b ordercloud.ImpersonationConfig) int { return strings.Compare(a.ID, b.ID) })
	if a.err != nil || len(a.every) != count || !isSorted {
		a.w.t.Errorf("of %d configs %d were listed, sorted: %v, %v", count, len(a.every), isSorted, a.err)
	}
}

func configIDs(count int) []string {
	ids := make([]string, count)
	for number := range ids {
		ids[number] = configID(number)
	}
	return ids
}

func TestAListOfAllConfigsAnswersEverybodyWhoWaits(t *testing.T) {
	for name, test := range map[string]struct {
		there, looks int
		calls        int
	}{
		"250 looks at 250 configs": {250, 250, 3},
		"looks at a few of them":   {250, 5, 3},
		"nobody else":              {250, 0, 3},
		"a single config":          {1, 1, 1},
		"a page that is just full": {100, 100, 1},
		"none at all":              {0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := withConfigs(t, setting{}, test.there)
				sweep := asSweep(t.Context())
				asked := w.audience().askForAll(sweep).ask(sweep, configIDs(test.looks)...)
				asked.expectAll(test.there)
				asked.expectRight()
				if calls := w.calls(); len(calls) != test.calls || w.count(configList+"?") != test.calls {
					t.Errorf("%d calls: %q", len(calls), calls)
				}
				if looked, called := w.looked.Load(), w.called.Load(); looked != int64(test.looks+1) || called != int64(test.calls) {
					t.Errorf("%d looks and %d calls were counted", looked, called)
				}
			})
		})
	}
}

func TestALaterAskerIsNotAnsweredByAListThatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withConfigs(t, setting{}, 3)
		gate := w.hold(configList)
		first := w.audience().askForAll(asSweep(t.Context()))
		<-gate.held
		w.change("impersonationconfig/"+configID(1), map[string]any{"BuyerID": nil, "UserID": nil})
		changed := make(chan bool)
		go func() {
			config, found, err := w.looks.ImpersonationConfig(asSweep(t.Context()), configID(1))
			changed <- err == nil && found && config.BuyerID == nil
		}()
		<-gate.held
		close(gate.opened)
		if !<-changed {
			t.Error("the look shows what was before it")
		}
		if first.expectAll(3); first.every[1].BuyerID == nil {
			t.Error("the list that was under way shows the change: the test proves nothing")
		}
	})
}

func TestAnEditDoesNotWaitForTheListOfAll(t *testing.T) {
	for name, test := range map[string]struct {
		// all as those who ask for all do.
		all func(context.Context) context.Context
		// want are the first calls: how many IDs they name, 0 for the list of all.
		want []int
	}{
		"that of a sweep":              {asSweep, []int{3, 0, 0, 0}},
		"that of a person, who waited": {func(ctx context.Context) context.Context { return ctx }, []int{0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := withConfigs(t, setting{limits: limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 1}}, 250)
				release := w.occupy()
				asked := w.audience().askForAll(test.all(t.Context()))
				synctest.Wait()
				time.Sleep(time.Second)
				asked.ask(asSweep(t.Context()), configIDs(2)...).ask(t.Context(), configID(2))
				synctest.Wait()
				release()
				asked.expectAll(250)
				asked.expectRight()
				var got []int
				for _, call := range w.calls() {
					parsed, err := url.Parse(call)
					if err != nil {
						t.Fatal(err)
					}
					if ids := parsed.Query().Get("ID"); ids == "" || strings.HasPrefix(ids, ">") {
						got = append(got, 0)
					} else {
						got = append(got, len(strings.Split(ids, "|")))
					}
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("got %v, want %v: %q", got, test.want, w.calls())
				}
			})
		})
	}
}

func TestAListOfAllThatFailsConcernsNobodyElse(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(w *world)
		is    func(error) bool
		// calls besides those for the list of all.
		calls int
	}{
		"it is refused": {func(w *world) {
			w.box.Inject(sandbox.Fault{Path: configList, Status: http.StatusForbidden, Count: 1})
		}, ordercloud.IsForbidden, 2},
		"its second page fails": {func(w *world) {
			failSecondPage(w, http.StatusInternalServerError)
		}, ordercloud.IsUnavailable, 2},
		"its second page cannot be read": {func(w *world) {
			next := w.answers(nil)
			w.answers(func(request *http.Request) (*http.Response, error) {
				if isSecondPage(request) {
					request = request.Clone(request.Context())
					request.URL.RawQuery = "page=1&pageSize=100&sortBy=ID" // the first one again
				}
				return next(request)
			})
		}, ordercloud.IsUnavailable, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := withConfigs(t, setting{}, 150)
				test.spoil(w)
				sweep := asSweep(t.Context())
				asked := w.audience().askForAll(sweep).ask(sweep, configIDs(152)...)
				asked.expectRight()
				if !test.is(asked.err) || len(asked.every) != 0 {
					t.Errorf("%d are listed, %v", len(asked.every), asked.err)
				}
				if byID := w.count("?ID=config"); byID != test.calls || w.count("/config-") != 0 {
					t.Errorf("got %q", w.calls())
				}
			})
		})
	}
}

func isSecondPage(request *http.Request) bool {
	return request.URL.Path == configList && strings.HasPrefix(request.URL.Query().Get("ID"), ">")
}

func failSecondPage(w *world, status int) {
	next := w.answers(nil)
	w.answers(func(request *http.Request) (*http.Response, error) {
		if !isSecondPage(request) {
			return next(request)
		}
		w.fail(status, configList)
		defer w.box.ClearFaults()
		return next(request)
	})
}

func TestAnOutageBetweenTwoPagesIsEverybodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withConfigs(t, setting{}, 150)
		failSecondPage(w, http.StatusTooManyRequests)
		sweep := asSweep(t.Context())
		asked := w.audience().askForAll(sweep).ask(sweep, configIDs(150)...)
		asked.group.Wait()
		for index, got := range asked.got {
			if !ordercloud.IsRateLimited(got.err) {
				t.Errorf("%s got %v", asked.ids[index], got.err)
			}
		}
		if !ordercloud.IsRateLimited(asked.err) {
			t.Errorf("who asked for all got %v", asked.err)
		}
		if calls := w.calls(); len(calls) != 1+4 { // what is turned away is sent four times
			t.Errorf("got %q", calls)
		}
	})
}

func TestOnlyWhoWasAskedForIsMissing(t *testing.T) {
	for name, test := range map[string]struct {
		ask []string
		// then are the calls after the list of all.
		then []string
	}{
		"one that the list leaves out":     {[]string{configID(1)}, []string{"/v1/impersonationconfig/config-001"}},
		"several, some of them not there":  {[]string{configID(1), configID(2), "none"}, []string{"/v1/impersonationconfig?ID=config-001|config-002|none&pageSize=100"}},
		"one in another letter case":       {[]string{"CONFIG-000"}, []string{"/v1/impersonationconfig/CONFIG-000"}},
		"nobody, when everybody is listed": {[]string{configID(0), configID(3)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := withConfigs(t, setting{}, 4)
				next := w.answers(nil)
				w.answers(func(request *http.Request) (*http.Response, error) {
					if request.URL.Path == configList && request.URL.Query().Get("ID") == "" {
						request = request.Clone(request.Context())
						request.URL.RawQuery += "&ID=config-000|config-003"
					}
					return next(request)
				})
				sweep := asSweep(t.Context())
				asked := w.audience().askForAll(sweep).ask(sweep, test.ask...)
				asked.expectRight()
				calls := w.calls()
				for index, call := range calls {
					ids := idsOf(w, call)
					slices.Sort(ids)
					calls[index] = strings.Replace(call, strings.Join(idsOf(w, call), "|"), strings.Join(ids, "|"), 1)
				}
				if !slices.Equal(calls[1:], test.then) {
					t.Errorf("got %q", calls)
				}
			})
		})
	}
}

func TestWhoLeavesTakesTheListOfAllAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withConfigs(t, setting{latency: time.Second}, 250)
		ctx, leave := context.WithCancel(asSweep(t.Context()))
		asked := w.audience().askForAll(ctx)
		time.Sleep(3500 * time.Millisecond) // a token, a page and a half
		leave()
		asked.group.Wait()
		time.Sleep(time.Minute)
		if calls := w.calls(); !hasLeft(asked.err) || len(calls) != 3 {
			t.Errorf("%v after %q", asked.err, calls)
		}
	})
}

func TestWhoWantsAllWaitsForCompany(t *testing.T) {
	for name, test := range map[string]struct {
		company time.Duration
		// after are when others look, counted from when somebody wants all.
		after []time.Duration
		edit  bool
		// want is when which calls are made: how many IDs they name.
		want []string
	}{
		"as long as it says, if nobody comes":          {2 * time.Second, nil, false, []string{"2s: all"}},
		"and who comes waits no longer than otherwise": {2 * time.Second, []time.Duration{time.Second}, false, []string{"1.25s: all"}},
		"nor do those who come one after the other": {
			2 * time.Second, []time.Duration{time.Second, 1030 * time.Millisecond}, false, []string{"1.28s: all"},
		},
		"who comes too late is by itself": {
			2 * time.Second, []time.Duration{2100 * time.Millisecond}, false, []string{"2s: all", "2.35s: 1"},
		},
		"an edit goes alone, and it waits on": {
			2 * time.Second, []time.Duration{time.Second}, true, []string{"1.04s: 1", "2s: all"},
		},
		"as anybody else, if it says nothing": {0, nil, false, []string{"250ms: all"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := withConfigs(t, setting{}, 5)
				begun := time.Now()
				asked := w.audience().askForAllIn(asSweep(t.Context()), test.company)
				ctx := asSweep(t.Context())
				if test.edit {
					ctx = t.Context()
				}
				for number, after := range test.after {
					time.Sleep(after - time.Since(begun))
					asked.ask(ctx, configID(number))
				}
				asked.expectAll(5)
				asked.expectRight()
				var got []string
				for _, request := range w.box.Requests() {
					if what, isLook := strings.CutPrefix(request.Path, configList); isLook {
						names := "all"
						if !strings.HasPrefix(what, "?") {
							names = "1"
						}
						got = append(got, fmt.Sprintf("%s: %s", request.Time.Sub(begun), names))
					}
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("got %q, want %q", got, test.want)
				}
			})
		})
	}
}
