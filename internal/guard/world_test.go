// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	kuberuntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	kubetesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
)

var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// world is a Kubernetes API with some Marketplaces, and one run of the operator.
type world struct {
	t       *testing.T
	tracker kubetesting.ObjectTracker
	kube    client.WithWatch
	clock   *clocktesting.FakePassiveClock
	guard   *Guard
	// refuse, when set, is what the API server answers to a patch of a status.
	refuse error
	// hidden are objects that the cache does not show yet as being deleted.
	hidden map[string]bool
	// patches counts those that took effect, lists those of the cache.
	patches, lists atomic.Int32
	// labelled counts how often the labels of a namespace were asked for.
	labelled atomic.Int32
	// closed are namespaces that no Marketplace lets in, unreadable those whose labels
	// may not be read.
	closed, unreadable []string
}

func marketplaceNamed(name string, guarded v1alpha1.DeletionGuard) *v1alpha1.Marketplace {
	return &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)},
		Spec:       v1alpha1.MarketplaceSpec{DeletionGuard: guarded},
	}
}

func namespaceNamed(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
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
	w := &world{t: t, clock: clocktesting.NewFakePassiveClock(start), hidden: map[string]bool{}}
	w.tracker = kubetesting.NewObjectTracker(scheme, serializer.NewCodecFactory(scheme).UniversalDecoder())
	ending := namespaceNamed("ending")
	ending.DeletionTimestamp, ending.Finalizers = &metav1.Time{Time: start}, []string{"kubernetes"}
	index := func(object client.Object) []string {
		declared, _ := object.(lifecycle.Object)
		return []string{lifecycle.MarketplaceOf(declared).String()}
	}
	w.kube = fake.NewClientBuilder().WithScheme(scheme).WithObjectTracker(w.tracker).WithStatusSubresource(&v1alpha1.Marketplace{}).
		WithIndex(&v1alpha1.BuyerUser{}, lifecycle.MarketplaceIndex, index).WithIndex(&v1alpha1.ImpersonationConfig{}, lifecycle.MarketplaceIndex, index).
		Build()
	w.add(
		marketplaceNamed("default", guarded), marketplaceNamed("other", guarded), marketplaceNamed("careless", v1alpha1.DeletionGuard{}),
		namespaceNamed("shop"), namespaceNamed("outside"), ending,
	)
	w.restart()
	return w
}

func (w *world) add(objects ...client.Object) {
	w.t.Helper()
	for _, object := range objects {
		object.SetResourceVersion("1")
		if err := w.tracker.Add(object); err != nil {
			w.t.Fatal(err)
		}
	}
}

// restart is a new run of the operator, or another replica that leads from now on: it
// remembers nothing.
func (w *world) restart() {
	cached := interceptor.NewClient(w.kube, interceptor.Funcs{
		List: func(ctx context.Context, from client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			w.lists.Add(1)
			err := from.List(ctx, list, options...)
			_ = meta.EachListItem(list, func(item kuberuntime.Object) error {
				if object, ok := item.(client.Object); ok && w.hidden[object.GetName()] {
					object.SetDeletionTimestamp(nil)
				}
				return nil
			})
			return err
		},
		SubResourcePatch: func(ctx context.Context, to client.Client, name string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
			if w.refuse != nil {
				return w.refuse
			}
			for range 100 {
				runtime.Gosched() // the others have the time to come in between
			}
			err := to.SubResource(name).Patch(ctx, object, patch, options...)
			if err == nil {
				w.patches.Add(1)
			}
			return err
		},
	})
	w.guard = &Guard{
		Client: cached, Live: w.kube, Clock: w.clock, Admission: admission{w},
		Kinds: []func() client.ObjectList{
			func() client.ObjectList { return &v1alpha1.BuyerUserList{} },
			func() client.ObjectList { return &v1alpha1.ImpersonationConfigList{} },
		},
	}
}

type admission struct{ world *world }

func (a admission) CheckNamespace(_ context.Context, _ *v1alpha1.Marketplace, namespace string) error {
	if slices.Contains(a.world.closed, namespace) {
		return failure.New(v1alpha1.ReasonNamespaceNotAllowed, "no").Stall()
	}
	return nil
}

func (a admission) LabelsOf(ctx context.Context, _ *v1alpha1.Marketplace, name string) (labels.Set, error) {
	a.world.labelled.Add(1)
	if slices.Contains(a.world.unreadable, name) {
		return nil, failure.New(v1alpha1.ReasonNotPermitted, "no").Stall()
	}
	namespace := &corev1.Namespace{}
	err := a.world.kube.Get(ctx, types.NamespacedName{Name: name}, namespace)
	return namespace.Labels, err
}

