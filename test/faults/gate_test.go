// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// gate stands before the sandbox and stops one kind of write: before OrderCloud
// sees it, or after OrderCloud did it and before the operator learns of it.
type gate struct {
	sandbox *sandbox.Sandbox

	lock    sync.Mutex
	method  string
	applies bool
	reached chan struct{}
	opened  chan struct{}
}

// closeFor stops the next write of a method. It returns a channel that is closed
// when the write has reached the gate, and a function that lets its answer out.
func (g *gate) closeFor(method string, applies bool) (reached <-chan struct{}, open func()) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.method, g.applies = method, applies
	g.reached, g.opened = make(chan struct{}), make(chan struct{})
	return g.reached, sync.OnceFunc(func() { close(g.opened) })
}

// ServeHTTP lets everything through but the write that the gate is closed for.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	stopped := g.method == r.Method && r.URL.Path != "/oauth/token"
	if !stopped {
		g.lock.Unlock()
		g.sandbox.ServeHTTP(w, r)
		return
	}
	g.method = ""
	applies, reached, opened := g.applies, g.reached, g.opened
	g.lock.Unlock()

	// Only a server that has read the whole request notices that its client died.
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	if applies {
		g.sandbox.ServeHTTP(answer, r)
	}
	close(reached)
	select {
	case <-r.Context().Done():
	case <-opened:
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}
}
