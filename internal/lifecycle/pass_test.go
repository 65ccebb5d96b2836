// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

func TestANewUserCostsOneWriteToOrderCloudAndTwoToKubernetes(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	result, err := w.pass(user)
	if err != nil {
		t.Fatal(err)
	}
	w.expectWrites("patch finalizers", "patch status", "POST buyers/acme/users", "patch status")
	w.expect(user, "Ready", "True Created")
	w.expect(user, "Synced", "True Created")
	w.expect(user, "Drifted", "False InSync")
	w.expectEvents("Normal Created")
	w.expectField(userPath, "Email", "q7.mail@acme.example")
	if !isClaimed(user) || user.Status.Path != userPath || user.Status.CompanyID != "acme" || user.Status.ObservedGeneration != 1 {
		t.Errorf("claimed %v, status %+v", isClaimed(user), user.Status)
	}
	if result.RequeueAfter != w.untilTick() {
		t.Errorf("looks again after %s, and not on the tick in %s", result.RequeueAfter, w.untilTick())
	}
}

func TestAQuietPassWritesNothingAnywhere(t *testing.T) {
	w := begin(t)
	user, config := withPassword(v1alpha1.PasswordEnforce), declaredConfig()
	w.declare(passwordSecret(firstPassword), user, config)
	w.mustPass(user)
	w.mustPass(config)
	w.events()
	w.forget()
	for range 3 {
		w.mustPass(user)
		w.mustPass(config)
	}
	w.start()
	w.mustPass(user)
	w.mustPass(config)
	w.expectWrites()
	w.expectEvents()
}

func TestAConfigIsCreatedInSync(t *testing.T) {
	w := begin(t)
	config := declaredConfig()
	w.declare(config)
	w.mustPass(config)
	w.expectWrites("patch finalizers", "patch status", "POST impersonationconfig", "patch status")
	w.expect(config, "Ready", "True Created")
	if config.Status.Impersonator != "admin group customer-service" || config.Status.Target != "acme" {
		t.Errorf("status %+v", config.Status)
	}
}

func TestAChangedDeclarationIsWrittenAndIsNoDrift(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.events()
	w.forget()
	edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.Active = new(false) })
	w.mustPass(user)
	w.expectWrites("PATCH "+userPath, "patch status")
	w.expect(user, "Ready", "True Updated")
	w.expect(user, "Drifted", "False InSync")
	w.expectEvents("Normal Updated")
	w.expectField(userPath, "Active", false)
	if user.Status.LastDrift != nil {
		t.Errorf("told as drift: %+v", user.Status.LastDrift)
	}
}

func TestADriftIsToldAndCorrected(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.events()
	w.forget()
	w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
	w.mustPass(user)
	w.expectWrites("PATCH "+userPath, "patch status")
	w.expect(user, "Ready", "True Corrected")
	w.expect(user, "Drifted", "False Corrected")
	w.expectEvents("Normal DriftDetected", "Normal DriftCorrected")
	w.expectField(userPath, "Email", "q7.mail@acme.example")
	now := metav1.NewTime(w.clock.Now())
	want := &v1alpha1.LastDrift{DetectedTime: now, CorrectedTime: &now, Corrections: 1, Fields: []string{"Email"}}
	if diff := cmp.Diff(want, user.Status.LastDrift); diff != "" {
		t.Errorf("lastDrift (-want +got)\n%s", diff)
	}
	if len(user.Status.Drift) > 0 {
		t.Errorf("drift is left: %v", user.Status.Drift)
	}
}

