// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

// asking makes the registry ask the API server for what it else has in a cache. What
// it asks counts as secretsRead.
func (w *world) asking() *clocktesting.FakePassiveClock {
	now := clocktesting.NewFakePassiveClock(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
	w.registry.AskForSecrets(now)
	w.registry.AskForNamespaces(now)
	return now
}

func (w *world) expectReads(what string, want int) {
	w.t.Helper()
	if w.secretsRead != want {
		w.t.Errorf("%s: the API server was asked %d times, want %d", what, w.secretsRead, want)
	}
}

func refused(resource string) error {
	return apierrors.NewForbidden(corev1.Resource(resource), "it", errors.New("no role allows it"))
}

func TestASecretThatNobodyWatchesIsAskedForOnceInHalfAnInterval(t *testing.T) {
	for name, test := range map[string]struct {
		interval *metav1.Duration
		fresh    time.Duration
	}{
		"by default":       {nil, 30 * time.Second},
		"a long interval":  {&metav1.Duration{Duration: time.Hour}, 30 * time.Second},
		"a short interval": {&metav1.Duration{Duration: 10 * time.Second}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			object := declared()
			object.Spec.Interval = test.interval
			w := begin(t, object, credentials())
			now := w.asking()
			first := w.connect().Client
			w.expectReads("version and value", 2)
			edit(w, credentials(), func(secret *corev1.Secret) { secret.Data["clientID"] = []byte(anotherClientID) })
			now.SetTime(now.Now().Add(test.fresh - time.Millisecond))
			if w.connect().Client != first {
				t.Error("another client before the answer is old")
			}
			w.expectReads("while the answer is fresh", 2)
			now.SetTime(now.Now().Add(time.Millisecond))
			second := w.connect().Client
			if second == first {
				t.Error("the rotation was not seen")
			}
			w.expectReads("after a rotation", 4)
			now.SetTime(now.Now().Add(test.fresh))
			if w.connect().Client != second {
				t.Error("another client for an unchanged Secret")
			}
			w.expectReads("unchanged", 5)
		})
	}
}

func TestOfManyPassesOneAsksForTheSecret(t *testing.T) {
	w := begin(t, declared(), credentials())
	w.asking()
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			if _, err := w.registry.Connect(w.t.Context(), "shop", v1alpha1.MarketplaceReference{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	w.expectReads("together", 2)
}

func TestWhoAsksForALookOrNamesAnotherSecretDoesNotWait(t *testing.T) {
	w := begin(t, declared(), credentials())
	w.asking()
	first := w.connect().Client
	edit(w, credentials(), func(secret *corev1.Secret) { secret.Data["clientID"] = []byte(anotherClientID) })
	edit(w, declared(), func(declared *v1alpha1.Marketplace) {
		declared.Annotations = map[string]string{v1alpha1.ReconcileAtAnnotation: "now"}
	})
	second := w.connect().Client
	if second == first {
		t.Error("the annotation did not make it ask")
	}
	other := credentials()
	other.Name = "other"
	if err := w.kube.Create(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	edit(w, declared(), func(declared *v1alpha1.Marketplace) { declared.Spec.CredentialsSecretRef.Name = "other" })
	if w.connect().Client == second {
		t.Error("another name did not make it ask")
	}
}

func TestAMissingSecretIsRememberedButNotForLong(t *testing.T) {
	w := begin(t, declared())
	now := w.asking()
	for range 3 {
		_, err := w.registry.Connect(t.Context(), "shop", v1alpha1.MarketplaceReference{})
		problem := failure.As(err)
		if problem == nil || !apierrors.IsNotFound(problem) {
			t.Fatalf("got %v", err)
		}
		problem.Message = "spoilt by the caller"
	}
	w.expectReads("missing", 1)
	_, err := w.prove()
	if want := "Secret shop/ordercloud does not exist: create it with the keys clientID and clientSecret"; failure.As(err).Message != want {
		t.Errorf("got %q", failure.As(err).Message)
	}
	if err := w.kube.Create(t.Context(), credentials()); err != nil {
		t.Fatal(err)
	}
	now.SetTime(now.Now().Add(30 * time.Second))
	w.connect()

	w.registry.Forget(marketplace.Key("shop", v1alpha1.MarketplaceReference{}))
	w.connect()
	w.expectReads("after the Marketplace was gone", 5)
}

func TestAnAPIServerThatDoesNotAnswerIsAskedEachTime(t *testing.T) {
	w := begin(t, declared(), credentials())
	w.asking()
	w.failing = errors.New("connection refused")
	for range 2 {
		if _, err := w.registry.Connect(t.Context(), "shop", v1alpha1.MarketplaceReference{}); !errors.Is(err, w.failing) {
			t.Errorf("got %v", err)
		}
	}
	w.expectReads("failing", 2)
	w.failing = nil
	w.connect()
}

func TestASecretThatMayNotBeReadIsSaidAndAskedForAgain(t *testing.T) {
	const want = "the API server does not let the operator read Secret shop/ordercloud: grant its role get on secrets there"
	for name, asks := range map[string]bool{"watched": false, "not watched": true} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, declared(), credentials())
			clock := clocktesting.NewFakePassiveClock(time.Now())
			if asks {
				clock = w.asking()
			}
			w.failing = refused("secrets")
			_, err := w.prove()
			problem := failure.As(err)
			if problem == nil || problem.Reason != v1alpha1.ReasonAccessDenied || problem.Message != want || !problem.Stalled {
				t.Fatalf("got %v", err)
			}
			w.failing = nil
			clock.SetTime(clock.Now().Add(time.Minute))
			w.connect()
		})
	}
}

