// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"
)

// maximumBodySize bounds what is read of one answer: a page of 100 users with
// the largest xp takes about 1 MiB.
const maximumBodySize = 8 << 20

// NewTransport returns the transport that a client without one of its own uses:
// at most 20 connections to a host, TLS 1.2 or later, the environment's proxy.
// It follows no redirect, as no http.RoundTripper does.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    20,
		MaxConnsPerHost:        20,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// roundTrip is a http.RoundTripper in one function: the link of a chain.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// withUserAgent names the program in every request, token requests included.
func withUserAgent(userAgent string, next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(request *http.Request) (*http.Response, error) {
		request = request.Clone(request.Context())
		request.Header.Set("User-Agent", userAgent)
		return next.RoundTrip(request)
	})
}

// withAttempt makes one attempt: it bounds the time and the size of the answer,
// and reads it to its end, so that the links above see a connection that drops
// in the middle of a body as the failure that it is.
//
// The time counts from when a connection is asked for. Time that a request
// spends in a limiter before that is not OrderCloud's fault, and a deadline on
// the context would make limiters refuse long queues at once.
func withAttempt(timeout time.Duration, next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(request *http.Request) (*http.Response, error) {
		ctx, cancel := context.WithCancelCause(request.Context())
		defer cancel(nil)
		stopwatch := newStopwatch(timeout, func() { cancel(errTimedOut) })
		defer stopwatch.stop()
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GetConn: func(string) { stopwatch.start() },
		})

		response, err := next.RoundTrip(request.WithContext(ctx))
		if err != nil {
			return nil, attemptError(request.Context(), ctx, err)
		}
		stopwatch.start()
		defer response.Body.Close()
		body, err := readBounded(response.Body)
		if err != nil {
			return nil, attemptError(request.Context(), ctx, err)
		}
		response.Body = memoryBody(body)
		response.ContentLength = int64(len(body))
		return response, nil
	})
}

// attemptError tells the caller's own cancellation from the attempt's time-out:
// both reach the transport as a cancelled context.
func attemptError(callers, attempt context.Context, err error) error {
	if callers.Err() != nil {
		return callers.Err()
	}
	if attempt.Err() != nil {
		return context.Cause(attempt)
	}
	return err
}

// readBounded reads a body up to the limit. What is larger is not drained: the
// connection is worth less than the time.
func readBounded(body io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, maximumBodySize+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maximumBodySize {
		return nil, errTooLarge
	}
	return content, nil
}

func memoryBody(content []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(content)) }
