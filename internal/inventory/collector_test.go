// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func newScheme(tb testing.TB) *runtime.Scheme {
	tb.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		tb.Fatal(err)
	}
	return scheme
}

func collectorOf(t *testing.T, objects ...client.Object) *Collector {
	t.Helper()
	return &Collector{reader: fake.NewClientBuilder().WithScheme(newScheme(t)).WithObjects(objects...).Build()}
}

func named(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Generation: generation}
}

func ready() []metav1.Condition {
	return []metav1.Condition{
		condition(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync),
		condition(v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync),
	}
}

func failed(reason string) []metav1.Condition {
	return []metav1.Condition{
		condition(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync),
		condition(v1alpha1.SyncedCondition, metav1.ConditionFalse, reason),
	}
}

func marketplaceNamed(namespace string, conditions []metav1.Condition) *v1alpha1.Marketplace {
	return &v1alpha1.Marketplace{ObjectMeta: named(namespace, "default"), Status: v1alpha1.MarketplaceStatus{Conditions: conditions}}
}

func userNamed(namespace, name string, conditions []metav1.Condition) *v1alpha1.BuyerUser {
	user := &v1alpha1.BuyerUser{ObjectMeta: named(namespace, name)}
	user.Status.Conditions = conditions
	return user
}

func tokenNamed(name string, expires time.Time) *v1alpha1.ImpersonationToken {
	return &v1alpha1.ImpersonationToken{
		ObjectMeta: named("desk", name),
		Spec:       v1alpha1.ImpersonationTokenSpec{MarketplaceRef: v1alpha1.MarketplaceReference{Namespace: "shop"}},
		Status:     v1alpha1.ImpersonationTokenStatus{Conditions: ready(), ExpirationTime: &metav1.Time{Time: expires}},
	}
}

func expect(t *testing.T, collector *Collector, name string, series ...string) {
	t.Helper()
	want := ""
	if len(series) > 0 {
		want = "# TYPE " + name + " gauge\n" + strings.Join(series, "\n") + "\n"
	}
	if err := compare(collector, want, name); err != nil {
		t.Error(err)
	}
}

// compare takes the help from the collector: it is no matter of these tests.
func compare(collector *Collector, want, name string) error {
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(collector); err != nil {
		return err
	}
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	for _, family := range families {
		if family.GetName() == name {
			want = "# HELP " + name + " " + family.GetHelp() + "\n" + want
		}
	}
	return testutil.GatherAndCompare(registry, strings.NewReader(want), name)
}