// selecting is a Marketplace that lets namespaces in by their labels.
func selecting(labels map[string]string) *v1alpha1.Marketplace {
	object := declared()
	object.Spec.AllowedNamespaces = v1alpha1.AllowedNamespaces{
		From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{MatchLabels: labels},
	}
	return object
}

func (w *world) admission() string {
	w.t.Helper()
	_, err := w.registry.Connect(w.t.Context(), "tenant", v1alpha1.MarketplaceReference{Namespace: "shop"})
	if problem := failure.As(err); problem != nil {
		return problem.Reason + ": " + problem.Message
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return ""
}

func TestLabelsThatNobodyWatchesAreAskedFor(t *testing.T) {
	tenant := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "tenant"}}
	w := begin(t, selecting(map[string]string{"team": "shop"}), credentials(), tenant)
	now := w.asking()
	for range 3 {
		if got := w.admission(); !strings.HasPrefix(got, v1alpha1.ReasonNamespaceNotAllowed) {
			t.Fatalf("got %q", got)
		}
	}
	w.expectReads("not labelled", 1)
	edit(w, tenant, func(namespace *corev1.Namespace) { namespace.Labels = map[string]string{"team": "shop"} })
	now.SetTime(now.Now().Add(30 * time.Second))
	if got := w.admission(); got != "" {
		t.Errorf("labelled: %q", got)
	}
	w.expectReads("labels, version and value", 4)
	edit(w, tenant, func(namespace *corev1.Namespace) { namespace.Labels = nil })
	now.SetTime(now.Now().Add(30 * time.Second))
	if got := w.admission(); !strings.HasPrefix(got, v1alpha1.ReasonNamespaceNotAllowed) {
		t.Errorf("no longer labelled: %q", got)
	}
	w.expectReads("the Secret is not read for who may not refer", 5)
}

func TestLabelsThatMayNotBeReadLetNobodyInAndItIsSaid(t *testing.T) {
	w := begin(t, selecting(map[string]string{"team": "shop"}), credentials())
	w.asking()
	w.failing = refused("namespaces")
	const want = v1alpha1.ReasonNamespaceNotAllowed + ": Marketplace shop/default lets namespaces in by their labels, and the API server " +
		`does not let the operator read those of namespace "tenant": grant its role get on namespaces there, ` +
		"or set spec.allowedNamespaces.from of the Marketplace to All"
	for range 3 {
		if got := w.admission(); got != want {
			t.Errorf("got %q", got)
		}
	}
	w.expectReads("refused", 1)
	w.failing = nil
	edit(w, declared(), func(object *v1alpha1.Marketplace) { object.Spec.AllowedNamespaces.Selector.MatchLabels = nil })
	if got := w.admission(); got != "" {
		t.Errorf("a selector of every namespace: %q", got)
	}
}
