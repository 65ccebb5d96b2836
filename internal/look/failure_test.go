// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// fail lets requests for a path be answered with a status until they are told to
// stop.
func (w *world) fail(status int, path string) {
	w.box.Inject(sandbox.Fault{Status: status, Path: path})
}

// rewrite changes the answers to requests for a path.
func (w *world) rewrite(path string, change func(status int, body string) (int, string)) {
	next := w.answers(nil)
	w.answers(func(request *http.Request) (*http.Response, error) {
		response, err := next(request)
		if err != nil || request.URL.Path != path {
			return response, err
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		status, changed := change(response.StatusCode, string(body))
		response.StatusCode, response.Body = status, io.NopCloser(strings.NewReader(changed))
		return response, nil
	})
}

// ignoreFilter answers requests for a path as if they had none.
func (w *world) ignoreFilter(path string) {
	next := w.answers(nil)
	w.answers(func(request *http.Request) (*http.Response, error) {
		if request.URL.Path == path {
			request = request.Clone(request.Context())
			request.URL.RawQuery = "pageSize=100"
		}
		return next(request)
	})
}

// inBetween is the answer of something that is not OrderCloud.
func inBetween(status int) func(int, string) (int, string) {
	return func(int, string) (int, string) { return status, "<html>no" }
}

const (
	ownList    = "/v1/buyers/acme/users"
	acrossList = "/v1/buyerusers"
)

func TestAListThatFailsIsMadeUpForOneByOne(t *testing.T) {
	for name, test := range map[string]struct {
		list  string
		spoil func(w *world)
	}{
		"it fails":                        {ownList, func(w *world) { w.fail(http.StatusInternalServerError, ownList) }},
		"it is refused":                   {ownList, func(w *world) { w.fail(http.StatusBadRequest, ownList) }},
		"it is cut short":                 {ownList, func(w *world) { w.box.Inject(sandbox.Fault{Kind: sandbox.FaultMalformedBody, Path: ownList}) }},
		"its URL is too long for a proxy": {ownList, func(w *world) { w.rewrite(ownList, inBetween(http.StatusRequestURITooLong)) }},
		"or for the host":                 {ownList, func(w *world) { w.rewrite(ownList, inBetween(http.StatusNotFound)) }},
		"it ignores the filter":           {ownList, func(w *world) { w.ignoreFilter(ownList) }},
		"across buyers, it fails":         {acrossList, func(w *world) { w.fail(http.StatusInternalServerError, acrossList) }},
		"across buyers, it is refused":    {acrossList, func(w *world) { w.fail(http.StatusBadRequest, acrossList) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				there, asked := manyAndAFew()
				if test.list == ownList {
					asked = asked[:7]
				}
				failing := 1
				w := begin(t, setting{seed: seeded(there...)})
				test.spoil(w)
				w.fail(http.StatusConflict, ownList+"/"+asked[failing].userID)
				looks := w.crowd().join(t.Context(), asked...)
				looks.group.Wait()
				for index := range asked {
					if index != failing {
						looks.expectRightAt(index)
					} else if err := looks.got[index].err; !ordercloud.IsInvalid(err) {
						t.Errorf("%v got %v", asked[index], err)
					}
				}
				if calls := w.calls(); len(calls) != 1+len(asked) || w.count(test.list+"?") != 1 {
					t.Errorf("%d calls: %q", len(calls), calls)
				}
			})
		})
	}
}

// manyAndAFew are the users of two buyers and some of them, three of whom are not
// there.
func manyAndAFew() (there, asked []userKey) {
	there = append(usersOf("acme", 140), userKey{"globex", "gloria"})
	asked = slices.Concat(usersOf("acme", 142)[135:], []userKey{there[140], {"globex", "user-137"}})
	return there, asked
}

