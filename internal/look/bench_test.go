// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
)

// BenchmarkLooks looks 10,000 times, each time at another user, with 512 at the
// same time, as the workers of a sweep do. Each answer takes 20 ms, and 8 may be
// under way; the rate is no limit.
func BenchmarkLooks(b *testing.B) {
	const all, together = 10_000, 512
	for _, buyers := range []int{10, 100} {
		for name, roles := range map[string][]string{"across buyers": nil, "buyer by buyer": ofBuyerOnly} {
			b.Run(fmt.Sprintf("%d buyers/%s", buyers, name), func(b *testing.B) {
				keys := spread(buyers, all/buyers)
				w := begin(b, setting{
					seed: seeded(keys...), roles: roles, latency: 20 * time.Millisecond,
					limits: limiter.Limits{RequestsPerSecond: 1e6, Concurrency: 8},
				})
				for b.Loop() {
					w.lookAtAll(b, keys, together)
				}
				looks := float64(w.looked.Load())
				b.ReportMetric(float64(w.called.Load())/looks, "calls/look")
				b.ReportMetric(looks/b.Elapsed().Seconds(), "looks/s")
			})
		}
	}
}

// lookAtAll looks once at each user, so many at a time.
func (w *world) lookAtAll(b *testing.B, keys []userKey, together int) {
	b.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	for range together {
		group.Go(func() {
			for index := next.Add(1) - 1; index < int64(len(keys)); index = next.Add(1) - 1 {
				key := keys[index]
				user, found, err := w.looks.BuyerUser(b.Context(), key.buyerID, key.userID)
				if err != nil || !found || user.ID != key.userID || user.CompanyID != key.buyerID {
					b.Errorf("%v got %s of %s, found %v: %v", key, user.ID, user.CompanyID, found, err)
				}
			}
		})
	}
	group.Wait()
}