func TestADeletedObjectIsDriftAndCreatedAgain(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.events()
	w.forget()
	w.mutate(http.MethodDelete, userPath, nil)
	w.mustPass(user)
	w.expectWrites("POST buyers/acme/users", "patch status")
	w.expect(user, "Ready", "True Corrected")
	w.expectEvents("Normal DriftDetected", "Normal DriftCorrected")
	if diff := cmp.Diff([]string{"ID"}, user.Status.LastDrift.Fields); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestADriftThatCannotBeCorrectedIsToldOnceAndKept(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.events()
	w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
	remove := w.box.Inject(sandbox.Fault{Method: http.MethodPatch, Status: http.StatusInternalServerError})
	for range 3 {
		if result, err := w.pass(user); err != nil || result.RequeueAfter > 5*time.Minute {
			t.Errorf("got %+v, %v", result, err)
		}
	}
	w.expect(user, "Ready", "False Unavailable")
	w.expect(user, "Drifted", "True Drifted")
	w.expectEvents("Normal DriftDetected", "Warning Unavailable")
	want := []v1alpha1.DriftEntry{{Field: "Email", Desired: "q7.mail@acme.example", Observed: "theirs@x.example"}}
	if diff := cmp.Diff(want, user.Status.Drift); diff != "" {
		t.Errorf("drift (-want +got)\n%s", diff)
	}
	if user.Status.LastDrift == nil || user.Status.LastDrift.CorrectedTime != nil {
		t.Errorf("lastDrift is %+v", user.Status.LastDrift)
	}
	remove()
	w.mustPass(user)
	w.expect(user, "Ready", "True Corrected")
	w.expectEvents("Normal DriftCorrected")
}

func TestAnOutageDoesNotUnmakeReady(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.events()
	remove := w.box.Inject(sandbox.Fault{Method: http.MethodGet, Path: "/v1/buyers/**", Status: http.StatusInternalServerError})
	for range 2 {
		if result, err := w.pass(user); err != nil || result.RequeueAfter > 5*time.Minute {
			t.Errorf("got %+v, %v", result, err)
		}
	}
	w.expect(user, "Ready", "True Created")
	w.expect(user, "Synced", "False Unavailable")
	w.expectEvents("Warning Unavailable")
	remove()
	w.mustPass(user)
	w.expect(user, "Synced", "True Created")
}

func TestARefusedDeletionKeepsTheResourceAndSaysWhy(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	if err := w.box.SetOpenOrder(userPath, true); err != nil {
		t.Fatal(err)
	}
	w.remove(user)
	if result, err := w.pass(user); err != nil || result.RequeueAfter > 5*time.Minute {
		t.Errorf("got %+v, %v", result, err)
	}
	w.expect(user, "Synced", "False InUse")
	if !isClaimed(user) {
		t.Error("the claim was given up")
	}
	if err := w.box.SetOpenOrder(userPath, false); err != nil {
		t.Fatal(err)
	}
	w.mustPass(user)
	if w.read(user) || w.inOrderCloud(userPath) != nil {
		t.Error("something is left")
	}
}

func TestASuspendedObjectIsNeitherReadNorWritten(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	user.Spec.Suspend = true
	w.declare(user)
	result, err := w.pass(user)
	if err != nil || result.RequeueAfter != 0 {
		t.Errorf("got %+v, %v", result, err)
	}
	w.mustPass(user)
	w.expectWrites("patch status")
	w.expect(user, "Ready", "False Suspended")
	w.expect(user, "Synced", "Unknown Suspended")
	if total := w.box.Stats().Total; total != 0 {
		t.Errorf("%d calls", total)
	}
	edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.Suspend = false })
	w.mustPass(user)
	w.expect(user, "Ready", "True Created")
}

func TestALookThatWasAskedForIsAcknowledged(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	user.Annotations = map[string]string{v1alpha1.ReconcileAtAnnotation: "now"}
	if err := w.kube.Update(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	w.forget()
	w.mustPass(user)
	w.expectWrites("patch status")
	if got := user.Status.LastHandledReconcileAt; got != "now" {
		t.Errorf("got %q", got)
	}
}

func TestADeclarationThatNoMarketplaceTakesIsStalledWithoutOne(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	user.Spec.MarketplaceRef.Name = "nowhere"
	user.Spec.XP = &runtime.RawExtension{Raw: []byte(`{"a":"` + strings.Repeat("x", 900_000) + `"}`)}
	w.declare(user)
	w.mustPass(user)
	w.expect(user, "Stalled", "True Rejected")
	want := "spec.xp has 900008 characters as JSON and OrderCloud takes at most 8000: shorten it"
	if got := w.whyNotReady(user); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatKeepsTheObjectFromItsMarketplaceIsSaid(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	user.Spec.MarketplaceRef.Name = "nowhere"
	w.declare(user)
	w.mustPass(user)
	w.expect(user, "Ready", "False MarketplaceNotFound")
	w.expectWrites("patch status")
	if got, want := w.whyNotReady(user), "Marketplace shop/nowhere does not exist: create it"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// Nothing was claimed, so nothing keeps the resource.
	w.remove(user)
	if w.read(user) {
		t.Error("the resource is left")
	}
}

func TestInAnOutageOrderCloudIsLeftAloneAndItsMarketplaceTells(t *testing.T) {
	w := begin(t)
	var users []*v1alpha1.BuyerUser
	for number := range 12 {
		user := declaredUser()
		user.Name, user.UID = fmt.Sprint("user-", number), types.UID(fmt.Sprint("user-", number))
		user.Spec.Username = user.Name
		w.declare(user)
		w.mustPass(user)
		users = append(users, user)
	}
	w.drainEvents()
	w.box.Inject(sandbox.Fault{Path: "/v1/**", Status: http.StatusBadGateway})
	before := w.box.Stats().Total
	for _, user := range users {
		w.mustPass(user)
		w.expect(user, "Ready", "True Created")
		w.expect(user, "Synced", "False Unavailable")
	}
	// Five failures open the breaker; after that, time lets a probe through.
	if calls := w.box.Stats().Total - before; calls >= len(users) {
		t.Errorf("OrderCloud was asked %d times", calls)
	}
	w.expectEvents()
}

func TestAValueThatOrderCloudChangesIsToldAndNotWrittenInALoop(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.declare(user)
	w.alter = strings.NewReplacer(`"Qwerta"`, `"QWERTA"`)
	result, err := w.pass(user)
	if err != nil {
		t.Fatal(err)
	}
	w.expect(user, "Ready", "False NotConverging")
	w.expect(user, "Stalled", "True NotConverging")
	if result.RequeueAfter != w.untilTick() {
		t.Errorf("tries again after %s, and not on the tick in %s", result.RequeueAfter, w.untilTick())
	}
	want := []v1alpha1.DriftEntry{{Field: "FirstName", Desired: "Qwerta", Observed: "QWERTA"}}
	if diff := cmp.Diff(want, user.Status.Drift); diff != "" {
		t.Errorf("drift (-want +got)\n%s", diff)
	}
}
