// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// memoryURL is as long as the address of a real marketplace.
const memoryURL = "https://westeurope-production.ordercloud.io"

// world is a sandbox and those who look at it.
type world struct {
	t      testing.TB
	box    *sandbox.Sandbox
	turns  *limiter.Limiter
	client *ordercloud.Client
	looks  *Marketplace
	url    string
	slots  int
	// looked and called are what the observer was told.
	looked, called atomic.Int64

	lock sync.Mutex
	next roundTrip
}

// roundTrip is a http.RoundTripper in one function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// setting is what a world differs in from the usual one, which has the roles of an
// operator that may list across buyers and a limiter that nobody notices.
type setting struct {
	seed     *sandbox.Seed
	roles    []string
	limits   limiter.Limits
	latency  time.Duration
	overHTTP bool
}

// ofBuyerOnly may list the users of one buyer at a time.
var ofBuyerOnly = []string{"BuyerUserAdmin", "SetSecurityProfile", "ApiClientReader"}

func begin(tb testing.TB, given setting) *world {
	tb.Helper()
	if given.seed == nil {
		given.seed = seeded()
	}
	if given.roles == nil {
		given.roles = append([]string{"BuyerUserReader"}, ofBuyerOnly...)
	}
	if given.limits == (limiter.Limits{}) {
		given.limits = limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 8}
	}
	box, err := sandbox.New(sandbox.WithSeed(*given.seed), sandbox.WithLatency(given.latency))
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{t: tb, box: box, url: memoryURL, slots: given.limits.Concurrency, next: inMemory(box)}
	if given.overHTTP {
		server := httptest.NewUnstartedServer(box)
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.Start()
		tb.Cleanup(server.Close)
		transport := ordercloud.NewTransport()
		tb.Cleanup(transport.CloseIdleConnections)
		w.url, w.next = server.URL, transport.RoundTrip
	}
	w.turns = limiter.New(given.limits, limiter.Observer{})
	sent := roundTrip(func(request *http.Request) (*http.Response, error) { return w.answers(nil)(request) })
	clientID, secret := box.Credentials()
	w.client, err = ordercloud.New(ordercloud.Config{
		Transport: sent,
		Around: func(attempt http.RoundTripper) http.RoundTripper {
			return w.turns.Transport(attempt, ordercloud.IsTokenRequest)
		},
		RequestTimeout: 100 * time.Hour, BaseURL: w.url, UserAgent: "ordercloud-operator/test",
		ClientID: clientID, ClientSecret: ordercloud.Secret(secret), Scopes: given.roles,
	})
	if err != nil {
		tb.Fatal(err)
	}
	w.looks = New(w.client, w.turns, Observer{
		Looked: func(count int) { w.looked.Add(int64(count)) },
		Called: func() { w.called.Add(1) },
	})
	tb.Cleanup(w.expectSlotsFree)
	return w
}

// answers replaces what answers requests and returns what did before.
func (w *world) answers(next roundTrip) (before roundTrip) {
	w.lock.Lock()
	defer w.lock.Unlock()
	before = w.next
	if next != nil {
		w.next = next
	}
	return before
}

// inMemory serves without a network, so that time may be a bubble's.
func inMemory(box *sandbox.Sandbox) roundTrip {
	return func(request *http.Request) (response *http.Response, err error) {
		ctx, recorder := request.Context(), httptest.NewRecorder()
		request = request.Clone(ctx)
		if request.Body == nil {
			request.Body = http.NoBody
		}
		defer func() {
			dropped := recover()
			switch {
			case ctx.Err() != nil:
				response, err = nil, ctx.Err()
			case dropped != nil:
				response, err = nil, io.ErrUnexpectedEOF
			}
		}()
		box.ServeHTTP(recorder, request)
		return recorder.Result(), nil
	}
}

// isAPI tells requests that look from those for a token.
func isAPI(request *http.Request) bool { return strings.HasPrefix(request.URL.Path, "/v1/") }

