// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestAWindowRollsOver(t *testing.T) {
	for name, test := range map[string]struct {
		restarts bool
		first    int
		wait     time.Duration
		want     int
	}{
		"before its end, what is left is let through": {first: 2, wait: time.Hour - time.Second, want: 1},
		"at its end, all are let through":             {first: 2, wait: time.Hour, want: 3},
		"before its end, after a restart":             {true, 2, time.Hour - time.Second, 1},
		"at its end, after a restart":                 {true, 2, time.Hour, 3},
		"though all were used":                        {first: 3, wait: time.Hour, want: 3},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, 3)
			w.expectAdmitted("first", test.first, test.first)
			w.pass(test.wait)
			if test.restarts {
				w.restart()
			}
			w.expectAdmitted("then", 5, test.want)
		})
	}
}

func TestWhoseDeletionTakesSeveralWindowsIsCountedInEach(t *testing.T) {
	w := begin(t, 3)
	w.expectAdmitted("slow", 1, 1)
	w.pass(time.Hour)
	w.expectAdmitted("next", 1, 1)
	w.expectAdmitted("slow", 1, 1)
	w.expectNoted("default", &v1alpha1.Deletions{WindowStart: metav1.NewTime(start.Add(time.Hour)), Admitted: 2})
}

// A bad prune must not take effect by and by.
func TestWhatIsHeldStaysHeld(t *testing.T) {
	for name, happen := range map[string]func(*world){
		"when the window is over":             func(w *world) { w.pass(time.Hour) },
		"when many windows are over":          func(w *world) { w.pass(100 * time.Hour) },
		"when the operator restarts":          func(w *world) { w.restart() },
		"when it restarts after the window":   func(w *world) { w.pass(time.Hour); w.restart() },
		"when the maximum is declared anew":   func(w *world) { w.set(3) },
		"when the maximum is lowered":         func(w *world) { w.set(1) },
		"when nobody has counted it yet":      func(w *world) { w.count(0) },
		"when one of those held is confirmed": func(w *world) { w.pass(time.Hour); w.count(1) },
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, 3)
			w.expectAdmitted("prune", 10, 3)
			w.count(7)
			happen(w)
			w.expectAdmitted("again", 10, 0)
			w.expectNoted("default", noted(3, new(int32(3))))
		})
	}
}

func TestARaisedMaximumLetsSoManyMoreThrough(t *testing.T) {
	for name, test := range map[string]struct {
		happen func(*world)
		want   int
		left   *v1alpha1.Deletions
	}{
		"in the same window":           {func(w *world) { w.set(5) }, 2, noted(5, new(int32(5)))},
		"after a restart":              {func(w *world) { w.restart(); w.set(5) }, 2, noted(5, new(int32(5)))},
		"raised twice":                 {func(w *world) { w.set(5); w.expectAdmitted("more", 10, 2); w.set(6) }, 1, noted(6, new(int32(6)))},
		"raised beyond what is needed": {func(w *world) { w.set(100) }, 10, noted(13, nil)},
		"lowered, and raised to less than what was let through": {
			func(w *world) { w.set(1); w.expectAdmitted("less", 1, 0); w.set(2) }, 0, noted(3, new(int32(3))),
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, 3)
			w.expectAdmitted("prune", 10, 3)
			w.count(7)
			test.happen(w)
			w.expectAdmitted("again", 10, test.want)
			w.expectNoted("default", test.left)
			w.restart() // what is noted is what a restart goes by
			w.expectAdmitted("after", 1, map[bool]int{true: 1}[test.left.HeldAbove == nil])
		})
	}
}

// The number that is noted is the one that has to be exceeded: it was lowered in
// the middle of a window, and raised, but by too little.
func TestTheNotedNumberIsTheOneThatHolds(t *testing.T) {
	w := begin(t, 10)
	w.expectAdmitted("first", 8, 8)
	w.set(5)
	w.expectAdmitted("held", 1, 0)
	w.expectNoted("default", noted(8, new(int32(5))))
	w.set(7)
	w.expectAdmitted("still held", 1, 0)
	w.expectNoted("default", noted(8, new(int32(7))))
}

func TestTheGuardOpensAgainWhenNothingIsHeldAnyMore(t *testing.T) {
	for name, restarts := range map[string]bool{"in one run": false, "after a restart": true} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, 3)
			w.expectAdmitted("prune", 10, 3)
			w.count(0)
			w.expectAdmitted("in the same window", 1, 0)
			w.pass(time.Hour)
			if restarts {
				w.restart()
			}
			w.expectAdmitted("in the next", 1, 1)
			w.expectNoted("default", &v1alpha1.Deletions{WindowStart: metav1.NewTime(start.Add(time.Hour)), Admitted: 1})
		})
	}
}

// The rest of the status is the Marketplace's controller's.
func TestOnlyTheGuardsPartOfTheStatusIsWritten(t *testing.T) {
	w := begin(t, 3)
	w.count(42)
	w.expectAdmitted("a", 4, 3)
	if got := w.declared("default").Status.DeletionsHeld; got != 42 {
		t.Errorf("deletionsHeld is %d", got)
	}
}

// status.deletions has a required field: a patch that left it out would be refused
// for as long as the window lasts.
func TestAMarketplaceThatIsMadeAnewBeginsAnew(t *testing.T) {
	w := begin(t, 3)
	w.expectAdmitted("before", 5, 3)
	old := w.declared("default")
	if err := w.kube.Delete(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	fresh := marketplaceNamed("default", old.Spec.DeletionGuard)
	fresh.UID = "anew"
	if err := w.kube.Create(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	w.expectAdmitted("after", 1, 1)
	w.expectNoted("default", &v1alpha1.Deletions{WindowStart: metav1.NewTime(start.Add(time.Minute)), Admitted: 1})
}

// Where namespaces cannot be read, nothing is let through on a guess.
func TestANamespaceThatCannotBeReadIsAFailure(t *testing.T) {
	w := begin(t, 3)
	stray := user("stray")
	stray.Namespace = "nowhere"
	err := w.guard.Admit(t.Context(), stray, v1alpha1.MarketplaceReference{Namespace: "shop"})
	if client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("got %v", err)
	}
	w.expectNoted("default", nil)
}
