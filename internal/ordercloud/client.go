// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ordercloud is a client of Sitecore OrderCloud's REST API: tokens,
// buyer users, impersonation configs and what those refer to. It knows nothing
// of Kubernetes and logs nothing.
//
// Facts about OrderCloud are tagged with where they come from: [D] documented,
// [I] inferred from official clients and tools, [N] not established; what the
// client does about the last kind is in assumptions.go.
package ordercloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// Client talks to one marketplace as one API client. It is safe for use by many
// goroutines and meant to be shared by them, because they then share its token.
type Client struct {
	baseURL   string
	tokens    *tokenSource
	transport http.RoundTripper
	now       func() time.Time
}

// seams are what tests replace.
type seams struct {
	now  func() time.Time
	wait backoff
}

// New returns a client or says which field of the configuration is wrong. It
// sends nothing yet.
func New(config Config) (*Client, error) {
	return newClient(config, seams{now: time.Now, wait: waitJittered})
}

func newClient(config Config, seams seams) (*Client, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	attempt := config.Around(answer.Transport(config.Transport, config.RequestTimeout, config.Memory, config.ClientSecret.Reveal()))
	authenticator := &authenticator{
		config: clientcredentials.Config{
			ClientID:     config.ClientID,
			ClientSecret: config.ClientSecret.Reveal(),
			TokenURL:     config.BaseURL + tokenRoute,
			Scopes:       config.Scopes,
			AuthStyle:    oauth2.AuthStyleInParams,
		},
		transport: withUserAgent(config.UserAgent, attempt),
		now:       seams.now,
	}
	tokens := &tokenSource{fetch: authenticator.authenticate, now: seams.now}
	chain := withAuthorization(tokens, withRetry(seams.wait, attempt))
	return &Client{
		baseURL:   config.BaseURL,
		tokens:    tokens,
		transport: withUserAgent(config.UserAgent, chain),
		now:       seams.now,
	}, nil
}

// BaseURL returns scheme://host[:port] of the marketplace.
func (c *Client) BaseURL() string { return c.baseURL }

// Format writes the base URL for every verb: what else a client holds is secret.
func (c *Client) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "ordercloud.Client("+c.baseURL+")")
}

// Token returns what the client's token stands for, after authenticating if
// there is none that is good for a while yet. Errors are those of every
// request; IsCredentialsRefused tells that the token endpoint said no, which is
// remembered for a minute.
func (c *Client) Token(ctx context.Context) (Token, error) {
	granted, err := c.tokens.get(ctx)
	if err != nil {
		return Token{}, requestError(http.MethodPost, tokenRoute, err, 1)
	}
	return granted.token, nil
}

// Forget drops the token and a remembered refusal, so that the next request
// authenticates again.
func (c *Client) Forget() { c.tokens.forget() }

// Acceptance says how often OrderCloud has done what was asked with the token that the client
// has at present.
func (c *Client) Acceptance() Acceptance { return c.tokens.acceptance() }

const meRoute = "/v1/me"

// Me returns the user whom the token stands for; any valid token may ask [D].
func (c *Client) Me(ctx context.Context) (Me, error) { return c.me(ctx, "") }

func (c *Client) me(ctx context.Context, access Secret) (Me, error) {
	var me Me
	err := c.do(ctx, call{method: http.MethodGet, route: meRoute, path: meRoute, access: access, wants: answer.Object}, &me)
	if err != nil {
		return Me{}, err
	}
	return me, nil
}

// call is one request: where to, and what with.
type call struct {
	method string
	route  string
	path   string
	query  url.Values
	body   any
	// wants is what a successful answer holds.
	wants answer.Wants
	// access is borne in place of the client's own token, unless it is empty.
	access Secret
}

// do sends a request and reads the answer into result, unless that is nil.
func (c *Client) do(ctx context.Context, call call, result any) error {
	attempts := 0
	request, err := c.request(context.WithValue(ctx, attemptsKey{}, &attempts), call)
	if err != nil {
		return err
	}
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return requestError(call.method, call.route, err, attempts)
	}
	defer response.Body.Close()
	failed := &Error{Method: call.method, Route: call.route, Answer: answer.Of(response, nil), WasRepeated: attempts > 1}
	if failed.Meaning != answer.Success {
		return failed
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Content(response), result); err != nil {
		failed.Answer = answer.Unread(response)
		return failed
	}
	return nil
}

func (c *Client) request(ctx context.Context, call call) (*http.Request, error) {
	var body io.Reader
	if call.body != nil {
		encoded, err := json.Marshal(call.body)
		if err != nil {
			// The encoder's text may repeat what it could not encode.
			return nil, &InvalidRequestError{Field: "body", Problem: "cannot be encoded as JSON"}
		}
		body = bytes.NewReader(encoded)
	}
	target := c.baseURL + call.path
	if len(call.query) > 0 {
		target += "?" + call.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, call.method, target, body)
	if err != nil {
		return nil, &InvalidRequestError{Field: "URL", Problem: "cannot be built"}
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if call.access != "" {
		authorize(request, call.access.Reveal())
	}
	request = request.WithContext(answer.WithAsked(request.Context(), answer.Asked{Wants: call.wants}))
	return withRoute(request, call.route), nil
}

// requestError leaves an *Error of the token endpoint what it is, since that is
// the request that failed. It may be that of a second token: then the request itself was
// sent before.
func requestError(method, route string, err error, attempts int) error {
	if failure, ok := errors.AsType[*Error](err); ok {
		own := *failure // others wait for the same token
		own.WasRepeated = attempts > 1
		return &own
	}
	return &Error{Method: method, Route: route, Answer: answer.Of(nil, err), WasRepeated: attempts > 1}
}

type routeKey struct{}

func withRoute(request *http.Request, route string) *http.Request {
	return request.WithContext(context.WithValue(request.Context(), routeKey{}, route))
}

// IsTokenRequest says that a request that passes through Config.Around asks for
// a token. A client has at most one of them under way.
func IsTokenRequest(request *http.Request) bool { return RouteOf(request) == tokenRoute }

// IsCheck says that a request that passes through Config.Around is one of Me, which
// tells about the token and about nothing that the marketplace holds.
func IsCheck(request *http.Request) bool { return RouteOf(request) == meRoute }

// RouteOf returns the path template of a request that passes through
// Config.Around, "/v1/buyers/{buyerID}/users/{userID}" or "/oauth/token", so
// that metrics and limits go by operation without any ID.
func RouteOf(request *http.Request) string {
	route, _ := request.Context().Value(routeKey{}).(string)
	return route
}
