// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// maximumBodyBytes bounds a request body of the API.
	maximumBodyBytes = 1 << 20
	// maximumSnapshotBytes bounds a body of the sandbox's own routes: the
	// snapshot of a large marketplace fits.
	maximumSnapshotBytes = 256 << 20
)

// Sandbox is one OrderCloud marketplace in memory. It is an [http.Handler] and
// safe for use by any number of goroutines.
type Sandbox struct {
	seed          Seed
	latency       time.Duration
	now           func() time.Time
	tokenLifetime time.Duration

	kinds *kinds
	mutex sync.RWMutex // guards state
	state *state

	tokens  *tokens
	faults  *faults
	journal *journal
	api     *http.ServeMux // OrderCloud's routes
	admin   *http.ServeMux // the sandbox's own
}

// Option changes how [New] builds a sandbox.
type Option func(*Sandbox)

// WithSeed fills the marketplace with something else than [DefaultSeed].
func WithSeed(seed Seed) Option { return func(s *Sandbox) { s.seed = seed } }

// WithLatency lets every answer of the API take at least this long.
func WithLatency(latency time.Duration) Option { return func(s *Sandbox) { s.latency = latency } }

// WithClock replaces time.Now, for dates in answers and for the expiry of
// tokens. Latency and hangs are not affected.
func WithClock(now func() time.Time) Option { return func(s *Sandbox) { s.now = now } }

// WithTokenLifetime gives every token this lifetime instead of its API
// client's AccessTokenDuration, which cannot be under ten minutes [D].
func WithTokenLifetime(lifetime time.Duration) Option {
	return func(s *Sandbox) { s.tokenLifetime = lifetime }
}

// New makes a marketplace. It fails when the seed breaks a rule that the API
// would refuse.
func New(options ...Option) (*Sandbox, error) {
	s := &Sandbox{seed: DefaultSeed(), now: time.Now, faults: newFaults(), journal: newJournal()}
	for _, option := range options {
		option(s)
	}
	s.tokens = newTokens(s.now)
	seeded, err := s.seed.build(s.now())
	if err != nil {
		return nil, fmt.Errorf("seeding the marketplace: %w", err)
	}
	s.state, s.kinds = seeded, seeded.kinds
	s.api = s.routes()
	s.admin = s.adminRoutes()
	return s, nil
}

// ServeHTTP answers as OrderCloud would, unless a fault says otherwise.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-oc-logid", newLogID())
	if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		r.Body = http.MaxBytesReader(w, r.Body, maximumSnapshotBytes)
		s.admin.ServeHTTP(w, r)
		return
	}
	// The whole body is read first: only then does the server notice that a
	// client goes away while the request hangs.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maximumBodyBytes))
	if err != nil {
		invalidBody("The body could not be read, or is too large.").answer().write(w, r)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, route := s.api.Handler(r)
	// The fault is taken before the request is counted: who has seen the count
	// can remove the fault and know that the request has met it.
	fault := s.faults.take(r)
	entry := s.journal.begin(r, route, s.now())
	status := 0
	defer func() { s.journal.end(entry, status) }()
	status = s.serve(w, r, fault)
}

// serve answers one request and returns the status that was sent: 0 when the
// connection was dropped.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request, fault *activeFault) int {
	if err := pause(r.Context(), s.latency+fault.latency()); err != nil {
		return 0
	}
	if fault.spoils() {
		w.Header().Set(faultHeader, string(fault.kind()))
	}
	switch fault.kind() {
	case FaultDropConnection:
		dropConnection(w)
		return 0
	case FaultHang:
		fault.hang(r.Context())
		dropConnection(w)
		return 0
	case FaultStatus:
		return fault.answer(w)
	case FaultTokenExpired:
		s.tokens.expire(bearer(r))
	case FaultTokenRevoked:
		s.tokens.revoke(bearer(r))
	default: // the others matter once there is an answer
	}
	answered := newBuffer(w.Header().Clone())
	s.api.ServeHTTP(answered, r)
	switch fault.kind() {
	case FaultLostAnswer:
		dropConnection(w)
		return 0
	case FaultMalformedBody:
		answered.truncate()
	default:
	}
	return answered.flush(w)
}

// errInternal marks a request of the Go API that the marketplace refused.
var errInternal = errors.New("refused by the sandbox")

// trusted marks a request as one from outside the API: no token, no roles, no
// faults, no statistics.
type trusted struct{}

// internal sends a request to the marketplace past authentication.
func (s *Sandbox) internal(r *http.Request) *buffer {
	answered := newBuffer(http.Header{})
	s.api.ServeHTTP(answered, r)
	return answered
}
