// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kuberuntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// world is a Kubernetes API with the Marketplaces "default" and "other", and one run
// of the operator.
type world struct {
	t     *testing.T
	kube  client.Client
	clock *clocktesting.FakePassiveClock
	guard *Guard
	// refuse, when set, is what the API server answers to a patch of a status.
	refuse error
	// patches counts those that took effect.
	patches atomic.Int32
}

func marketplaceNamed(name string, guarded v1alpha1.DeletionGuard) *v1alpha1.Marketplace {
	return &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)},
		Spec:       v1alpha1.MarketplaceSpec{DeletionGuard: guarded},
	}
}

func begin(t *testing.T, maximum int32) *world {
	t.Helper()
	scheme := kuberuntime.NewScheme()
	for _, add := range []func(*kuberuntime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	guarded := v1alpha1.DeletionGuard{MaxDeletions: &maximum, Window: &metav1.Duration{Duration: time.Hour}}
	w := &world{t: t, clock: clocktesting.NewFakePassiveClock(start)}
	w.kube = fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.Marketplace{}).
		WithObjects(
			marketplaceNamed("default", guarded), marketplaceNamed("other", guarded), marketplaceNamed("careless", v1alpha1.DeletionGuard{}),
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}},
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
				Name: "ending", DeletionTimestamp: &metav1.Time{Time: start}, Finalizers: []string{"kubernetes"},
			}}).
		WithInterceptorFuncs(interceptor.Funcs{
			SubResourcePatch: func(ctx context.Context, to client.Client, name string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
				if w.refuse != nil {
					return w.refuse
				}
				w.patches.Add(1)
				for range 100 {
					runtime.Gosched() // the others have the time to come in between
				}
				return to.SubResource(name).Patch(ctx, object, patch, options...)
			},
		}).Build()
	w.restart()
	return w
}

// restart is a new run of the operator: it remembers nothing.
func (w *world) restart() { w.guard = &Guard{Client: w.kube, Clock: w.clock, SeesNamespaces: true} }

func user(name string) *v1alpha1.BuyerUser {
	return &v1alpha1.BuyerUser{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)}}
}

func (w *world) admits(object client.Object) bool {
	w.t.Helper()
	return w.admitsBy("default", object)
}

func (w *world) admitsBy(name string, object client.Object) bool {
	w.t.Helper()
	err := w.guard.Admit(w.t.Context(), object, v1alpha1.MarketplaceReference{Namespace: "shop", Name: name})
	if problem := failure.As(err); problem != nil && problem.Reason != v1alpha1.ReasonDeletionHeld || err != nil && problem == nil {
		w.t.Fatal(err)
	}
	return err == nil
}

// expectAdmitted asks for that many deletions of new objects and counts how many
// are let through.
func (w *world) expectAdmitted(prefix string, asked, want int) {
	w.t.Helper()
	got := 0
	for number := range asked {
		if w.admits(user(fmt.Sprint(prefix, number))) {
			got++
		}
	}
	if got != want {
		w.t.Errorf("%s: %d were let through, want %d", prefix, got, want)
	}
}

func (w *world) declared(name string) *v1alpha1.Marketplace {
	w.t.Helper()
	declared := &v1alpha1.Marketplace{}
	if err := w.kube.Get(w.t.Context(), client.ObjectKey{Namespace: "shop", Name: name}, declared); err != nil {
		w.t.Fatal(err)
	}
	return declared
}

// set changes spec.deletionGuard.maxDeletions.
func (w *world) set(maximum int32) {
	w.t.Helper()
	declared := w.declared("default")
	declared.Spec.DeletionGuard.MaxDeletions = &maximum
	if err := w.kube.Update(w.t.Context(), declared); err != nil {
		w.t.Fatal(err)
	}
}

// count writes how many deletions are held, as the Marketplace's controller does.
func (w *world) count(held int32) {
	w.t.Helper()
	declared := w.declared("default")
	declared.Status.DeletionsHeld = held
	if err := w.kube.Status().Update(w.t.Context(), declared); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) pass(duration time.Duration) { w.clock.SetTime(w.clock.Now().Add(duration)) }

func (w *world) expectNoted(name string, want *v1alpha1.Deletions) {
	w.t.Helper()
	got := w.declared(name).Status.Deletions
	if got != nil {
		got.WindowStart = metav1.NewTime(got.WindowStart.UTC())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("status.deletions of %s (-want +got)\n%s", name, diff)
	}
}

func noted(admitted int32, heldAbove *int32) *v1alpha1.Deletions {
	return &v1alpha1.Deletions{WindowStart: metav1.NewTime(start), Admitted: admitted, HeldAbove: heldAbove}
}

