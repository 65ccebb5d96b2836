// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
)

func TestAMarketplaceWithoutARateLimitGetsTheDefaults(t *testing.T) {
	for name, test := range map[string]struct {
		declared v1alpha1.RateLimit
		want     limiter.Limits
	}{
		"nothing declared": {v1alpha1.RateLimit{}, limiter.Limits{RequestsPerSecond: 10, Concurrency: 8}},
		"all declared":     {v1alpha1.RateLimit{RequestsPerSecond: 250, Concurrency: 64}, limiter.Limits{RequestsPerSecond: 250, Concurrency: 64}},
		"only the rate":    {v1alpha1.RateLimit{RequestsPerSecond: 3}, limiter.Limits{RequestsPerSecond: 3, Concurrency: 8}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := limitsOf(test.declared); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestAnotherRateLimitIsInForceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		declared := &v1alpha1.Marketplace{}
		declared.Spec.RateLimit = v1alpha1.RateLimit{RequestsPerSecond: 1, Concurrency: 2}
		kept := &entry{turns: newLimiter(declared.Spec.RateLimit, metrics.For("shop/limited").LimiterWaited, func(bool) {}), rateLimit: declared.Spec.RateLimit}
		begun := time.Now()
		acquire := func() time.Duration {
			permit, err := kept.turns.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			permit.Release()
			return time.Since(begun).Round(10 * time.Millisecond)
		}
		acquire()
		if waited := acquire(); waited != time.Second {
			t.Errorf("waited %s for the second request of a second", waited)
		}
		declared.Spec.RateLimit.RequestsPerSecond = 1000
		kept.bound(declared)
		for range 10 {
			acquire()
		}
		if waited := acquire(); waited > 1020*time.Millisecond {
			t.Errorf("a thousand requests a second: waited until %s", waited)
		}
	})
}

func TestIdleConnectionsSufficeForEverySlot(t *testing.T) {
	base := newConnections()
	if base.MaxIdleConns != 256 || base.MaxIdleConnsPerHost != 256 || base.MaxConnsPerHost != 0 {
		t.Errorf("%d idle, %d of them to a host, %d at all", base.MaxIdleConns, base.MaxIdleConnsPerHost, base.MaxConnsPerHost)
	}
	if base.TLSClientConfig == nil || base.TLSClientConfig.InsecureSkipVerify {
		t.Error("certificates are not checked")
	}
}