func TestAListAcrossBuyersThatCannotBeUsedIsNotTriedAgainForMinutes(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(w *world)
		// calls are those by which the others are found out.
		calls int
	}{
		"it is forbidden":       {func(w *world) { w.fail(http.StatusForbidden, acrossList) }, 9},
		"it ignores the filter": {func(w *world) { w.ignoreFilter(acrossList) }, 2},
		"it names no buyer": {func(w *world) {
			w.rewrite(acrossList, func(status int, body string) (int, string) {
				return status, strings.ReplaceAll(body, `"CompanyID":"globex"`, `"CompanyID":null`)
			})
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				there, asked := manyAndAFew()
				w := begin(t, setting{seed: seeded(there...)})
				test.spoil(w)
				w.crowd().join(t.Context(), asked...).expectRight()
				if calls := w.calls(); len(calls) != 1+test.calls || w.count(acrossList+"?") != 1 {
					t.Errorf("%d calls: %q", len(calls), calls)
				}
				w.box.ResetStats()
				w.crowd().join(t.Context(), asked...).expectRight()
				if calls := w.calls(); len(calls) != 2 || w.count(acrossList+"?") != 0 {
					t.Errorf("and then %q", calls)
				}
				time.Sleep(relearnAfter)
				w.box.ResetStats()
				w.crowd().join(t.Context(), asked...).expectRight()
				if w.count(acrossList+"?") != 1 {
					t.Error("it was never tried again")
				}
			})
		})
	}
}

func TestAnIDThatNoneCanBeIsTheTroubleOfWhoAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := usersOf("acme", 5)
		w := begin(t, setting{seed: seeded(keys...)})
		looks := w.crowd().join(t.Context(), append(keys, userKey{"acme", "no ID"})...)
		looks.group.Wait()
		for index := range keys {
			looks.expectRightAt(index)
		}
		if err := looks.got[len(keys)].err; !ordercloud.IsInvalid(err) {
			t.Errorf("got %v", err)
		}
	})
}

// everybodys is a failure that meets every call alike.
type everybodys struct {
	spoil func(w *world)
	is    func(error) bool
	// calls are how often the marketplace is asked all the same, tokens aside.
	calls int
}

// instead answers every look with that.
func instead(status int, body string) func(w *world) {
	return func(w *world) {
		next := w.answers(nil)
		w.answers(func(request *http.Request) (*http.Response, error) {
			response, err := next(request)
			if err == nil && request.URL.Path != "/oauth/token" {
				response.StatusCode, response.ContentLength = status, int64(len(body))
				response.Body = io.NopCloser(strings.NewReader(body))
			}
			return response, err
		})
	}
}

func failuresOfAll() map[string]everybodys {
	status := func(status int) func(w *world) {
		return func(w *world) { w.fail(status, "/v1/**") }
	}
	return map[string]everybodys{
		"the request to slow down":      {status(http.StatusTooManyRequests), ordercloud.IsRateLimited, 4},
		"an outage, after three trials": {status(http.StatusServiceUnavailable), ordercloud.IsUnavailable, 3},
		"an outage that says how long": {func(w *world) {
			w.box.Inject(sandbox.Fault{Path: "/v1/**", Status: http.StatusServiceUnavailable, RetryAfter: time.Second})
		}, ordercloud.IsUnavailable, 1},
		"a bad gateway": {status(http.StatusBadGateway), ordercloud.IsUnavailable, 3},
		"maintenance, whatever the status": {func(w *world) {
			w.box.Inject(sandbox.Fault{Path: "/v1/**", Status: http.StatusInternalServerError, Code: answer.CodeAPIOffline})
		}, ordercloud.IsUnavailable, 1},
		"a time-out": {status(http.StatusRequestTimeout), ordercloud.IsUnavailable, 1},
		// These may be the list's alone, which one look by itself tells.
		"a redirect":             {status(http.StatusFound), ordercloud.IsUnavailable, 2},
		"a role that is missing": {status(http.StatusForbidden), ordercloud.IsForbidden, 2},
		"a failure of its own":   {status(http.StatusInternalServerError), ordercloud.IsUnavailable, 2},
		"a page with 200":        {instead(http.StatusOK, "<html>log in</html>"), ordercloud.IsUnavailable, 2},
		"a page with 400":        {instead(http.StatusBadRequest, "<html>bad request</html>"), ordercloud.IsUnavailable, 2},
		"a page with 403":        {instead(http.StatusForbidden, "<html>forbidden</html>"), ordercloud.IsUnavailable, 2},
		"a page with 404":        {instead(http.StatusNotFound, "<html>not found</html>"), ordercloud.IsUnavailable, 2},
		"nothing in JSON":        {instead(http.StatusOK, "{}"), ordercloud.IsUnavailable, 2},
		"half an answer":         {instead(http.StatusOK, `{"Items":[{"ID":"us`), ordercloud.IsUnavailable, 2},
		"a dropped answer":       {func(w *world) { w.box.Inject(sandbox.Fault{Path: "/v1/**", Kind: sandbox.FaultDropConnection}) }, ordercloud.IsUnavailable, 3},
		"a refused token":        {status(http.StatusUnauthorized), ordercloud.IsUnauthorized, 2},
		"refused credentials":    {func(w *world) { w.fail(http.StatusUnauthorized, "/oauth/token") }, ordercloud.IsCredentialsRefused, 0},
		"no token to be had":     {func(w *world) { w.fail(http.StatusInternalServerError, "/oauth/token") }, ordercloud.IsUnavailable, 0},
		"a refused connection": {func(w *world) {
			w.answers(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED })
		}, func(err error) bool { return ordercloud.IsUnavailable(err) && errors.Is(err, syscall.ECONNREFUSED) }, 0},
	}
}