func TestOfManyAtOnceExactlySoManyAreLetThrough(t *testing.T) {
	w := begin(t, 20)
	var admitted atomic.Int32
	var group sync.WaitGroup
	for number := range 500 {
		group.Go(func() {
			if w.admits(user(fmt.Sprint("user-", number))) {
				admitted.Add(1)
			}
		})
	}
	group.Wait()
	if admitted.Load() != 20 {
		t.Errorf("%d were let through", admitted.Load())
	}
	w.expectNoted("default", noted(20, new(int32(20))))
	if w.patches.Load() != 21 {
		t.Errorf("%d patches: who is held writes nothing but the first", w.patches.Load())
	}
}

func TestWhoWasLetThroughOnceIsNotCountedAgain(t *testing.T) {
	w := begin(t, 2)
	for range 5 {
		if !w.admits(user("a")) {
			t.Fatal("held")
		}
	}
	w.expectNoted("default", noted(1, nil))
	w.expectAdmitted("b", 2, 1)
	if !w.admits(user("a")) {
		t.Error("held though it was let through before")
	}
}

func TestThePermissionOfOneMarketplaceIsNoneOfAnother(t *testing.T) {
	w := begin(t, 1)
	for range 2 {
		for _, name := range []string{"default", "other"} {
			if !w.admitsBy(name, user("of-"+name)) {
				t.Errorf("%s: held", name)
			}
		}
	}
	if w.admitsBy("other", user("of-default")) {
		t.Error("let through once for all")
	}
	w.expectNoted("default", noted(1, nil))
	w.expectNoted("other", noted(1, new(int32(1))))
}

func TestWhatIsNotGuarded(t *testing.T) {
	confirmed, wronglyConfirmed := user("confirmed"), user("unsure")
	confirmed.Annotations = map[string]string{v1alpha1.ConfirmDeleteAnnotation: "true"}
	wronglyConfirmed.Annotations = map[string]string{v1alpha1.ConfirmDeleteAnnotation: "yes"}
	ending := user("ending")
	ending.Namespace = "ending"
	for name, test := range map[string]struct {
		object  *v1alpha1.BuyerUser
		change  func(*world)
		by      string
		guarded bool
	}{
		"a confirmed deletion":                        {object: confirmed},
		"one that is confirmed in another way":        {object: wronglyConfirmed, guarded: true},
		"one of a namespace that is deleted":          {object: ending},
		"one of a namespace that lives on":            {object: user("a"), guarded: true},
		"one of a Marketplace that is gone":           {object: user("a"), by: "gone"},
		"one of a Marketplace that holds none":        {object: user("a"), change: func(w *world) { w.set(0) }},
		"one of a namespace that nobody is let watch": {object: ending, change: func(w *world) { w.guard.SeesNamespaces = false }, guarded: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, 1)
			w.expectAdmitted("before", 2, 1)
			patches := w.patches.Load()
			if test.change != nil {
				test.change(w)
			}
			if test.by == "" {
				test.by = "default"
			}
			if w.admitsBy(test.by, test.object) == test.guarded {
				t.Errorf("guarded: %v", !test.guarded)
			}
			if w.patches.Load() != patches {
				t.Error("what is not guarded is counted")
			}
		})
	}
}

func TestWithoutADeclarationTheDefaultsHold(t *testing.T) {
	w := begin(t, 1)
	for number := range 25 {
		if w.admitsBy("careless", user(fmt.Sprint(number))) != (number < 20) {
			t.Errorf("deletion %d", number+1)
		}
	}
	w.pass(10*time.Minute - time.Second)
	if w.admitsBy("careless", user("early")) {
		t.Error("the window is shorter")
	}
	w.pass(time.Second)
	if !w.admitsBy("careless", user("late")) {
		t.Error("the window is longer")
	}
}

func TestWhoeverIsHeldReadsWhatToDo(t *testing.T) {
	w := begin(t, 1)
	w.expectAdmitted("a", 1, 1)
	problem := failure.As(w.guard.Admit(t.Context(), user("b"), v1alpha1.MarketplaceReference{}))
	if problem == nil || problem.Reason != v1alpha1.ReasonDeletionHeld || !problem.Stalled {
		t.Fatalf("got %+v", problem)
	}
	const want = "Marketplace shop/default lets 1 deletions in 1h0m0s through, and there were more: "
	if !strings.HasPrefix(problem.Message, want) || !strings.Contains(problem.Message, v1alpha1.ConfirmDeleteAnnotation) {
		t.Errorf("got %q", problem.Message)
	}
}

func TestNothingIsLetThroughThatIsNotWrittenDown(t *testing.T) {
	w := begin(t, 2)
	w.refuse = errors.New("the API server is away")
	for range 5 {
		if err := w.guard.Admit(t.Context(), user("a"), v1alpha1.MarketplaceReference{}); !errors.Is(err, w.refuse) {
			t.Fatalf("got %v", err)
		}
	}
	w.expectNoted("default", nil)
	w.refuse = nil
	w.expectAdmitted("a", 3, 2)
	w.expectNoted("default", noted(2, new(int32(2))))
}
