// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// deleteInOutage deletes a user that OrderCloud holds, while it cannot be asked.
func deleteInOutage(t *testing.T) (*world, *v1alpha1.BuyerUser) {
	t.Helper()
	w := begin(t)
	w.users.OrphanAfter = time.Hour
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.remove(user)
	w.box.Inject(sandbox.Fault{Method: http.MethodDelete, Path: "/v1/**", Status: http.StatusInternalServerError})
	w.drainEvents()
	return w, user
}

func TestADeletionThatCannotReachOrderCloudIsGivenUpAfterAWhile(t *testing.T) {
	w, user := deleteInOutage(t)
	result, err := w.pass(user)
	if err != nil || result.RequeueAfter > time.Hour {
		t.Fatalf("got %+v, %v", result, err)
	}
	w.expect(user, "Synced", "False Unavailable")
	w.elapse(user, 59*time.Minute)
	if result, err := w.pass(user); err != nil || result.RequeueAfter > time.Minute {
		t.Fatalf("a minute before: %+v, %v", result, err)
	}
	if !w.read(user) || !isClaimed(user) {
		t.Fatal("it was given up too early")
	}
	for end := w.clock.Now().Add(time.Minute); w.read(user) && w.clock.Now().Before(end); {
		result, err := w.pass(user)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.SetTime(w.clock.Now().Add(result.RequeueAfter))
	}
	w.mustPass(user)
	if w.read(user) {
		t.Error("the resource is still there")
	}
	w.expectField(userPath, "Email", "q7.mail@acme.example")
	w.expectEvents("Warning Unavailable", "Warning Orphaned")
}

func TestADeletionWaitsForEverWhenItMust(t *testing.T) {
	w, user := deleteInOutage(t)
	w.users.OrphanAfter = 0
	for range 3 {
		w.mustPass(user)
		w.clock.SetTime(w.clock.Now().Add(1000 * time.Hour))
	}
	if !w.read(user) || !isClaimed(user) {
		t.Error("it was given up")
	}
}

func TestWhatWasRefusedForLongIsNotGivenUpAfterOneFailure(t *testing.T) {
	w := begin(t)
	w.users.OrphanAfter = time.Hour
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	if err := w.box.SetOpenOrder(userPath, true); err != nil {
		t.Fatal(err)
	}
	w.remove(user)
	w.mustPass(user)
	w.expect(user, "Synced", "False InUse")
	w.clock.SetTime(w.clock.Now().Add(5 * time.Hour))
	end := w.box.Inject(sandbox.Fault{Method: http.MethodDelete, Path: "/v1/**", Status: http.StatusInternalServerError})
	w.mustPass(user)
	if !w.read(user) || !isClaimed(user) {
		t.Fatal("one failure was enough")
	}
	end()
	w.mustPass(user)
	w.clock.SetTime(w.clock.Now().Add(5 * time.Hour))
	w.box.Inject(sandbox.Fault{Method: http.MethodDelete, Path: "/v1/**", Status: http.StatusInternalServerError})
	w.mustPass(user)
	if !w.read(user) || !isClaimed(user) {
		t.Error("a failure long ago counts, though OrderCloud was asked since")
	}
}

func TestAfterARestartTheWaitForALostSecretGoesOn(t *testing.T) {
	w := begin(t)
	w.clock.SetTime(time.Now()) // conditions go by it
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.remove(user)
	if err := w.kube.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ordercloud"}}); err != nil {
		t.Fatal(err)
	}
	w.start() // which has never read the Secret
	w.users.OrphanAfter = time.Hour
	w.elapse(user, 30*time.Minute)
	w.expect(user, "Synced", "False MarketplaceNotReady")

	// The operator is away for a day, and then for another one.
	for _, wait := range []time.Duration{20 * time.Minute, 9 * time.Minute} {
		w.mustPass(user)
		w.clock.SetTime(w.clock.Now().Add(24 * time.Hour))
		w.start()
		w.users.OrphanAfter = time.Hour
		w.elapse(user, wait)
		if !w.read(user) || !isClaimed(user) {
			t.Fatal("time in which the operator did not ask counts")
		}
	}
	for range 5 { // what is recorded is in whole minutes
		w.mustPass(user)
		w.clock.SetTime(w.clock.Now().Add(time.Minute))
	}
	if w.read(user) {
		t.Error("the wait begins again with each restart")
	}
}

func TestAClockThatJumpsLetsNothingGo(t *testing.T) {
	w, user := deleteInOutage(t)
	for range 5 {
		w.mustPass(user)
		w.clock.SetTime(w.clock.Now().Add(1000 * time.Hour))
		w.mustPass(user)
		w.clock.SetTime(w.clock.Now().Add(-1000 * time.Hour))
	}
	if !w.read(user) || !isClaimed(user) {
		t.Error("it was given up")
	}
}

func TestADeletionNeedsNoSecretThatWasReadBefore(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	for _, gone := range []client.Object{
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ordercloud"}},
		&v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}},
	} {
		if err := w.kube.Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
	}
	w.remove(user)
	w.mustPass(user)
	w.expectNothingLeft(user, userPath)
}
