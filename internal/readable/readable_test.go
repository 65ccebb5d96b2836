// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package readable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// informer is one of which a test says how far it has come.
type informer struct {
	toolscache.SharedIndexInformer

	version string
	synced  bool
}

func (i *informer) LastSyncResourceVersion() string { return i.version }
func (i *informer) HasSynced() bool                 { return i.synced }

func newScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	return scheme
}

// users is a cache's knowledge in which BuyerUsers have informers.
func users(t *testing.T, informers ...toolscache.SharedIndexInformer) (*kinds, *kind) {
	t.Helper()
	known := &kinds{scheme: newScheme(t), all: map[schema.GroupVersionKind]*kind{}}
	of := known.named(v1alpha1.GroupVersion.WithKind("BuyerUser"))
	of.informers = informers
	return known, of
}

func TestAKindIsUnreadableUntilAllItsInformersHaveComeFurther(t *testing.T) {
	here, there := &informer{version: "5"}, &informer{}
	known, of := users(t, here, there)
	problemOf := func() *Unreadable {
		_, problem := of.state()
		return problem
	}
	if problem := problemOf(); problem != nil {
		t.Fatalf("at first: %v", problem)
	}
	of.noteStuck(here, []string{"shop/jdoe"})
	of.noteStuck(there, []string{"shop/jdoe", "web/ann"})
	want := &Unreadable{Kind: "BuyerUser", Objects: []string{"shop/jdoe", "web/ann"}}
	if diff := cmp.Diff(want, problemOf()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	here.version = "9"
	if problemOf() == nil {
		t.Error("one informer is still stuck")
	}
	there.version = "9"
	if problem := problemOf(); problem != nil {
		t.Errorf("all have come further: %v", problem)
	}
	of.noteStuck(here, []string{"shop/jdoe"})
	if problemOf() == nil {
		t.Error("stuck again, and nobody says so")
	}
	if _, problem := known.named(v1alpha1.GroupVersion.WithKind("Marketplace")).state(); problem != nil {
		t.Errorf("another kind has the problem, too: %v", problem)
	}
}

func TestNobodyWaitsForAKindThatCannotBeRead(t *testing.T) {
	stuck := &informer{}
	known, of := users(t, stuck)
	waits := func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("waiting: %w", ctx.Err())
	}
	begun, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- known.read(t.Context(), &v1alpha1.BuyerUserList{}, func(ctx context.Context) error {
			close(begun)
			return waits(ctx)
		})
	}()
	<-begun
	of.noteStuck(stuck, []string{"shop/jdoe"})
	if err := <-ended; As(err) == nil {
		t.Errorf("who waited got %v", err)
	}
	err := known.read(t.Context(), &v1alpha1.BuyerUser{}, func(context.Context) error {
		t.Error("it is read")
		return nil
	})
	if As(err) == nil {
		t.Errorf("who comes later got %v", err)
	}
	stuck.version = "1"
	if err := known.read(t.Context(), &v1alpha1.BuyerUser{}, func(ctx context.Context) error { return ctx.Err() }); err != nil {
		t.Errorf("when it can be read again: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := known.read(ctx, &v1alpha1.BuyerUser{}, waits); !errors.Is(err, context.Canceled) || As(err) != nil {
		t.Errorf("when the pass ends: %v", err)
	}
	if err := known.read(t.Context(), &v1alpha1.Marketplace{}, func(context.Context) error { return io.EOF }); !errors.Is(err, io.EOF) {
		t.Errorf("another kind's own error is %v", err)
	}
}

func TestACacheIsSettledWhenWhatCanBeReadIsKnown(t *testing.T) {
	filling := &informer{}
	_, of := users(t, filling)
	if of.isSettled() {
		t.Error("it is filling")
	}
	of.noteStuck(filling, []string{"shop/jdoe"})
	if !of.isSettled() {
		t.Error("it cannot be filled")
	}
	filling.version, filling.synced = "1", true
	if !of.isSettled() {
		t.Error("it is filled")
	}
}

func TestTheSentenceSaysWhichAndWhatToDo(t *testing.T) {
	for want, objects := range map[string][]string{
		"no BuyerUser can be read, because shop/jdoe (spec.phone) cannot be decoded: correct or delete it":   {"shop/jdoe (spec.phone)"},
		"no BuyerUser can be read, because a/a, a/b, a/c and 2 more cannot be decoded: correct or delete it": {"a/a", "a/b", "a/c", "a/d", "a/e"},
	} {
		if got := (&Unreadable{Kind: "BuyerUser", Objects: objects}).Error(); got != want {
			t.Errorf("got %q", got)
		}
	}
}

