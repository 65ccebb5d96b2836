// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// failing is a user whose writes OrderCloud fails.
func failing(t *testing.T, fault sandbox.Fault) (*world, *v1alpha1.BuyerUser) {
	t.Helper()
	w := begin(t)
	user := declaredUser()
	w.ready(user)
	edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.FirstName = "Another" })
	w.box.Inject(fault)
	return w, user
}

// nextPass is when the operator looks again by itself.
func (w *world) nextPass(user *v1alpha1.BuyerUser) time.Duration {
	w.t.Helper()
	result, err := w.pass(user)
	if err != nil {
		w.t.Fatal(err)
	}
	return result.RequeueAfter
}

// A Marketplace that flaps wakes all of its objects each time.
func TestAnObjectThatIsWokenDuringAnOutageDoesNotSleepLongerForIt(t *testing.T) {
	w, user := failing(t, sandbox.Fault{Method: http.MethodPatch, Status: http.StatusInternalServerError})
	first := w.nextPass(user)
	due := w.clock.Now().Add(first)
	for range 10 {
		w.clock.SetTime(w.clock.Now().Add(10 * time.Millisecond))
		if wait := w.nextPass(user); w.clock.Now().Add(wait).After(due) {
			t.Fatalf("due in %s, it was woken and looks again in %s", due.Sub(w.clock.Now()), wait)
		}
	}
}

func TestAFaultThatIsOverIsNoticedWithinHalfAMinute(t *testing.T) {
	w, user := failing(t, sandbox.Fault{Method: http.MethodPatch, Status: http.StatusInternalServerError})
	for begun := w.clock.Now(); w.clock.Now().Sub(begun) < 10*time.Minute; {
		wait := w.nextPass(user)
		if wait > 30*time.Second {
			t.Fatalf("a fault that ends now is noticed in %s", wait)
		}
		w.clock.SetTime(w.clock.Now().Add(wait))
	}
	w.box.ClearFaults()
	w.mustPass(user)
	w.expectField(userPath, "FirstName", "Another")
}

func TestNoAnswerPutsAnObjectToSleepForLongerThanTheLimiterItself(t *testing.T) {
	for name, fault := range map[string]sandbox.Fault{
		"429 on a write": {Method: http.MethodPatch, Status: http.StatusTooManyRequests},
		"429 on a look":  {Method: http.MethodGet, Path: "/v1/buyers/**", Status: http.StatusTooManyRequests},
		"503 on a write": {Method: http.MethodPatch, Status: http.StatusServiceUnavailable},
		"503 on a look":  {Method: http.MethodGet, Path: "/v1/buyers/**", Status: http.StatusServiceUnavailable},
	} {
		for asked, retryAfter := range map[string]time.Duration{"a day": 24 * time.Hour, "a century": 876000 * time.Hour} {
			t.Run(name+", for "+asked, func(t *testing.T) {
				fault.RetryAfter, fault.Count = retryAfter, 1
				w, user := failing(t, fault)
				// What returns together is spread over a quarter more.
				if wait := w.nextPass(user); wait > answer.MaximumRetryAfter*5/4 {
					t.Errorf("looks again after %s", wait)
				}
			})
		}
	}
}
