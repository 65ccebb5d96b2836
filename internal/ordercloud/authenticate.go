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
		response, err := a.transport.RoundTrip(withRoute(request, tokenRoute))
		answered = response
		return response, err
	})
	client := &http.Client{
		Transport:     observe,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	issued, err := a.config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return nil, a.tokenError(err, answered)
	}
	read, err := readClaims(issued.AccessToken)
	if err != nil {
		return nil, unreadableError(http.MethodPost, tokenRoute, answered)
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

// tokenError rebuilds an error of golang.org/x/oauth2 from its parts, because
// its text repeats the answer's body or the URL.
func (a *authenticator) tokenError(err error, answered *http.Response) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if ok && !isSuccess(refused.Response.StatusCode) {
		return answerError(http.MethodPost, tokenRoute, refused.Response, refused.Body, a.now())
	}
	if transport, ok := errors.AsType[*url.Error](err); ok {
		return &Error{Method: http.MethodPost, Route: tokenRoute, Cause: transport.Err}
	}
	return unreadableError(http.MethodPost, tokenRoute, answered)
}

func unreadableError(method, route string, answered *http.Response) *Error {
	failure := &Error{Method: method, Route: route, Cause: errUnreadable}
	if answered != nil {
		failure.Status = answered.StatusCode
		failure.RequestID = answered.Header.Get(requestIDHeader)
	}
	return failure
}
