// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// notConverging is a user whose first name OrderCloud writes in capitals.
func notConverging(t *testing.T) (*world, *v1alpha1.BuyerUser) {
	t.Helper()
	w := begin(t)
	w.alter = strings.NewReplacer(`"Qwerta"`, `"QWERTA"`)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.expect(user, "Synced", "False NotConverging")
	return w, user
}

// writes counts those to OrderCloud.
func (w *world) writesTo(method string) int {
	count := 0
	for _, request := range w.box.Requests() {
		if request.Method == method {
			count++
		}
	}
	return count
}

// writtenAfter counts the intervals until the next write.
func (w *world) writtenAfter(user *v1alpha1.BuyerUser, between func()) int {
	w.t.Helper()
	before := w.writesTo(http.MethodPatch)
	for intervals := 1; intervals <= 40; intervals++ {
		w.clock.SetTime(w.clock.Now().Add(interval))
		between()
		w.mustPass(user)
		w.expect(user, "Stalled", "True NotConverging")
		if w.writesTo(http.MethodPatch) > before {
			return intervals
		}
	}
	w.t.Fatal("not written any more")
	return 0
}

func TestAValueThatOrderCloudChangesIsWrittenEverMoreSeldom(t *testing.T) {
	for name, between := range map[string]func(*world, *v1alpha1.BuyerUser){
		"":                             func(*world, *v1alpha1.BuyerUser) {},
		"though the operator restarts": func(w *world, _ *v1alpha1.BuyerUser) { w.start() },
		"though OrderCloud fails meanwhile": func(w *world, user *v1alpha1.BuyerUser) {
			w.box.Inject(sandbox.Fault{Method: http.MethodGet, Path: "/v1/buyers/**", Status: http.StatusInternalServerError, Count: 1})
			w.mustPass(user)
			w.box.ClearFaults()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, user := notConverging(t)
			var got []int
			for range 8 {
				got = append(got, w.writtenAfter(user, func() { between(w, user) }))
			}
			// As one that somebody keeps changing back.
			if diff := cmp.Diff([]int{1, 1, 1, 2, 4, 8, 16, 16}, got); diff != "" {
				t.Errorf("written after so many intervals (-want +got)\n%s", diff)
			}
		})
	}
}

func TestANewDeclarationIsWrittenAtOnceThoughTheLastDidNotConverge(t *testing.T) {
	w, user := notConverging(t)
	for range 5 {
		w.writtenAfter(user, func() {})
	}
	before := w.writesTo(http.MethodPatch)
	edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.FirstName, user.Spec.LastName = "QWERTA", "Another" })
	w.mustPass(user)
	w.expect(user, "Ready", "True Updated")
	if writes := w.writesTo(http.MethodPatch) - before; writes != 1 {
		t.Errorf("%d writes", writes)
	}
	w.expectField(userPath, "LastName", "Another")
	if user.Status.LastDrift != nil {
		t.Errorf("it is told as a drift that somebody made: %+v", user.Status.LastDrift)
	}
}