func TestErrorsOfTheWayAreNoneOfDecoding(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"the API server refuses":    {apierrors.NewForbidden(schema.GroupResource{}, "", nil), false},
		"its answer is cut off":     {io.ErrUnexpectedEOF, false},
		"it cannot be reached":      {&url.Error{Op: "Get", Err: &net.OpError{Op: "dial", Err: io.EOF}}, false},
		"nobody waits any longer":   {context.Canceled, false},
		"it does not answer":        {context.DeadlineExceeded, false},
		"something does not decode": {errors.New("json: cannot unmarshal"), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mayBeUndecodable(fmt.Errorf("failed to list: %w", test.err)); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestAPassThatMeetsAnUnreadableKindIsNoErrorAndComesAgain(t *testing.T) {
	unread := fmt.Errorf("getting it: %w", &Unreadable{Kind: "BuyerUser"})
	other := errors.New("no")
	for name, test := range map[string]struct {
		result reconcile.Result
		err    error
		want   reconcile.Result
		wanted error
	}{
		"unreadable":    {reconcile.Result{}, unread, reconcile.Result{RequeueAfter: lookAgain}, nil},
		"another error": {reconcile.Result{}, other, reconcile.Result{}, other},
		"none":          {reconcile.Result{RequeueAfter: time.Hour}, nil, reconcile.Result{RequeueAfter: time.Hour}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			next := reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) { return test.result, test.err })
			got, err := Passes(next).Reconcile(t.Context(), reconcile.Request{})
			if got != test.want || !errors.Is(err, test.wanted) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestTheMetricTellsOfEveryKind(t *testing.T) {
	stuck := &informer{}
	known, of := users(t, stuck)
	known.named(v1alpha1.GroupVersion.WithKind("Marketplace"))
	of.noteStuck(stuck, []string{"shop/jdoe"})
	want := "# HELP ordercloud_kind_unreadable 1 while a kind cannot be read because the API server holds an object of it that cannot be decoded, else 0. None of the kind's objects is worked on meanwhile.\n" +
		"# TYPE ordercloud_kind_unreadable gauge\nordercloud_kind_unreadable{kind=\"BuyerUser\"} 1\nordercloud_kind_unreadable{kind=\"Marketplace\"} 0\n"
	if err := testutil.CollectAndCompare(collector{kinds: known}, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	problems, err := testutil.CollectAndLint(collector{kinds: known})
	if err != nil || len(problems) > 0 {
		t.Errorf("got %v, %v", problems, err)
	}
}

func TestWhatDoesNotDecodeIsNamedWithoutItsValues(t *testing.T) {
	user := func(namespace string, spec map[string]any) *unstructured.Unstructured {
		object := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
		object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("BuyerUser"))
		object.SetNamespace(namespace)
		object.SetName("jdoe")
		return object
	}
	scheme := newScheme(t)
	kind := v1alpha1.GroupVersion.WithKind("BuyerUser")
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(kind, meta.RESTScopeNamespace)
	for name, test := range map[string]struct{ namespaces, want []string }{
		"everywhere":       {[]string{""}, []string{"duration/jdoe", "number/jdoe (spec.phone)", "object/jdoe (spec.suspend)"}},
		"some namespaces":  {[]string{"sound", "number"}, []string{"number/jdoe (spec.phone)"}},
		"where all decode": {[]string{"sound", "empty"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			objects := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
				map[schema.GroupVersionResource]string{v1alpha1.GroupVersion.WithResource("buyerusers"): "BuyerUserList"},
				user("sound", map[string]any{"phone": "5"}), user("number", map[string]any{"phone": int64(4711)}),
				user("object", map[string]any{"suspend": map[string]any{}}), user("duration", map[string]any{"interval": "soon"}))
			finder := &finder{
				api: objects, mapper: mapper, scheme: scheme, namespaces: test.namespaces,
				decoder: serializer.NewCodecFactory(scheme).UniversalDeserializer(),
			}
			got, err := finder.undecodable(t.Context(), kind)
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		})
	}
}

func TestAnotherCacheHasNoProblem(t *testing.T) {
	if problem := Problem(nil, &v1alpha1.BuyerUser{}); problem != nil {
		t.Errorf("got %v", problem)
	}
	stuck := &informer{}
	known, of := users(t, stuck)
	of.noteStuck(stuck, []string{"shop/jdoe"})
	for object, want := range map[client.Object]bool{&v1alpha1.BuyerUser{}: true, &v1alpha1.Marketplace{}: false} {
		if problem := Problem(&Cache{kinds: known}, object); (problem != nil) != want {
			t.Errorf("%T: %v", object, problem)
		}
	}
}
