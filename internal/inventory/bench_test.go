// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// listed is listed first, and then watched: a fake watch does not begin with what there is.
type listed struct{ *toolscache.ListWatch }

func (listed) IsWatchListSemanticsUnSupported() bool { return true }

// filled is the cache that the operator has, with so many users in ten namespaces.
func filled(b *testing.B, number int) cache.Cache {
	b.Helper()
	scheme := newScheme(b)
	mapper := meta.NewDefaultRESTMapper(nil)
	for kind := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		mapper.Add(v1alpha1.GroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	users := &v1alpha1.BuyerUserList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}
	for index := range number {
		user := userNamed(fmt.Sprintf("shop-%d", index%10), fmt.Sprintf("user-%d", index), ready())
		user.Status.Conditions = append(user.Status.Conditions, condition(v1alpha1.DriftedCondition, metav1.ConditionFalse, v1alpha1.ReasonInSync))
		users.Items = append(users.Items, *user)
	}
	objects, err := cache.New(&rest.Config{}, cache.Options{
		Scheme: scheme, Mapper: mapper,
		NewInformer: func(_ toolscache.ListerWatcher, kind runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
			return toolscache.NewSharedIndexInformer(listed{&toolscache.ListWatch{
				ListWithContextFunc: func(context.Context, metav1.ListOptions) (runtime.Object, error) {
					if _, ok := kind.(*v1alpha1.BuyerUser); ok {
						return users, nil
					}
					return &v1alpha1.MarketplaceList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}, nil
				},
				WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) { return watch.NewFake(), nil },
			}}, kind, resync, indexers)
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = objects.Start(b.Context()) }()
	return objects
}

func BenchmarkScrapeOfTenThousandObjects(b *testing.B) {
	const number = 10000
	objects := filled(b, number)
	collector, err := New(b.Context(), objects)
	if err != nil {
		b.Fatal(err)
	}
	if !objects.WaitForCacheSync(b.Context()) {
		b.Fatal("the cache is not filled")
	}
	counted := newCount()
	if err := collector.count(b.Context(), counted); err != nil || len(counted.groups) != 10 {
		b.Fatalf("%d groups, %v", len(counted.groups), err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/number, "ns/object")
}
