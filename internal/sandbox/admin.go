// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// adminRoutes is what the sandbox has and OrderCloud has not. It asks for no
// token.
func (s *Sandbox) adminRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_sandbox/faults", s.postFault)
	mux.HandleFunc("DELETE /_sandbox/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /_sandbox/mutate", s.postMutation)
	mux.HandleFunc("GET /_sandbox/snapshot", s.getSnapshot)
	mux.HandleFunc("POST /_sandbox/restore", s.postRestore)
	mux.HandleFunc("GET /_sandbox/stats", s.getStats)
	mux.HandleFunc("DELETE /_sandbox/stats", func(w http.ResponseWriter, _ *http.Request) {
		s.ResetStats()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /_sandbox/tokens", func(w http.ResponseWriter, _ *http.Request) {
		s.RevokeTokens()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		notFound("Route", r.URL.Path).answer().write(w, r)
	})
	return mux
}

// faultBody is a [Fault] as JSON; durations as "50ms", "2s".
type faultBody struct {
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	After      int       `json:"after"`
	Count      int       `json:"count"`
	Kind       FaultKind `json:"kind"`
	Status     int       `json:"status"`
	Code       string    `json:"code"`
	RetryAfter string    `json:"retryAfter"`
	Latency    string    `json:"latency"`
}

func (b faultBody) fault() (Fault, error) {
	fault := Fault{
		Method: b.Method, Path: b.Path, After: b.After, Count: b.Count,
		Kind: b.Kind, Status: b.Status, Code: b.Code,
	}
	switch fault.kind() {
	case FaultLatency, FaultDropConnection, FaultHang, FaultMalformedBody,
		FaultLostAnswer, FaultTokenExpired, FaultTokenRevoked:
	case FaultStatus:
		if b.Status < http.StatusOK || b.Status > 599 {
			return fault, fmt.Errorf("status %d is not between 200 and 599", b.Status)
		}
	default:
		return fault, fmt.Errorf("kind %q is not known", b.Kind)
	}
	var err error
	if fault.RetryAfter, err = optionalDuration(b.RetryAfter); err != nil {
		return fault, fmt.Errorf("reading retryAfter: %w", err)
	}
	if fault.Latency, err = optionalDuration(b.Latency); err != nil {
		return fault, fmt.Errorf("reading latency: %w", err)
	}
	return fault, nil
}

func optionalDuration(given string) (time.Duration, error) {
	if given == "" {
		return 0, nil
	}
	return time.ParseDuration(given)
}

func (s *Sandbox) postFault(w http.ResponseWriter, r *http.Request) {
	var body faultBody
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		invalidBody(err.Error()).answer().write(w, r)
		return
	}
	fault, err := body.fault()
	if err != nil {
		invalidBody(err.Error()).answer().write(w, r)
		return
	}
	s.Inject(fault)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sandbox) postMutation(w http.ResponseWriter, r *http.Request) {
	var mutation Mutation
	decoder := json.NewDecoder(r.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&mutation); err != nil {
		invalidBody(err.Error()).answer().write(w, r)
		return
	}
	answered, err := s.send(mutation)
	if err != nil {
		invalidBody(err.Error()).answer().write(w, r)
		return
	}
	answered.flush(w)
}

func (s *Sandbox) getSnapshot(w http.ResponseWriter, r *http.Request) {
	taken, err := s.Snapshot()
	if err != nil {
		refuse(http.StatusInternalServerError, "ServerError", err.Error(), nil).answer().write(w, r)
		return
	}
	answer{status: http.StatusOK, body: taken}.write(w, r)
}

func (s *Sandbox) postRestore(w http.ResponseWriter, r *http.Request) {
	taken, err := io.ReadAll(r.Body)
	if err == nil {
		err = s.Restore(taken)
	}
	if err != nil {
		invalidBody(err.Error()).answer().write(w, r)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sandbox) getStats(w http.ResponseWriter, r *http.Request) {
	stats := s.Stats()
	encoded(map[string]any{
		"calls":           stats.Calls,
		"total":           stats.Total,
		"reads":           stats.Reads(),
		"writes":          stats.Writes(),
		"maximumInFlight": stats.MaximumInFlight,
	}).write(w, r)
}