func TestObjectsAreCountedByNamespaceMarketplaceAndState(t *testing.T) {
	observed := userNamed("desk", "differs", []metav1.Condition{
		condition(v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonDrifted),
		condition(v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonDrifted),
		condition(v1alpha1.DriftedCondition, metav1.ConditionTrue, v1alpha1.ReasonDrifted),
	})
	observed.Spec.MarketplaceRef = v1alpha1.MarketplaceReference{Namespace: "shop", Name: "default"}
	suspended := userNamed("shop", "suspended", ready())
	suspended.Spec.Suspend = true
	config := &v1alpha1.ImpersonationConfig{ObjectMeta: named("shop", "held")}
	config.Finalizers = []string{v1alpha1.ClaimFinalizer}
	config.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	config.Status.Conditions = failed(v1alpha1.ReasonDeletionHeld)
	collector := collectorOf(t, marketplaceNamed("shop", ready()),
		userNamed("shop", "one", ready()), userNamed("shop", "two", ready()), suspended, observed, config,
		tokenNamed("token", time.Unix(4000, 0)))
	expect(t, collector, "ordercloud_resources",
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="desk",state="drifted"} 1`,
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="desk",state="failed"} 0`,
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="desk",state="held"} 0`,
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="desk",state="pending"} 0`,
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="desk",state="ready"} 0`,
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="desk",state="suspended"} 0`,
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="shop",state="drifted"} 0`,
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="shop",state="failed"} 0`,
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="shop",state="held"} 0`,
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="shop",state="pending"} 0`,
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="shop",state="ready"} 2`,
		`ordercloud_resources{kind="BuyerUser",marketplace="shop/default",namespace="shop",state="suspended"} 1`,
		`ordercloud_resources{kind="ImpersonationConfig",marketplace="shop/default",namespace="shop",state="drifted"} 0`,
		`ordercloud_resources{kind="ImpersonationConfig",marketplace="shop/default",namespace="shop",state="failed"} 0`,
		`ordercloud_resources{kind="ImpersonationConfig",marketplace="shop/default",namespace="shop",state="held"} 1`,
		`ordercloud_resources{kind="ImpersonationConfig",marketplace="shop/default",namespace="shop",state="pending"} 0`,
		`ordercloud_resources{kind="ImpersonationConfig",marketplace="shop/default",namespace="shop",state="ready"} 0`,
		`ordercloud_resources{kind="ImpersonationConfig",marketplace="shop/default",namespace="shop",state="suspended"} 0`,
		`ordercloud_resources{kind="ImpersonationToken",marketplace="shop/default",namespace="desk",state="drifted"} 0`,
		`ordercloud_resources{kind="ImpersonationToken",marketplace="shop/default",namespace="desk",state="failed"} 0`,
		`ordercloud_resources{kind="ImpersonationToken",marketplace="shop/default",namespace="desk",state="held"} 0`,
		`ordercloud_resources{kind="ImpersonationToken",marketplace="shop/default",namespace="desk",state="pending"} 0`,
		`ordercloud_resources{kind="ImpersonationToken",marketplace="shop/default",namespace="desk",state="ready"} 1`,
		`ordercloud_resources{kind="ImpersonationToken",marketplace="shop/default",namespace="desk",state="suspended"} 0`,
		`ordercloud_resources{kind="Marketplace",marketplace="shop/default",namespace="shop",state="drifted"} 0`,
		`ordercloud_resources{kind="Marketplace",marketplace="shop/default",namespace="shop",state="failed"} 0`,
		`ordercloud_resources{kind="Marketplace",marketplace="shop/default",namespace="shop",state="held"} 0`,
		`ordercloud_resources{kind="Marketplace",marketplace="shop/default",namespace="shop",state="pending"} 0`,
		`ordercloud_resources{kind="Marketplace",marketplace="shop/default",namespace="shop",state="ready"} 1`,
		`ordercloud_resources{kind="Marketplace",marketplace="shop/default",namespace="shop",state="suspended"} 0`,
	)
}

func TestMarketplaceFailsWithAReason(t *testing.T) {
	limited := marketplaceNamed("limited", ready())
	limited.Spec.RateLimit.RequestsPerSecond = 25
	collector := collectorOf(t, limited, marketplaceNamed("refused", failed(v1alpha1.ReasonCredentialsInvalid)), marketplaceNamed("new", nil))
	expect(t, collector, "ordercloud_marketplace_failing",
		`ordercloud_marketplace_failing{marketplace="refused/default",reason="CredentialsInvalid"} 1`)
	expect(t, collector, "ordercloud_api_requests_limit_per_second",
		`ordercloud_api_requests_limit_per_second{marketplace="limited/default"} 25`,
		`ordercloud_api_requests_limit_per_second{marketplace="new/default"} 10`,
		`ordercloud_api_requests_limit_per_second{marketplace="refused/default"} 10`)
}

func TestOnlyObjectsThatAreComparedGiveAnInterval(t *testing.T) {
	const name = "ordercloud_marketplace_interval_seconds"
	seldom := marketplaceNamed("seldom", ready())
	seldom.Spec.Interval = &metav1.Duration{Duration: time.Hour}
	often := userNamed("seldom", "often", ready())
	often.Spec.Interval = &metav1.Duration{Duration: 2 * time.Minute}
	suspended := userNamed("quiet", "suspended", ready())
	suspended.Spec.Suspend = true
	collector := collectorOf(t,
		marketplaceNamed("shop", ready()), userNamed("shop", "one", ready()),
		seldom, often, userNamed("seldom", "other", ready()),
		marketplaceNamed("quiet", ready()), suspended, userNamed("quiet", "failed", failed(v1alpha1.ReasonConflict)), userNamed("quiet", "new", nil),
		userNamed("without", "one", ready()))
	expect(t, collector, name,
		`ordercloud_marketplace_interval_seconds{marketplace="seldom/default"} 120`,
		`ordercloud_marketplace_interval_seconds{marketplace="shop/default"} 600`)
}

func TestFirstTokenThatIsKeptFreshExpires(t *testing.T) {
	suspended := tokenNamed("suspended", time.Unix(1000, 0))
	suspended.Spec.Suspend = true
	leaving := tokenNamed("leaving", time.Unix(1000, 0))
	leaving.Finalizers = []string{"somebody/else"}
	leaving.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	failing := tokenNamed("failing", time.Unix(3000, 0))
	failing.Status.Conditions = failed(v1alpha1.ReasonNotGranted)
	without := tokenNamed("without", time.Time{})
	without.Status.ExpirationTime = nil
	collector := collectorOf(t, suspended, leaving, without, tokenNamed("later", time.Unix(4000, 0)), failing)
	expect(t, collector, "ordercloud_token_expiry_timestamp_seconds",
		`ordercloud_token_expiry_timestamp_seconds{marketplace="shop/default",namespace="desk"} 3000`)
	expect(t, collectorOf(t, suspended, leaving, without), "ordercloud_token_expiry_timestamp_seconds")
}

func TestMetricsOfADeletedMarketplaceVanish(t *testing.T) {
	kube := fake.NewClientBuilder().WithScheme(newScheme(t)).WithObjects(marketplaceNamed("shop", failed(v1alpha1.ReasonUnavailable))).Build()
	collector := &Collector{reader: kube}
	if count := testutil.CollectAndCount(collector); count == 0 {
		t.Fatal("a Marketplace has no metrics")
	}
	if err := kube.Delete(t.Context(), marketplaceNamed("shop", nil)); err != nil {
		t.Fatal(err)
	}
	if count := testutil.CollectAndCount(collector); count != 0 {
		t.Errorf("%d metrics of a Marketplace that is gone", count)
	}
}

func TestAKindThatCannotBeListedLeavesTheOthers(t *testing.T) {
	kube := fake.NewClientBuilder().WithScheme(newScheme(t)).WithObjects(marketplaceNamed("shop", ready())).Build()
	collector := &Collector{reader: interceptor.NewClient(kube, interceptor.Funcs{
		List: func(ctx context.Context, to client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			if _, ok := list.(*v1alpha1.BuyerUserList); ok {
				return errors.New("no")
			}
			return to.List(ctx, list, options...)
		},
	})}
	if count := testutil.CollectAndCount(collector, "ordercloud_resources"); count != int(states) {
		t.Errorf("%d series of Marketplaces, want %d", count, states)
	}
}

func TestOnlyTheLeaderHasMetricsOfObjects(t *testing.T) {
	collector := collectorOf(t, marketplaceNamed("shop", ready()))
	ofReplica := func() (objects int, leads float64) {
		families, err := ctrlmetrics.Registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			switch family.GetName() {
			case "ordercloud_resources":
				objects = len(family.GetMetric())
			case "ordercloud_operator_leader":
				leads = family.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return objects, leads
	}
	if objects, leads := ofReplica(); objects != 0 || leads != 0 {
		t.Errorf("a replica that waits has %d series, and says %v", objects, leads)
	}
	if !collector.NeedLeaderElection() {
		t.Error("the collector does not wait to lead")
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- collector.Start(ctx) }()
	for leads := 0.0; leads == 0; _, leads = ofReplica() {
		select {
		case err := <-stopped:
			t.Fatalf("the collector has stopped: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	if objects, leads := ofReplica(); objects != int(states) || leads != 1 {
		t.Errorf("the leader has %d series, and says %v", objects, leads)
	}
	stop()
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if objects, leads := ofReplica(); objects != 0 || leads != 0 {
		t.Errorf("a replica that led has %d series, and says %v", objects, leads)
	}
}

func TestNamesFollowTheConventions(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collectorOf(t, marketplaceNamed("shop", failed(v1alpha1.ReasonUnavailable)), userNamed("shop", "one", ready()),
		tokenNamed("token", time.Unix(4000, 0))))
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	if count, err := testutil.GatherAndCount(registry, "ordercloud_resources", "ordercloud_marketplace_failing", "ordercloud_marketplace_interval_seconds",
		"ordercloud_api_requests_limit_per_second", "ordercloud_token_expiry_timestamp_seconds"); err != nil || count == 0 {
		t.Errorf("nothing was checked: %d, %v", count, err)
	}
}
