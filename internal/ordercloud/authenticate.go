// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// tokenRoute is the token endpoint's path, which is not under /v1 [D].
const tokenRoute = "/oauth/token"

// authenticator asks for tokens by the client-credentials grant.
type authenticator struct {
	config    clientcredentials.Config
	transport http.RoundTripper
	now       func() time.Time
}

// authenticate returns a new grant or an *Error of the route /oauth/token.
func (a *authenticator) authenticate(ctx context.Context) (*grant, error) {
	var answered *http.Response
	observe := roundTrip(func(request *http.Request) (*http.Response, error) {
		asked := answer.WithAsked(request.Context(), answer.Asked{IsToken: true, Wants: answer.Token})
		response, err := a.transport.RoundTrip(withRoute(request.WithContext(asked), tokenRoute))
		if err != nil {
			return nil, err
		}
		answered = response
		if answer.Of(response, nil).Meaning == answer.Success {
			// The library reads a form wherever the answer does not say that it is JSON.
			response.Header.Set("Content-Type", "application/json")
		}
		return response, nil
	})
	client := &http.Client{
		Transport:     observe,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	issued, err := a.config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return nil, tokenError(err, answered)
	}
	read, err := readClaims(issued.AccessToken)
	if err != nil {
		return nil, tokenError(err, answered)
	}
	lifetime := read.lifetime(expiresIn(issued), a.now())
	return newGrant(issued.AccessToken, Token{
		Roles:    read.Roles,
		Username: read.Username,
		ClientID: read.ClientID,
		Expiry:   a.now().Add(lifetime),
	}, lifetime), nil
}

// expiresIn is the lifetime in the answer, 0 if it does not say. The library
// only hands on the instant that it computed by the machine's clock.
func expiresIn(issued *oauth2.Token) time.Duration {
	switch seconds := issued.Extra("expires_in").(type) {
	case float64:
		return secondsOf(seconds)
	case string:
		parsed, err := time.ParseDuration(seconds + "s")
		if err == nil {
			return min(parsed, maximumLifetime)
		}
	}
	return 0
}

// secondsOf is a lifetime in whole seconds, bounded so that it does not overflow.
func secondsOf(seconds float64) time.Duration {
	return time.Duration(min(seconds, maximumLifetime.Seconds())) * time.Second
}

// tokenError rebuilds an error of golang.org/x/oauth2 from what came back, because
// its text repeats the answer's body or the URL.
func tokenError(err error, answered *http.Response) error {
	failed := &Error{Method: http.MethodPost, Route: tokenRoute}
	transport, wasNotAnswered := errors.AsType[*url.Error](err)
	switch {
	case wasNotAnswered:
		failed.Answer = answer.Of(nil, transport.Err)
	case answered == nil:
		failed.Answer = answer.Of(nil, err)
	default:
		failed.Answer = answer.Of(answered, nil)
		if failed.Meaning == answer.Success {
			failed.Answer = answer.Unread(answered)
		}
	}
	return failed
}
