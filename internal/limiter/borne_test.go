// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// bearer is a marketplace that bears so many requests a second, one second's worth at
// once, and answers the others 429 with Retry-After: 1. The bubble's clock is its own.
type bearer struct {
	perSecond float64
	latency   time.Duration

	mutex   sync.Mutex
	tokens  float64
	since   time.Time
	refused int
}

func (b *bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	code := b.serve(time.Now())
	time.Sleep(b.latency)
	if code == http.StatusTooManyRequests {
		return status(code, "Retry-After", "1")(request)
	}
	return status(code)(request)
}

func (b *bearer) serve(now time.Time) int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.tokens = min(b.tokens+now.Sub(b.since).Seconds()*b.perSecond, b.perSecond)
	b.since = now
	if b.tokens < 1 {
		b.refused++
		return http.StatusTooManyRequests
	}
	b.tokens--
	return http.StatusCreated
}

// everybody sends so many requests at once, each again until it is not refused, and
// returns how long they took.
func (b *bearer) everybody(t *testing.T, limits Limits, requests int) time.Duration {
	t.Helper()
	b.tokens, b.since = b.perSecond, time.Now()
	through := New(limits, Observer{}).Transport(answer.Transport(b, forever, (*answer.Budget)(nil).Share()), nil)
	begun := time.Now()
	var group sync.WaitGroup
	for range requests {
		group.Go(func() {
			for {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/v1/impersonationconfig", http.NoBody)
				if err != nil {
					t.Error(err)
					return
				}
				response, err := through.RoundTrip(request)
				if err != nil {
					t.Error(err)
					return
				}
				_ = response.Body.Close()
				if response.StatusCode != http.StatusTooManyRequests {
					return
				}
			}
		})
	}
	group.Wait()
	return time.Since(begun)
}

func TestAMarketplaceThatBearsLittleRefusesFewAndIsUsedWell(t *testing.T) {
	for _, test := range []struct {
		bears    float64
		latency  time.Duration
		requests int
		refused  int
		lasts    time.Duration
	}{
		{20, time.Millisecond, 305, 64, 19 * time.Second},
		{20, 50 * time.Millisecond, 305, 64, 19 * time.Second},
		{20, 300 * time.Millisecond, 305, 64, 19 * time.Second},
		{20, 150 * time.Millisecond, 305, 64, 19 * time.Second},
		{20, 600 * time.Millisecond, 305, 64, 19 * time.Second},
		{20, 50 * time.Millisecond, 1000, 80, 58 * time.Second},
		{2, 50 * time.Millisecond, 60, 80, 40 * time.Second},
		{200, 50 * time.Millisecond, 2000, 80, 15 * time.Second},
	} {
		t.Run(fmt.Sprintf("%v a second, %d requests, %s", test.bears, test.requests, test.latency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &bearer{perSecond: test.bears, latency: test.latency}
				lasted := b.everybody(t, Limits{RequestsPerSecond: 1000, Concurrency: 64}, test.requests)
				t.Logf("%d refused, %s", b.refused, lasted)
				if b.refused > test.refused || lasted > test.lasts {
					t.Errorf("%d refused in %s, want at most %d in %s", b.refused, lasted, test.refused, test.lasts)
				}
			})
		})
	}
}
