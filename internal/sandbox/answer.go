// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
)

// answer is what an endpoint answers.
type answer struct {
	status   int
	location string // path of what was created
	body     []byte // JSON; none for 204
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	if a.location != "" {
		w.Header().Set("Location", baseURL(r)+a.location)
	}
	if a.body != nil {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that has gone away is no fault of ours
}

func (r *refusal) answer() answer { return answer{status: r.status, body: r.body()} }

// baseURL is where the client found the sandbox.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// newLogID makes the value of X-oc-logid, which every answer bears [D].
func newLogID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails; see crypto/rand
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
}

// buffer holds an answer back until it is known whether it is to arrive.
type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newBuffer(header http.Header) *buffer { return &buffer{header: header, status: http.StatusOK} }

func (b *buffer) Header() http.Header { return b.header }

func (b *buffer) WriteHeader(status int) { b.status = status }

func (b *buffer) Write(data []byte) (int, error) { return b.body.Write(data) }

// truncate cuts the body in the middle, so that it is no JSON any more.
func (b *buffer) truncate() {
	if b.body.Len() == 0 {
		b.status = http.StatusOK
		b.header.Set("Content-Type", "application/json; charset=utf-8")
		b.body.WriteString(`{"ID":"`)
		return
	}
	b.body.Truncate(b.body.Len() / 2)
}

func (b *buffer) flush(w http.ResponseWriter) int {
	maps.Copy(w.Header(), b.header)
	w.WriteHeader(b.status)
	_, _ = w.Write(b.body.Bytes()) // a client that has gone away is no fault of ours
	return b.status
}

// dropConnection ends the connection after the status line. A client sees an
// unexpected end, and cannot take it for an idle connection that was closed,
// which Go's transport repeats reads on without telling anyone.
func dropConnection(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, or a recorder: the server ends the stream
	}
	_, _ = connection.Write([]byte("HTTP/1.1 200 OK\r\n"))
	_ = connection.Close()
}
