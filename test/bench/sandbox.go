// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// latency is how long every answer of OrderCloud takes at least.
const latency = 50 * time.Millisecond

// marketplace is an OrderCloud in memory, served over HTTP by this process.
type marketplace struct {
	*sandbox.Sandbox

	url    string
	server *http.Server
	// created counts the objects that were created over HTTP.
	created atomic.Int64
	// delay is how long answers are held back, of looks at objects only if slowLooks is set.
	delay     atomic.Int64
	slowLooks atomic.Bool
	// limited, if set, is the sandbox behind what turns requests away.
	limited atomic.Pointer[http.Handler]

	mutex sync.Mutex
	// expected are the paths whose next write somebody waits for.
	expected map[string]chan<- time.Time
}

// openMarketplace serves a marketplace with the buyers that users are spread over.
func openMarketplace(ctx context.Context) (*marketplace, error) {
	opened, err := sandbox.New(sandbox.WithLatency(latency))
	if err != nil {
		return nil, fmt.Errorf("making the sandbox: %w", err)
	}
	m := &marketplace{Sandbox: opened, expected: map[string]chan<- time.Time{}}
	for number := range buyerCount {
		id := buyerID(number)
		if err := m.plant("buyers", map[string]any{"ID": id, "Name": "Acme Wholesale " + id, "Active": true}); err != nil {
			return nil, err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the sandbox: %w", err)
	}
	m.url = "http://" + listener.Addr().String()
	m.server = &http.Server{Handler: m, ReadHeaderTimeout: time.Minute}
	go func() { _ = m.server.Serve(listener) }() // it ends with close
	return m, nil
}

func (m *marketplace) close() error {
	if err := m.server.Close(); err != nil {
		return fmt.Errorf("closing the sandbox: %w", err)
	}
	return nil
}

// plant makes an object past the API.
func (m *marketplace) plant(collection string, body map[string]any) error {
	err := m.Mutate(sandbox.Mutation{Method: http.MethodPost, Path: collection, Body: body})
	if err != nil {
		return fmt.Errorf("preparing the sandbox: %w", err)
	}
	return nil
}

// plantGroups makes the user groups that the configs of so many objects name.
func (m *marketplace) plantGroups(size int) error {
	for number := range size {
		if !isConfig(number) {
			continue
		}
		err := m.plant("buyers/"+buyerOf(number)+"/usergroups", map[string]any{"ID": groupID(number), "Name": "Purchasers"})
		if err != nil {
			return err
		}
	}
	return nil
}

// plantTokenGrant lets the operator act as the users of the buyer acme.
func (m *marketplace) plantTokenGrant() error {
	list, _ := m.Object("apiclients?AppName=" + clientName)
	clients, _ := list["Items"].([]any)
	if len(clients) != 1 {
		return fmt.Errorf("the sandbox has %d API clients named %s", len(clients), clientName)
	}
	application, _ := clients[0].(map[string]any)
	return m.plant("impersonationconfig", map[string]any{
		"ID": "tokens", "ImpersonationUserID": "operator", "BuyerID": "acme", "SecurityProfileID": securityProfile, "ClientID": application["ID"],
	})
}

// calls is how many requests have arrived so far, token requests included.
func (m *marketplace) calls() float64 { return float64(m.Stats().Total) }

// expect returns a channel that gets the time at which the next write of an object
// arrives.
func (m *marketplace) expect(path string) <-chan time.Time {
	arrival := make(chan time.Time, 1)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.expected["/v1/"+path] = arrival
	return arrival
}

// ServeHTTP answers like the sandbox, unless something is to be wrong.
func (m *marketplace) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !m.hold(r) {
		return
	}
	if limited := m.limited.Load(); limited != nil {
		(*limited).ServeHTTP(w, r)
		return
	}
	m.serve(w, r)
}

// limit puts what turns requests away before the sandbox.
func (m *marketplace) limit(around func(http.Handler) http.Handler) {
	limited := around(http.HandlerFunc(m.serve))
	m.limited.Store(&limited)
}

// serve notes when writes arrive and what was created.
func (m *marketplace) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || !strings.HasPrefix(r.URL.Path, "/v1/") {
		m.Sandbox.ServeHTTP(w, r)
		return
	}
	m.arrive(r.URL.Path, time.Now())
	answered := &statusWriter{ResponseWriter: w}
	m.Sandbox.ServeHTTP(answered, r)
	if answered.status == http.StatusCreated {
		m.created.Add(1)
	}
}

// hold holds an answer back; it says whether somebody still waits for it.
func (m *marketplace) hold(r *http.Request) bool {
	isLook := r.Method == http.MethodGet && r.URL.Path != "/v1/me"
	delay := time.Duration(m.delay.Load())
	if delay == 0 || m.slowLooks.Load() && !isLook {
		return true
	}
	return sleep(r.Context(), delay) == nil
}

func (m *marketplace) arrive(path string, now time.Time) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if arrival, ok := m.expected[path]; ok {
		delete(m.expected, path)
		arrival <- now
	}
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter

	status int
}

// WriteHeader remembers the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// caller talks to a marketplace directly, as the operator's API client.
type caller struct {
	client *http.Client
	url    string
	token  string
}

// newCaller authenticates; its connections are as many as the calls at once.
func newCaller(ctx context.Context, m *marketplace) (*caller, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: parallelism}
	c := &caller{client: &http.Client{Transport: transport}, url: m.url}
	clientID, clientSecret := m.Credentials()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {clientSecret},
		"scope": {"BuyerUserAdmin"},
	}
	body, err := c.post(ctx, "/oauth/token", "application/x-www-form-urlencoded", form.Encode())
	if err != nil {
		return nil, err
	}
	var answered struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answered); err != nil {
		return nil, fmt.Errorf("reading the token: %w", err)
	}
	c.token = answered.AccessToken
	return c, nil
}

// createUser sends one POST.
func (c *caller) createUser(ctx context.Context, number int) error {
	_, err := c.post(ctx, "/v1/buyers/"+buyerOf(number)+"/users", "application/json", userBody(number))
	return err
}

func (c *caller) post(ctx context.Context, path, contentType, content string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, strings.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Content-Type", contentType)
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the sandbox: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the sandbox's answer: %w", err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, errors.New("the sandbox answers " + response.Status + ": " + string(body))
	}
	return body, nil
}
