// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

const (
	// pingAfter is how long an HTTP/2 connection may be silent before it is asked for a
	// sign of life, and how long the answer may take. Without it a flow that a NAT or a
	// load balancer has forgotten takes all requests, since none of them ends it.
	pingAfter = 15 * time.Second
	// poolLifetime is how long connections are made for. A host that moves to other
	// addresses is followed in this time, however busy the old connections are.
	poolLifetime = 5 * time.Minute
	// connectionsByDefault bounds the connections of a client without a transport of
	// its own.
	connectionsByDefault = 20
)

// NewTransport returns the transport that a client without one of its own uses:
// at most 20 connections to a host, TLS 1.2 or later, the environment's proxy.
// It follows no redirect, as no http.RoundTripper does. A proxy that refuses is a
// *answer.ProxyError.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: refusedByProxy,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingAfter},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    connectionsByDefault,
		MaxConnsPerHost:        connectionsByDefault,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// refusedByProxy leaves out what the proxy says: that may be anything.
func refusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, refusal *http.Response) error {
	if refusal.StatusCode == http.StatusOK {
		return nil
	}
	return &answer.ProxyError{Status: refusal.StatusCode}
}

// Pool sends requests over connections that are replaced every five minutes: the next
// request makes new ones, to the addresses that the host has by then, and those in use
// end with what they were used for. They are replaced, too, when a request has timed out:
// many share one connection, and it may be dead.
type Pool struct {
	build func() *http.Transport
	now   func() time.Time

	mutex   sync.Mutex
	current *http.Transport
	until   time.Time
}

// NewPool returns a pool that makes its transports by a function.
func NewPool(build func() *http.Transport) *Pool { return newPool(build, time.Now) }

func newPool(build func() *http.Transport, now func() time.Time) *Pool {
	return &Pool{build: build, now: now}
}

// RoundTrip sends the request.
func (p *Pool) RoundTrip(request *http.Request) (*http.Response, error) {
	used := p.transport()
	response, err := used.RoundTrip(request)
	if err != nil && isTimeOut(context.Cause(request.Context())) {
		p.retire(used)
	}
	return response, err
}

func isTimeOut(cause error) bool {
	return errors.Is(cause, answer.ErrTimedOut) || errors.Is(cause, context.DeadlineExceeded)
}

func (p *Pool) transport() *http.Transport {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	now := p.now()
	if p.current != nil && now.Before(p.until) {
		return p.current
	}
	p.letGo()
	p.current, p.until = p.build(), now.Add(poolLifetime)
	return p.current
}

// retire lets the connections go that a request used, unless that is done already.
func (p *Pool) retire(used *http.Transport) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.current == used {
		p.letGo()
	}
}

// CloseIdleConnections closes what no request uses, now or when it is done.
func (p *Pool) CloseIdleConnections() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.letGo()
}

// letGo closes the idle connections, and those in use when they become idle.
func (p *Pool) letGo() {
	if p.current != nil {
		p.current.CloseIdleConnections()
	}
	p.current = nil
}
