// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// journalLength is how many requests [Sandbox.Requests] goes back.
const journalLength = 10_000

// Request is one request that the sandbox was sent. It never holds a body.
type Request struct {
	Method string
	Route  string // "GET /v1/buyers/{buyerID}/users/{userID}"
	Path   string // with the query; without it for /oauth/token
	Status int    // 0: the connection was dropped, or the answer is not out yet
	Time   time.Time
}

// Stats counts requests since the start, or since [Sandbox.ResetStats].
// Requests that met a fault count too; those under /_sandbox do not.
type Stats struct {
	// Calls counts by method and route template:
	// "GET /v1/buyers/{buyerID}/users/{userID}", "POST /oauth/token".
	Calls map[string]int `json:"calls"`
	Total int            `json:"total"`
	// MaximumInFlight is how many requests were under way at once, at most.
	MaximumInFlight int `json:"maximumInFlight"`
}

// Writes counts POST, PUT, PATCH and DELETE below /v1.
func (s Stats) Writes() int {
	writes := 0
	for route, count := range s.Calls {
		method, path, _ := strings.Cut(route, " ")
		if method != http.MethodGet && strings.HasPrefix(path, "/v1/") {
			writes += count
		}
	}
	return writes
}

// Reads counts GET below /v1.
func (s Stats) Reads() int {
	reads := 0
	for route, count := range s.Calls {
		if strings.HasPrefix(route, http.MethodGet+" /v1/") {
			reads += count
		}
	}
	return reads
}

// journal counts requests and keeps the latest.
type journal struct {
	mutex    sync.Mutex
	stats    Stats
	inFlight int
	ring     []*Request
	next     int // where the oldest is once the ring is full
}

func newJournal() *journal { return &journal{stats: Stats{Calls: map[string]int{}}} }

func (j *journal) begin(r *http.Request, route string, now time.Time) *Request {
	entry := &Request{Method: r.Method, Route: route, Path: r.URL.RequestURI(), Time: now}
	if r.URL.Path == "/oauth/token" {
		entry.Path = r.URL.Path
	}
	if route == "/" {
		entry.Route = r.Method + " (unknown)"
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.stats.Calls[entry.Route]++
	j.stats.Total++
	j.inFlight++
	j.stats.MaximumInFlight = max(j.stats.MaximumInFlight, j.inFlight)
	if len(j.ring) < journalLength {
		j.ring = append(j.ring, entry)
		return entry
	}
	j.ring[j.next] = entry
	j.next = (j.next + 1) % journalLength
	return entry
}

func (j *journal) end(entry *Request, status int) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	entry.Status = status
	j.inFlight--
}

func (j *journal) reset() {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.stats = Stats{Calls: map[string]int{}, MaximumInFlight: j.inFlight}
	j.ring, j.next = nil, 0
}

func (j *journal) snapshot() Stats {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	copied := j.stats
	copied.Calls = maps.Clone(j.stats.Calls)
	return copied
}

func (j *journal) requests() []Request {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	listed := make([]Request, 0, len(j.ring))
	for position := range j.ring {
		listed = append(listed, *j.ring[(j.next+position)%len(j.ring)])
	}
	return listed
}
