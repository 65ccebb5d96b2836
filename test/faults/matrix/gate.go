// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// gate stands between the operator and one sandbox, and answers one call wrongly while
// its fault lasts.
type gate struct {
	box     *sandbox.Sandbox
	address string
	// elsewhere is where a redirection leads.
	elsewhere *elsewhere

	lock   sync.Mutex
	server *http.Server
	// fault is in force while ended is not nil, for the calls that it is about.
	fault   fault
	isAbout func(call string) bool
	ended   chan struct{}
	hits    int
	// users are the tokens that were issued for buyer users.
	users map[string]bool
	// shown are tokens that were made larger, by what the operator was shown.
	shown map[string]string
	// writes counts what OrderCloud applied, by method and path.
	writes map[string]int
	// refused is how many writes OrderCloud refused by itself.
	refused int
}

// newGate listens on an address of its own.
func newGate(elsewhere *elsewhere) (*gate, error) {
	box, err := sandbox.New()
	if err != nil {
		return nil, fmt.Errorf("making a sandbox: %w", err)
	}
	g := &gate{box: box, elsewhere: elsewhere, users: map[string]bool{}, shown: map[string]string{}, writes: map[string]int{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the operator: %w", err)
	}
	g.address = listener.Addr().String()
	g.serve(listener)
	return g, nil
}

func (g *gate) url() string { return "http://" + g.address }

func (g *gate) serve(listener net.Listener) {
	server := &http.Server{Handler: g, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
	g.server = server
	go func() { _ = server.Serve(listener) }()
}

// begin answers some calls wrongly from now on.
func (g *gate) begin(f fault, isAbout func(call string) bool) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.fault, g.isAbout, g.ended = f, isAbout, make(chan struct{})
}

// end answers everything as OrderCloud does.
func (g *gate) end(ctx context.Context) error {
	g.lock.Lock()
	defer g.lock.Unlock()
	close(g.ended)
	g.ended = nil
	if g.server != nil {
		return nil
	}
	for {
		listener, err := net.Listen("tcp", g.address)
		if err == nil {
			g.serve(listener)
			return nil
		}
		// A connection of somebody else may have the port for a moment.
		select {
		case <-ctx.Done():
			return fmt.Errorf("listening for the operator again: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (g *gate) close() {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.server != nil {
		_ = g.server.Close()
	}
}

// ServeHTTP answers as OrderCloud does, but for the call that the fault is about.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Only a server that has read the whole request notices that its client leaves.
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if met, isMet := g.meets(r); isMet {
		met.answer(g, w, r)
		return
	}
	copyOut(w, g.pass(r))
}

func (g *gate) meets(r *http.Request) (fault, bool) {
	g.lock.Lock()
	defer g.lock.Unlock()
	if issued := g.shown[bearer(r)]; issued != "" {
		r.Header.Set("Authorization", "Bearer "+issued)
	}
	isUsers := func(token string) bool { return g.users[token] }
	if g.ended == nil || !g.isAbout(nameOf(r, isUsers)) {
		return fault{}, false
	}
	g.hits++
	return g.fault, true
}

// pass lets OrderCloud answer, and notes what it did.
func (g *gate) pass(r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	g.box.ServeHTTP(answer, r)
	if answer.Code >= http.StatusMultipleChoices {
		if r.Method != http.MethodGet && r.URL.Path != "/oauth/token" {
			g.lock.Lock()
			g.refused++
			g.lock.Unlock()
		}
		return answer
	}
	var made struct {
		ID          string
		AccessToken string `json:"access_token"`
	}
	_ = json.Unmarshal(answer.Body.Bytes(), &made)
	g.lock.Lock()
	defer g.lock.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/accesstoken"):
		g.users[made.AccessToken] = true
	case r.URL.Path == "/oauth/token" || r.Method == http.MethodGet:
	case r.Method == http.MethodPost:
		g.writes[r.Method+" "+r.URL.Path+"/"+made.ID]++
	default:
		g.writes[r.Method+" "+r.URL.Path]++
	}
	return answer
}

// met is how many requests met the fault.
func (g *gate) met() int {
	g.lock.Lock()
	defer g.lock.Unlock()
	return g.hits
}

// needless is how many writes OrderCloud refused.
func (g *gate) needless() int {
	g.lock.Lock()
	defer g.lock.Unlock()
	return g.refused
}

// repeated are the writes that OrderCloud applied more than once, by method.
func (g *gate) repeated() map[string]int {
	g.lock.Lock()
	defer g.lock.Unlock()
	found := map[string]int{}
	for write, count := range g.writes {
		if count > 1 {
			method, _, _ := strings.Cut(write, " ")
			found[method] += count - 1
		}
	}
	return found
}

// refuse ends the connection and listens no more until the end of the fault.
func (g *gate) refuse(w http.ResponseWriter, _ *http.Request) {
	reset(w)
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.server != nil && g.ended != nil {
		_ = g.server.Close()
		g.server = nil
	}
}

// hang answers nothing until the fault is over or the operator has left.
func (g *gate) hang(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	ended := g.ended
	g.lock.Unlock()
	if ended != nil {
		select {
		case <-ended:
		case <-r.Context().Done():
		}
	}
	reset(w)
}

func (g *gate) redirect(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", g.elsewhere.url+r.URL.Path)
	w.WriteHeader(http.StatusMovedPermanently)
}

// inflateToken gives a token more roles. OrderCloud goes on being shown the real one.
func (g *gate) inflateToken(token string, roles []any) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return token
	}
	var claims map[string]any
	raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
	_ = json.Unmarshal(raw, &claims)
	own, _ := claims["role"].([]any)
	claims["role"] = append(own, roles...)
	raw, _ = json.Marshal(claims)
	parts[1] = base64.RawURLEncoding.EncodeToString(raw)
	shown := strings.Join(parts, ".")
	g.lock.Lock()
	defer g.lock.Unlock()
	g.shown[shown] = token
	return shown
}

// reset ends a connection without a word.
func reset(w http.ResponseWriter) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, isTCP := connection.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

// elsewhere is a host that nobody allowed: whatever comes there was led astray.
type elsewhere struct {
	url    string
	server *httptest.Server

	lock sync.Mutex
	// came are the requests that followed a redirection.
	came []string
}

func newElsewhere() *elsewhere {
	e := &elsewhere{}
	e.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.lock.Lock()
		defer e.lock.Unlock()
		e.came = append(e.came, r.Method+" "+r.URL.Path)
		w.WriteHeader(http.StatusInternalServerError)
	}))
	e.url = e.server.URL
	return e
}

// err tells which requests followed a redirection.
func (e *elsewhere) err() error {
	e.lock.Lock()
	defer e.lock.Unlock()
	if len(e.came) == 0 {
		return nil
	}
	return fmt.Errorf("requests followed a redirection to another host: %v", e.came)
}
