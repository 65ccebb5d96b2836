// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics counts what OrderCloud is asked, for each Marketplace, and what was
// found to differ. No label holds the name or ID of an object other than the
// Marketplace.
package metrics

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Labels of the metrics.
const (
	labelMarketplace = "marketplace"
	labelMethod      = "method"
	labelRoute       = "route"
	labelCode        = "code"
	labelKind        = "kind"
	labelField       = "field"
)

// CodeNoAnswer is the code of a request that no answer came to.
const CodeNoAnswer = "error"

var (
	requests = newCounter("ordercloud_api_requests_total",
		"Requests sent to OrderCloud, every attempt and token request included, by the path's template and the answer's HTTP status; error when no answer came.",
		labelMarketplace, labelMethod, labelRoute, labelCode)
	durations = newHistogram("ordercloud_api_request_duration_seconds",
		"Seconds from sending a request until its answer was read, without the wait in the limiter.",
		[]float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, labelMarketplace, labelMethod, labelRoute)
	waits = newHistogram("ordercloud_api_limiter_wait_seconds",
		"Seconds that a request waited for its turn in the Marketplace's limiter.",
		[]float64{.001, .01, .1, .5, 1, 5, 10, 30, 60, 300}, labelMarketplace)
	breakerOpen = newGauge("ordercloud_api_breaker_open",
		"1 while OrderCloud is not called because it failed repeatedly, else 0.", labelMarketplace)
	looks = newCounter("ordercloud_looks_total",
		"Looks at objects and references in OrderCloud that passes asked for; not those that were answered from memory, nor those that the breaker refused.",
		labelMarketplace)
	lookBatches = newCounter("ordercloud_look_batches_total",
		"Calls that answered looks, single ones included; looks divided by these is the batch size.", labelMarketplace)
	lastLook = newGauge("ordercloud_last_successful_look_timestamp_seconds",
		"When OrderCloud last answered a look at what the marketplace holds, in seconds since 1970; there is none until the first. The check of the credentials is no such look.",
		labelMarketplace)
	orphaned = newCounter("ordercloud_orphaned_total",
		"Objects that were left behind in OrderCloud because it could not be asked to delete them; the log names them. Kept when the Marketplace is gone.",
		labelMarketplace)
)

// Marketplace counts for one Marketplace, until it is forgotten. It is safe for use by many
// goroutines.
type Marketplace struct {
	name string
	life *life
}

// life says whether the series of a Marketplace are gone, which whatever is still under way
// must not bring back.
type life struct {
	lock        sync.RWMutex
	isForgotten bool
}

// For returns the counters of a Marketplace, given as NAMESPACE/NAME. Those that
// need no more labels exist from then on, with the value 0.
func For(name string) Marketplace {
	breakerOpen.WithLabelValues(name)
	looks.WithLabelValues(name)
	lookBatches.WithLabelValues(name)
	return Marketplace{name: name, life: &life{}}
}

func (m Marketplace) count(count func()) {
	m.life.lock.RLock()
	defer m.life.lock.RUnlock()
	if !m.life.isForgotten {
		count()
	}
}

// Request counts a request and how long it took. Status 0 means that no answer
// came. The route is the path's template, without any ID.
func (m Marketplace) Request(method, route string, status int, took time.Duration) {
	code := CodeNoAnswer
	if status != 0 {
		code = strconv.Itoa(status)
	}
	m.count(func() {
		requests.WithLabelValues(m.name, method, route, code).Inc()
		durations.WithLabelValues(m.name, method, route).Observe(took.Seconds())
	})
}

// LimiterWaited records how long a request waited for its turn.
func (m Marketplace) LimiterWaited(waited time.Duration) {
	m.count(func() { waits.WithLabelValues(m.name).Observe(waited.Seconds()) })
}

// BreakerChanged records whether the breaker is open.
func (m Marketplace) BreakerChanged(open bool) {
	value := 0.0
	if open {
		value = 1
	}
	m.count(func() { breakerOpen.WithLabelValues(m.name).Set(value) })
}

// Looked counts looks that one batch answers.
func (m Marketplace) Looked(count int) {
	m.count(func() { looks.WithLabelValues(m.name).Add(float64(count)) })
}

// LookSucceeded records that OrderCloud has just answered a look.
func (m Marketplace) LookSucceeded() {
	m.count(func() { lastLook.WithLabelValues(m.name).SetToCurrentTime() })
}

// LookCalled counts a call that answers looks.
func (m Marketplace) LookCalled() {
	m.count(func() { lookBatches.WithLabelValues(m.name).Inc() })
}

// Orphaned counts an object that was left behind in the marketplace of a
// Marketplace, given as NAMESPACE/NAME. It is kept when the Marketplace is gone.
func Orphaned(marketplace string) { orphaned.WithLabelValues(marketplace).Inc() }

// Forget removes the counters of a Marketplace that is gone. What is counted afterwards is
// lost.
func (m Marketplace) Forget() {
	m.life.lock.Lock()
	defer m.life.lock.Unlock()
	m.life.isForgotten = true
	match := prometheus.Labels{labelMarketplace: m.name}
	requests.DeletePartialMatch(match)
	durations.DeletePartialMatch(match)
	waits.DeletePartialMatch(match)
	breakerOpen.DeletePartialMatch(match)
	looks.DeletePartialMatch(match)
	lookBatches.DeletePartialMatch(match)
	ForgetGrants(m.name)
	lastLook.DeletePartialMatch(match)
}
