// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// FaultKind is a way to misbehave.
type FaultKind string

const (
	// FaultLatency waits for Fault.Latency and then answers as usual. It is
	// what a fault without a kind and without a status does.
	FaultLatency FaultKind = "latency"
	// FaultStatus answers Fault.Status with Fault.Code, and Retry-After when
	// Fault.RetryAfter is set, without looking at the request. It is what a
	// fault with a status and without a kind does.
	FaultStatus FaultKind = "status"
	// FaultDropConnection ends the connection before the request is handled.
	FaultDropConnection FaultKind = "drop-connection"
	// FaultHang answers nothing until the client goes away or the fault is
	// removed, and does not handle the request.
	FaultHang FaultKind = "hang"
	// FaultMalformedBody handles the request and cuts the answer's body in the
	// middle.
	FaultMalformedBody FaultKind = "malformed-body"
	// FaultLostAnswer handles the request, writes included, and then ends the
	// connection instead of answering.
	FaultLostAnswer FaultKind = "lost-answer"
	// FaultTokenExpired ends the life of the token that the request bears, for
	// this request and for all later ones.
	FaultTokenExpired FaultKind = "token-expired"
	// FaultTokenRevoked revokes the token that the request bears: 401
	// Auth.TokenRevoked for this request and for all later ones.
	FaultTokenRevoked FaultKind = "token-revoked"
)

// Fault is a misbehaviour and the requests that meet it. Faults are tried in
// the order in which they were injected; a request meets the first that
// matches.
type Fault struct {
	// Method is the method of the requests that meet the fault; empty for any.
	Method string
	// Path is a glob over the path without query ("/v1/buyers/*/users",
	// "/oauth/token"): * stands for anything but a slash, ** for anything.
	// Empty is any path.
	Path string
	// After lets this many matching requests through first.
	After int
	// Count is how many requests meet the fault; 0 is all until it is removed.
	Count int
	// Kind is what happens; empty is FaultStatus when Status is set, else
	// FaultLatency.
	Kind FaultKind
	// Status is the status of FaultStatus.
	Status int
	// Code is the ErrorCode of FaultStatus; empty is Api.Offline for 503 and
	// ServerError otherwise.
	Code string
	// RetryAfter is sent as the Retry-After header, in whole seconds, rounded up.
	RetryAfter time.Duration
	// Latency passes before the fault, or the usual answer, happens.
	Latency time.Duration
}

func (f Fault) kind() FaultKind {
	switch {
	case f.Kind != "":
		return f.Kind
	case f.Status != 0:
		return FaultStatus
	}
	return FaultLatency
}

// activeFault is an injected fault. A nil one is no fault.
type activeFault struct {
	Fault
	pattern *regexp.Regexp
	seen    int
	removed chan struct{}
}

func (f *activeFault) kind() FaultKind {
	if f == nil {
		return FaultLatency
	}
	return f.Fault.kind()
}

// faultHeader says, on an answer that a fault has made or spoiled, which.
const faultHeader = "X-Sandbox-Fault"

// spoils tells whether the fault changes what is answered.
func (f *activeFault) spoils() bool { return f.kind() != FaultLatency }

func (f *activeFault) latency() time.Duration {
	if f == nil {
		return 0
	}
	return f.Latency
}

func (f *activeFault) hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-f.removed:
	}
}

// answer sends the status of the fault.
func (f *activeFault) answer(w http.ResponseWriter) int {
	code := f.Code
	if code == "" {
		code = "ServerError"
		if f.Status == http.StatusServiceUnavailable {
			code = "Api.Offline"
		}
	}
	if f.RetryAfter > 0 {
		seconds := (f.RetryAfter + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(f.Status)
	_, _ = w.Write(refuse(f.Status, code, "A fault was injected.", nil).body())
	return f.Status
}

// faults is what is injected at the moment.
type faults struct {
	mutex  sync.Mutex
	active []*activeFault
}

func newFaults() *faults { return &faults{} }

func (f *faults) inject(fault Fault) (remove func()) {
	added := &activeFault{Fault: fault, pattern: globPattern(fault.Path), removed: make(chan struct{})}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.active = append(f.active, added)
	return func() {
		f.mutex.Lock()
		defer f.mutex.Unlock()
		if position := slices.Index(f.active, added); position >= 0 {
			f.active = slices.Delete(f.active, position, position+1)
			close(added.removed)
		}
	}
}

func (f *faults) clear() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, each := range f.active {
		close(each.removed)
	}
	f.active = nil
}

// take finds the fault that a request meets and uses it up by one.
func (f *faults) take(r *http.Request) *activeFault {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, each := range f.active {
		if !each.matches(r) {
			continue
		}
		// A fault that is used up stays listed, so that removing it still
		// releases who hangs on it.
		if each.Count > 0 && each.seen >= each.After+each.Count {
			continue
		}
		each.seen++
		if each.seen > each.After {
			return each
		}
	}
	return nil
}

func (f *activeFault) matches(r *http.Request) bool {
	spoilsToken := f.Kind == FaultTokenExpired || f.Kind == FaultTokenRevoked
	if spoilsToken && bearer(r) == "" {
		return false
	}
	return (f.Method == "" || strings.EqualFold(f.Method, r.Method)) && f.pattern.MatchString(r.URL.Path)
}

// globPattern translates * (anything but a slash) and ** (anything).
func globPattern(glob string) *regexp.Regexp {
	if glob == "" {
		glob = "**"
	}
	quoted := regexp.QuoteMeta(glob)
	quoted = strings.ReplaceAll(quoted, `\*\*`, `.*`)
	quoted = strings.ReplaceAll(quoted, `\*`, `[^/]*`)
	return regexp.MustCompile("^" + quoted + "$")
}

// pause waits, unless the client goes away before.
func pause(ctx context.Context, duration time.Duration) error {
	if duration <= 0 {
		return nil
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