// expectSlotsFree takes every slot once: a permit that nobody gave back would keep
// it from that.
func (w *world) expectSlotsFree() {
	if waiting, _ := w.turns.Backlog(); waiting > 0 {
		w.t.Errorf("%d requests still wait for their turn", waiting)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var permits []*limiter.Permit
	for range w.slots {
		permit, err := w.turns.Acquire(ctx)
		if err != nil {
			w.t.Errorf("of %d slots %d are free: %v", w.slots, len(permits), err)
			break
		}
		permits = append(permits, permit)
	}
	for _, permit := range permits {
		permit.Release()
	}
}

// occupy takes a slot until the returned function is called.
func (w *world) occupy() (release func()) {
	w.t.Helper()
	permit, err := w.turns.Acquire(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return permit.Release
}

// calls lists the requests that looked so far, in order, without those for tokens:
// "/v1/buyers/acme/users?ID=a|b&pageSize=100".
func (w *world) calls() []string {
	w.t.Helper()
	var paths []string
	for _, request := range w.box.Requests() {
		if !strings.HasPrefix(request.Path, "/v1/") {
			continue
		}
		path, err := url.QueryUnescape(request.Path)
		if err != nil {
			w.t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// count counts calls to paths that contain a text.
func (w *world) count(text string) int {
	w.t.Helper()
	count := 0
	for _, path := range w.calls() {
		if strings.Contains(path, text) {
			count++
		}
	}
	return count
}

// idsOf are the IDs that a call names in its filter.
func idsOf(w *world, call string) []string {
	w.t.Helper()
	parsed, err := url.Parse(call)
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Split(parsed.Query().Get("ID"), "|")
}

// timeline tells when how many IDs were asked for: "40ms: 2".
func (w *world) timeline(begun time.Time) []string {
	w.t.Helper()
	var told []string
	for _, request := range w.box.Requests() {
		if !strings.HasPrefix(request.Path, "/v1/") {
			continue
		}
		path, err := url.QueryUnescape(request.Path)
		if err != nil {
			w.t.Fatal(err)
		}
		text := fmt.Sprintf("%s: %d", request.Time.Sub(begun), len(idsOf(w, path)))
		if !strings.Contains(path, "?") {
			text += " by GET"
		}
		told = append(told, text)
	}
	return told
}

// change is one that somebody else makes in OrderCloud.
func (w *world) change(path string, fields map[string]any) {
	w.t.Helper()
	if err := w.box.Mutate(sandbox.Mutation{Method: http.MethodPatch, Path: path, Body: fields}); err != nil {
		w.t.Fatal(err)
	}
}

// seeded is the default seed with users.
func seeded(keys ...userKey) *sandbox.Seed {
	seed := sandbox.DefaultSeed()
	for number, key := range keys {
		seed.Objects["buyers/"+key.buyerID] = map[string]any{"Name": "Buyer", "Active": true}
		seed.Objects["buyers/"+key.buyerID+"/users/"+key.userID] = person(number)
	}
	return &seed
}

func person(number int) map[string]any {
	return map[string]any{
		"Username": fmt.Sprintf("u%d@shop.example", number), "FirstName": "Ann", "LastName": "Doe",
		"Email": fmt.Sprintf("u%d@shop.example", number), "Active": true,
	}
}

// usersOf names users user-001 and so on of a buyer.
func usersOf(buyerID string, count int) []userKey {
	keys := make([]userKey, count)
	for index := range keys {
		keys[index] = userKey{buyerID, fmt.Sprintf("user-%03d", index+1)}
	}
	return keys
}

// spread names users of many buyers, each with an ID that no other buyer has.
func spread(buyers, perBuyer int) []userKey {
	var keys []userKey
	for user := range perBuyer {
		for buyer := range buyers {
			keys = append(keys, userKey{fmt.Sprintf("buyer-%03d", buyer+1), fmt.Sprintf("user-%03d-%03d", buyer+1, user+1)})
		}
	}
	return keys
}