// user is one that is being deleted, and that is in no API yet.
func (w *world) user(name string) *v1alpha1.BuyerUser {
	user := &v1alpha1.BuyerUser{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: name, UID: types.UID(name), Finalizers: []string{v1alpha1.ClaimFinalizer},
		DeletionTimestamp: new(metav1.NewTime(w.clock.Now().Truncate(time.Second))),
	}}
	user.Spec.MarketplaceRef = v1alpha1.MarketplaceReference{Namespace: "shop", Name: "default"}
	user.Status.Claim = &v1alpha1.Claim{State: v1alpha1.ClaimHeld, UID: name}
	return user
}

// prune deletes so many users at once.
func (w *world) prune(prefix string, number int) []*v1alpha1.BuyerUser {
	w.t.Helper()
	var users []*v1alpha1.BuyerUser
	for index := range number {
		user := w.user(fmt.Sprint(prefix, "-", index))
		w.add(user)
		users = append(users, user)
	}
	return users
}

func (w *world) admits(object lifecycle.Object) bool {
	w.t.Helper()
	spec, _ := object.Managed()
	err := w.guard.Admit(w.t.Context(), object, spec.MarketplaceRef)
	if problem := failure.As(err); problem != nil && problem.Reason != v1alpha1.ReasonDeletionHeld || err != nil && problem == nil {
		w.t.Fatal(err)
	}
	return err == nil
}

// ask lets all of them ask, and returns those that are let through and those that are
// held.
func (w *world) ask(users []*v1alpha1.BuyerUser) (through, held []*v1alpha1.BuyerUser) {
	w.t.Helper()
	for _, user := range users {
		if w.admits(user) {
			through = append(through, user)
		} else {
			held = append(held, user)
		}
	}
	return through, held
}

// expectThrough lets all of them ask, and counts who is let through.
func (w *world) expectThrough(users []*v1alpha1.BuyerUser, want int) (through, held []*v1alpha1.BuyerUser) {
	w.t.Helper()
	through, held = w.ask(users)
	if len(through) != want {
		w.t.Errorf("%d of %d were let through, want %d", len(through), len(users), want)
	}
	return through, held
}

func (w *world) edit(object client.Object, change func()) {
	w.t.Helper()
	if err := w.kube.Get(w.t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		w.t.Fatal(err)
	}
	change()
	if err := w.kube.Update(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
}

// carryOut lets users go, as the engine does with those that are let through.
func (w *world) carryOut(users []*v1alpha1.BuyerUser) {
	w.t.Helper()
	for _, user := range users {
		w.edit(user, func() { user.Finalizers = nil })
	}
}

func (w *world) confirm(user *v1alpha1.BuyerUser) {
	w.t.Helper()
	w.edit(user, func() { user.Annotations = map[string]string{v1alpha1.ConfirmDeleteAnnotation: "true"} })
}

// failWith writes into the conditions of users what keeps them from being deleted.
func (w *world) failWith(users []*v1alpha1.BuyerUser, reason string) {
	w.t.Helper()
	for _, user := range users {
		w.edit(user, func() {
			meta.SetStatusCondition(&user.Status.Conditions, metav1.Condition{Type: v1alpha1.SyncedCondition, Status: metav1.ConditionFalse, Reason: reason})
		})
	}
}

func (w *world) declared() *v1alpha1.Marketplace {
	w.t.Helper()
	declared := &v1alpha1.Marketplace{}
	if err := w.kube.Get(w.t.Context(), client.ObjectKey{Namespace: "shop", Name: "default"}, declared); err != nil {
		w.t.Fatal(err)
	}
	return declared
}

// set changes spec.deletionGuard.maxDeletions.
func (w *world) set(maximum int32) {
	w.t.Helper()
	declared := w.declared()
	w.edit(declared, func() { declared.Spec.DeletionGuard.MaxDeletions = &maximum })
}

// note writes status.deletions, as an operator before this one has.
func (w *world) note(known v1alpha1.Deletions) {
	w.t.Helper()
	declared := w.declared()
	declared.Status.Deletions = &known
	if err := w.kube.Status().Update(w.t.Context(), declared); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) pass(duration time.Duration) { w.clock.SetTime(w.clock.Now().Add(duration)) }

func (w *world) expectHeld(want int) {
	w.t.Helper()
	held, err := w.guard.Held(w.t.Context(), w.declared())
	if err != nil || len(held) != want {
		w.t.Errorf("%d are held, want %d (%v)", len(held), want, err)
	}
}

var errAway = errors.New("etcdserver: request timed out")