func TestWhatMeetsEveryCallAlikeIsEverybodysAtOnce(t *testing.T) {
	for name, test := range failuresOfAll() {
		for kind, asked := range map[string][]userKey{"of one buyer": usersOf("acme", 30), "across buyers": spread(30, 1)} {
			t.Run(name+" "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := begin(t, setting{seed: seeded(asked...), limits: limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 1}})
					works := w.answers(nil)
					test.spoil(w)
					sent, spoiled := 0, w.answers(nil)
					w.answers(func(request *http.Request) (*http.Response, error) {
						sent++
						return spoiled(request)
					})
					w.crowd().join(t.Context(), asked...).expectAll(name, test.is)
					// One more request is for the token, and one for another when it is refused.
					if calls := w.calls(); len(calls) != test.calls || sent > test.calls+2 {
						t.Errorf("%d calls and %d requests: %q", len(calls), sent, calls)
					}
					w.box.ClearFaults()
					w.answers(works)
					time.Sleep(2 * time.Minute) // what is refused is not tried for a while
					w.crowd().join(t.Context(), asked...).expectRight()
				})
			})
		}
	}
}

func TestWithoutATokenNobodyAsksForOneByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, setting{})
		w.fail(http.StatusInternalServerError, "/oauth/token")
		var group sync.WaitGroup
		for _, id := range []string{"one", "two", "three"} {
			group.Go(func() {
				if _, _, err := w.looks.ImpersonationConfig(t.Context(), id); !ordercloud.IsUnavailable(err) {
					t.Errorf("%s got %v", id, err)
				}
			})
		}
		group.Wait()
		if requests := w.box.Requests(); len(requests) != 1 {
			t.Errorf("got %v", requests)
		}
	})
}

func TestNothingIsSentWhileTheBreakerIsOpen(t *testing.T) {
	for name, waitsBefore := range map[string]bool{"for who comes later": false, "for who waits when it opens": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := usersOf("acme", 30)
				w := begin(t, setting{seed: seeded(keys...), limits: limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 1}})
				looks := w.crowd()
				w.fail(http.StatusInternalServerError, "/v1/me")
				release := w.occupy()
				for range 5 {
					go func() { _, _ = w.client.Me(t.Context()) }()
				}
				synctest.Wait()
				if waitsBefore {
					looks.join(t.Context(), keys...)
					time.Sleep(time.Second)
				}
				release()
				synctest.Wait()
				if !waitsBefore {
					looks.join(t.Context(), keys...)
				}
				looks.expectAll("the breaker's refusal", func(err error) bool {
					_, isOpen := errors.AsType[*limiter.OpenError](err)
					after, ok := ordercloud.RetryAfter(err)
					return isOpen && ordercloud.IsUnavailable(err) && ok && after > 0
				})
				if calls := w.calls(); len(calls) != 5 {
					t.Errorf("got %q", calls)
				}
				w.box.ClearFaults()
				time.Sleep(time.Minute)
				w.crowd().join(t.Context(), keys...).expectRight()
			})
		})
	}
}
