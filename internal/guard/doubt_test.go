// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestNothingIsLetThroughThatIsNotWrittenDown(t *testing.T) {
	w := begin(t, 2)
	users := w.prune("user", 3)
	w.refuse = errAway
	for range 5 {
		if err := w.guard.Admit(t.Context(), users[0], users[0].Spec.MarketplaceRef); !errors.Is(err, errAway) {
			t.Fatalf("got %v", err)
		}
	}
	w.refuse = nil
	w.expectThrough(users, 2)
}

// When in doubt, a deletion waits.
func TestNothingIsLetThroughWhileTheAPIServerDoesNotAnswer(t *testing.T) {
	for name, fails := range map[string]func(object any) bool{
		"about the Marketplace": func(object any) bool { _, ok := object.(*v1alpha1.Marketplace); return ok },
		"about its objects":     func(object any) bool { _, ok := object.(*v1alpha1.BuyerUserList); return ok },
		"about the namespace":   func(object any) bool { _, ok := object.(*metav1.PartialObjectMetadata); return ok },
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, 3)
			users := w.prune("user", 1)
			w.guard.Client = interceptor.NewClient(w.kube, interceptor.Funcs{
				Get: func(ctx context.Context, from client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
					if fails(object) {
						return errAway
					}
					return from.Get(ctx, key, object, options...)
				},
				List: func(ctx context.Context, from client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
					if fails(list) {
						return errAway
					}
					return from.List(ctx, list, options...)
				},
			})
			if err := w.guard.Admit(t.Context(), users[0], users[0].Spec.MarketplaceRef); !errors.Is(err, errAway) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A cache that has not seen the Marketplace yet must not do without its guard.
func TestAMarketplaceIsOnlyGoneIfTheAPIServerSaysSo(t *testing.T) {
	w := begin(t, 1)
	_, held := w.expectThrough(w.prune("user", 2), 1)
	w.guard.Client = interceptor.NewClient(w.kube, interceptor.Funcs{
		Get: func(ctx context.Context, from client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			if _, ok := object.(*v1alpha1.Marketplace); ok {
				key.Name = "not-seen-yet"
			}
			return from.Get(ctx, key, object, options...)
		},
	})
	w.expectThrough(held, 0)
}

func TestWhoIsHeldCostsNoListOfObjects(t *testing.T) {
	w := begin(t, 3)
	_, held := w.expectThrough(w.prune("prune", 100), 3)
	lists := w.lists.Load()
	w.expectThrough(held, 0)
	if w.lists.Load() != lists {
		t.Errorf("%d lists", w.lists.Load()-lists)
	}
}

// What an operator before this one wrote counts on, and opens nothing.
func TestTheRecordOfAnEarlierVersionIsRead(t *testing.T) {
	for name, test := range map[string]struct {
		known     v1alpha1.Deletions
		after     time.Duration
		want      int
		wantUnder []string
	}{
		"in its window":       {v1alpha1.Deletions{WindowStart: metav1.NewTime(start), Admitted: 2}, 30 * time.Minute, 1, nil},
		"at its window's end": {v1alpha1.Deletions{WindowStart: metav1.NewTime(start), Admitted: 2}, time.Hour + time.Second, 1, nil},
		"windows later":       {v1alpha1.Deletions{WindowStart: metav1.NewTime(start), Admitted: 3}, 5 * time.Hour, 3, nil},
		"while it holds":      {v1alpha1.Deletions{WindowStart: metav1.NewTime(start), Admitted: 3, DeletionAccount: v1alpha1.DeletionAccount{HeldAbove: new(int32(3))}}, 5 * time.Hour, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, 3)
			w.note(test.known)
			w.pass(test.after)
			w.expectThrough(w.prune("user", 5), test.want)
			if got := w.declared().Status.Deletions; !got.WindowStart.IsZero() || got.Admitted != 0 {
				t.Errorf("the old form is still there: %+v", got)
			}
		})
	}
}

func TestGraceIsWhatTheMarketplaceDeclares(t *testing.T) {
	w := begin(t, 1)
	user := w.user("jdoe")
	for name, test := range map[string]struct {
		change func()
		of     string
		want   time.Duration
	}{
		"unset":                       {func() {}, "default", 15 * time.Second},
		"of a Marketplace gone":       {func() {}, "gone", 15 * time.Second},
		"declared":                    {func() { w.setGrace(time.Minute) }, "default", time.Minute},
		"none":                        {func() { w.setGrace(0) }, "default", 0},
		"of one that holds none, too": {func() { w.set(0); w.setGrace(time.Minute) }, "default", time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			w.setGrace(-1)
			test.change()
			got, err := w.guard.Grace(t.Context(), user, v1alpha1.MarketplaceReference{Namespace: "shop", Name: test.of})
			if err != nil || got != test.want {
				t.Errorf("got %s (%v), want %s", got, err, test.want)
			}
		})
	}
	w.guard.Client = interceptor.NewClient(w.kube, interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return errAway
		},
	})
	if _, err := w.guard.Grace(t.Context(), user, v1alpha1.MarketplaceReference{Namespace: "shop"}); !errors.Is(err, errAway) {
		t.Errorf("got %v", err)
	}
}

// setGrace declares a grace; a negative one takes the declaration back.
func (w *world) setGrace(grace time.Duration) {
	w.t.Helper()
	declared := w.declared()
	w.edit(declared, func() {
		declared.Spec.DeletionGuard.Grace = &metav1.Duration{Duration: grace}
		if grace < 0 {
			declared.Spec.DeletionGuard.Grace = nil
		}
	})
}

// Where namespaces cannot be read, nothing is let through on a guess.
func TestANamespaceThatCannotBeReadIsAFailure(t *testing.T) {
	w := begin(t, 3)
	stray := w.user("stray")
	stray.Namespace = "nowhere"
	err := w.guard.Admit(t.Context(), stray, v1alpha1.MarketplaceReference{Namespace: "shop"})
	if client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("got %v", err)
	}
	if w.declared().Status.Deletions != nil {
		t.Error("it was counted")
	}
}
