// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

// group are the objects that are counted together.
type group struct {
	kind        string
	namespace   string
	marketplace types.NamespacedName
}

// tokens are those whose first expiry is told.
type tokens struct {
	namespace   string
	marketplace types.NamespacedName
}

// count is what one scrape finds.
type count struct {
	groups   map[group]*[states]int
	known    map[types.NamespacedName]*v1alpha1.Marketplace
	shortest map[types.NamespacedName]time.Duration
	expiries map[tokens]time.Time
}

func newCount() *count {
	return &count{
		groups:   map[group]*[states]int{},
		known:    map[types.NamespacedName]*v1alpha1.Marketplace{},
		shortest: map[types.NamespacedName]time.Duration{},
		expiries: map[tokens]time.Time{},
	}
}

func (c *count) add(kind, namespace string, of types.NamespacedName, state State) {
	key := group{kind: kind, namespace: namespace, marketplace: of}
	counts := c.groups[key]
	if counts == nil {
		counts = &[states]int{}
		c.groups[key] = counts
	}
	counts[state]++
}

func (c *count) marketplace(declared *v1alpha1.Marketplace) {
	key := client.ObjectKeyFromObject(declared)
	c.known[key] = declared
	c.add("Marketplace", declared.Namespace, key, stateOf(declared, declared.Status.Conditions, false))
}

func (c *count) managed(kind string, object lifecycle.Object) {
	spec, status := object.Managed()
	of := marketplace.Key(object.GetNamespace(), spec.MarketplaceRef)
	state := stateOf(object, status.Conditions, spec.Suspend)
	c.add(kind, object.GetNamespace(), of, state)
	declared, known := c.known[of]
	if !known || state != Ready && state != Drifted {
		return // nobody says that it is looked at
	}
	between := marketplace.Interval(declared)
	if spec.Interval != nil && spec.Interval.Duration > 0 {
		between = spec.Interval.Duration
	}
	if shortest, ok := c.shortest[of]; !ok || between < shortest {
		c.shortest[of] = between
	}
}

func (c *count) token(object *v1alpha1.ImpersonationToken) {
	of := marketplace.Key(object.Namespace, object.Spec.MarketplaceRef)
	state := stateOf(object, object.Status.Conditions, object.Spec.Suspend)
	c.add("ImpersonationToken", object.Namespace, of, state)
	expires := object.Status.ExpirationTime
	if expires == nil || state == Suspended || object.DeletionTimestamp != nil {
		return // nobody keeps it fresh
	}
	key := tokens{namespace: object.Namespace, marketplace: of}
	if first, ok := c.expiries[key]; !ok || expires.Time.Before(first) {
		c.expiries[key] = expires.Time
	}
}

func (c *count) collect(collected chan<- prometheus.Metric) {
	send := func(description *prometheus.Desc, value float64, labels ...string) {
		collected <- prometheus.MustNewConstMetric(description, prometheus.GaugeValue, value, labels...)
	}
	for key, counts := range c.groups {
		for state, number := range counts {
			send(resources, float64(number), key.kind, key.namespace, key.marketplace.String(), State(state).String())
		}
	}
	for key, declared := range c.known {
		send(limit, limiter.Limits{RequestsPerSecond: float64(declared.Spec.RateLimit.RequestsPerSecond)}.WithDefaults().RequestsPerSecond, key.String())
		synced := meta.FindStatusCondition(declared.Status.Conditions, v1alpha1.SyncedCondition)
		if synced != nil && synced.Status == metav1.ConditionFalse {
			send(failing, 1, key.String(), synced.Reason)
		}
	}
	for key, between := range c.shortest {
		send(interval, between.Seconds(), key.String())
	}
	for key, first := range c.expiries {
		send(expiry, float64(first.UnixMilli())/1000, key.namespace, key.marketplace.String())
	}
}
