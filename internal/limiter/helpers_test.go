// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// reply is how the marketplace deals with a request.
type reply func(*http.Request) (*http.Response, error)

// RoundTrip answers without a network: time is the bubble's.
func (a reply) RoundTrip(request *http.Request) (*http.Response, error) { return a(request) }

// status answers with a status and headers, given as names and values in turn.
func status(code int, headers ...string) reply {
	return func(*http.Request) (*http.Response, error) {
		header := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			header.Set(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader(`{"Errors":[{"ErrorCode":"X"}]}`))}, nil
	}
}

var errRefused = errors.New("connection refused")

func refuse(*http.Request) (*http.Response, error) { return nil, errRefused }

// breakOff answers and drops the connection in the middle of the body.
func breakOff(*http.Request) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF))
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body)}, nil
}

// hang answers nothing until the context ends.
func hang(request *http.Request) (*http.Response, error) {
	<-request.Context().Done()
	return nil, request.Context().Err()
}

// connection is a limiter's transport with a marketplace behind it.
type connection struct {
	t       *testing.T
	limiter *Limiter
	through http.RoundTripper

	mutex sync.Mutex
	reply reply
	sent  int
}

// forever is longer than any test's attempt.
const forever = 1000 * time.Hour

const tokenPath = "/oauth/token"

func newConnection(t *testing.T, limits Limits, observer Observer) *connection {
	t.Helper()
	c := &connection{t: t, limiter: New(limits, observer), reply: status(http.StatusOK)}
	attempt := answer.Transport(reply(func(request *http.Request) (*http.Response, error) {
		c.mutex.Lock()
		c.sent++
		reply := c.reply
		c.mutex.Unlock()
		return reply(request)
	}), forever, (*answer.Budget)(nil).Share())
	c.through = c.limiter.Transport(attempt, func(request *http.Request) bool { return request.URL.Path == tokenPath })
	return c
}

func (c *connection) answers(reply reply) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.reply = reply
}

func (c *connection) sentSoFar() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.sent
}

// send sends a request and reads its reply to the end.
func (c *connection) send(ctx context.Context) error { return c.sendTo(ctx, "/v1/me") }

func (c *connection) sendToken(ctx context.Context) error { return c.sendTo(ctx, tokenPath) }

func (c *connection) sendTo(ctx context.Context, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1"+path, http.NoBody)
	if err != nil {
		return err
	}
	response, err := c.through.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	return err
}

// sendMany sends requests in a row, whatever becomes of them.
func (c *connection) sendMany(count int) {
	c.t.Helper()
	for range count {
		_ = c.send(c.t.Context())
	}
}

// start sends a request that is under way until the returned function says how
// it is answered; that returns what became of it.
func (c *connection) start(ctx context.Context) (finish func(reply) error) {
	c.t.Helper()
	return c.startTo(ctx, "/v1/me")
}

func (c *connection) startTo(ctx context.Context, path string) (finish func(reply) error) {
	c.t.Helper()
	told, done := make(chan reply, 1), make(chan error, 1)
	c.mutex.Lock()
	before := c.reply
	c.reply = func(request *http.Request) (*http.Response, error) {
		select {
		case reply := <-told:
			return reply(request)
		case <-request.Context().Done():
			return nil, request.Context().Err()
		}
	}
	c.mutex.Unlock()
	go func() { done <- c.sendTo(ctx, path) }()
	synctest.Wait()
	c.answers(before)
	return func(reply reply) error {
		told <- reply
		return <-done
	}
}

// open makes the breaker open and returns for how long it refuses.
func (c *connection) open() time.Duration {
	c.t.Helper()
	c.answers(status(http.StatusInternalServerError))
	c.sendMany(failuresToOpen)
	return c.expectOpen()
}

// expectOpen returns when the breaker says to come back.
func (c *connection) expectOpen() time.Duration {
	c.t.Helper()
	before := c.sentSoFar()
	err := c.send(c.t.Context())
	refusal, ok := errors.AsType[*OpenError](err)
	if !ok {
		c.t.Fatalf("got %v, want the breaker open", err)
	}
	if c.sentSoFar() != before {
		c.t.Error("something was sent")
	}
	if refusal.After <= 0 || refusal.RetryAfter() != refusal.After {
		c.t.Errorf("come back after %s", refusal.After)
	}
	return refusal.After
}

// expectClosed sends a request that has to arrive and to be answered.
func (c *connection) expectClosed() {
	c.t.Helper()
	c.answers(status(http.StatusOK))
	if err := c.send(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

func (c *connection) expectSlots(taken int) {
	c.t.Helper()
	c.limiter.mutex.Lock()
	defer c.limiter.mutex.Unlock()
	if c.limiter.inUse != taken {
		c.t.Errorf("%d slots are taken, want %d", c.limiter.inUse, taken)
	}
}

func isOpenError(err error) bool {
	_, ok := errors.AsType[*OpenError](err)
	return ok
}
