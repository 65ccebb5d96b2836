// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// lose deletes what is needed to reach OrderCloud.
func (w *world) lose(things ...string) {
	w.t.Helper()
	for _, thing := range things {
		var object client.Object = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ordercloud"}}
		if thing == "Marketplace" {
			object = &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}}
		}
		w.remove(object)
	}
}

func TestADeletionIsCarriedOutThoughWhatItNeedsIsGone(t *testing.T) {
	for name, things := range map[string][]string{
		"the Secret": {"Secret"}, "the Marketplace": {"Marketplace"}, "both": {"Secret", "Marketplace"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.ready(user)
			w.lose(things...)
			w.mustPass(user) // which finds out that they are gone
			w.expect(user, "Ready", "True Created")
			if reason := meta.FindStatusCondition(user.Status.Conditions, "Synced").Reason; !strings.HasPrefix(reason, "MarketplaceNot") {
				t.Errorf("Synced has the reason %s", reason)
			}
			w.events()
			w.forget()
			w.remove(user)
			w.mustPass(user)
			w.expectNothingLeft(user, userPath)
			w.expectWrites(deleteUser, "patch finalizers")
			w.expectEvents("Normal Deleted")
		})
	}
}

// orphans counts what the metric of that name tells of the Marketplace.
func orphans(t *testing.T) float64 {
	t.Helper()
	families, err := ctrlmetrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "ordercloud_orphaned_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			if metric.GetLabel()[0].GetValue() == namespace+"/default" {
				return metric.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// lost is a user that is deleted after a restart of the operator, which does not
// know how to reach OrderCloud any more.
func lost(t *testing.T, orphanAfter time.Duration, things ...string) (*world, *v1alpha1.BuyerUser) {
	t.Helper()
	w := begin(t)
	user := declaredUser()
	w.ready(user)
	w.lose(things...)
	w.start()
	w.users.OrphanAfter = orphanAfter
	w.remove(user)
	w.events()
	w.forget()
	return w, user
}

// wayOut is what every deletion that waits tells a person.
const wayOut = "deletionPolicy: Retain lets the resource go and leaves the object in OrderCloud"

func TestWhoCannotBeDeletedAnyMoreSaysSoAndIsLetGoInTheEnd(t *testing.T) {
	for name, test := range map[string]struct {
		things  []string
		message string
	}{
		"without the Secret":      {[]string{"Secret"}, "the deletion waits: Marketplace shop/default is not ready: Secret shop/ordercloud does not exist"},
		"without the Marketplace": {[]string{"Marketplace"}, "the deletion waits: Marketplace shop/default does not exist"},
		"without both":            {[]string{"Secret", "Marketplace"}, "the deletion waits: Marketplace shop/default does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			w, user := lost(t, time.Hour, test.things...)
			var logged strings.Builder
			ctx := log.IntoContext(t.Context(), funcr.New(func(_, arguments string) { logged.WriteString(arguments + "\n") }, funcr.Options{}))
			before := orphans(t)
			w.mustPass(user)
			synced := meta.FindStatusCondition(user.Status.Conditions, "Synced")
			if !strings.HasPrefix(synced.Message, test.message) || !strings.HasSuffix(synced.Message, "; "+wayOut) {
				t.Errorf("got %q", synced.Message)
			}
			w.mustPass(user)
			w.expectWrites("patch status")
			w.expectEvents("Warning " + synced.Reason)

			w.elapse(user, time.Hour)
			w.forget()
			if _, err := w.passWith(ctx, user); err != nil || w.read(user) {
				t.Errorf("not let go: %v", err)
			}
			w.expectWrites("patch finalizers")
			w.expectField(userPath, "Email", user.Spec.Email)
			told := w.drainEvents()
			want := "Warning Orphaned " + userPath + " was not deleted in " + w.server.URL + " (seller " + w.here().SellerID + "), which could not be asked for 1h0m0s: "
			if len(told) != 1 || !strings.HasPrefix(told[0], want) {
				t.Errorf("told %v", told)
			}
			if got := orphans(t) - before; got != 1 {
				t.Errorf("ordercloud_orphaned_total grew by %v", got)
			}
			for _, want := range []string{`"Orphaned in OrderCloud"`, `"path"="` + userPath, `"url"="` + w.server.URL, `"sellerID"="` + w.here().SellerID, `"reason"="` + synced.Reason} {
				if !strings.Contains(logged.String(), want) {
					t.Errorf("the log lacks %s: %s", want, logged.String())
				}
			}
		})
	}
}

// Whenever the operator looks by itself, the resource is gone in time.
func TestALostDeletionIsNeverLookedAtTooLate(t *testing.T) {
	for name, orphanAfter := range map[string]time.Duration{
		"before the next tick": time.Second, "between two ticks": interval + interval/3, "much later": 5*interval + time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			w, user := lost(t, orphanAfter, "Secret")
			end := w.clock.Now().Add(orphanAfter)
			for range 100 {
				result, err := w.pass(user)
				if err != nil {
					t.Fatal(err)
				}
				if !w.read(user) {
					return
				}
				if result.RequeueAfter <= 0 || w.clock.Now().Add(result.RequeueAfter).After(end) {
					t.Fatalf("looks again after %s, %s before the end", result.RequeueAfter, end.Sub(w.clock.Now()))
				}
				w.clock.SetTime(w.clock.Now().Add(result.RequeueAfter))
			}
			t.Error("it is not let go by itself")
		})
	}
}

func TestADeletionIsNeverGivenUpThatSomebodyElseDecides(t *testing.T) {
	for name, test := range map[string]struct {
		setup  func(*world, *v1alpha1.BuyerUser)
		reason string
	}{
		"OrderCloud refuses it": {func(w *world, _ *v1alpha1.BuyerUser) {
			if err := w.box.SetOpenOrder(userPath, true); err != nil {
				w.t.Fatal(err)
			}
		}, "InUse"},
		"the guard holds it": {func(w *world, _ *v1alpha1.BuyerUser) {
			w.guarded(1)
		}, "DeletionHeld"},
		"its namespace is not let in any more": {func(w *world, _ *v1alpha1.BuyerUser) {
			w.allow(v1alpha1.NamespacesSame)
		}, "NamespaceNotAllowed"},
		"the operator's token lacks a role": {func(w *world, _ *v1alpha1.BuyerUser) {
			w.box.Inject(sandbox.Fault{Method: http.MethodDelete, Status: http.StatusForbidden})
		}, "AccessDenied"},
		"it waits for ever": {func(w *world, _ *v1alpha1.BuyerUser) {
			w.users.OrphanAfter = 0
			w.lose("Secret", "Marketplace")
			w.start()
		}, "MarketplaceNotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.users.OrphanAfter = time.Minute
			w.allow(v1alpha1.NamespacesAll)
			user := declaredUser()
			user.Namespace, user.Spec.MarketplaceRef.Namespace = "tenant", namespace
			w.ready(user)
			w.remove(user)
			test.setup(w, user)
			for range 3 {
				w.mustPass(user)
				w.clock.SetTime(w.clock.Now().Add(1000 * time.Hour))
			}
			w.expect(user, "Synced", "False "+test.reason)
			if !w.read(user) || !isClaimed(user) || w.inOrderCloud(userPath) == nil {
				t.Error("it was given up")
			}
		})
	}
}

// guarded puts the guard in place, which lets one deletion through, with so many let through
// already.
func (w *world) guarded(admitted int32) {
	w.t.Helper()
	maximum := int32(1)
	declared := &v1alpha1.Marketplace{}
	declared.Namespace, declared.Name = namespace, "default"
	edit(w, declared, func(declared *v1alpha1.Marketplace) { declared.Spec.DeletionGuard.MaxDeletions = &maximum })
	if admitted > 0 {
		declared.Status.Deletions = &v1alpha1.Deletions{WindowStart: metav1.NewTime(w.clock.Now()), Admitted: admitted, DeletionAccount: v1alpha1.DeletionAccount{HeldAbove: &maximum}}
		declared.Status.DeletionsHeld = 1
		if err := w.kube.Status().Update(w.t.Context(), declared); err != nil {
			w.t.Fatal(err)
		}
	}
	w.withGuard()
}

func TestADeletionIsWrittenDownBeforeItIsCarriedOut(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.ready(user)
	w.guarded(0)
	w.remove(user)
	w.forget()
	w.mustPass(user)
	w.expectWrites("patch status", deleteUser, "patch finalizers")

	// The next one is one too many: neither a DELETE nor a second note.
	next := declaredUser()
	next.UID = "next"
	w.ready(next)
	w.remove(next)
	w.forget()
	w.mustPass(next)
	w.expect(next, "Synced", "False DeletionHeld")
	w.expectWrites("patch status", "patch status") // of the Marketplace, and of the user
	w.mustPass(next)
	w.expectWrites("patch status", "patch status")
	next.Annotations = map[string]string{v1alpha1.ConfirmDeleteAnnotation: "true"}
	if err := w.kube.Update(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	w.mustPass(next)
	w.expectNothingLeft(next, userPath)
}

// What was refused for days has waited for a person, and not for OrderCloud.
func TestARestartDoesNotTakeARefusalForALoss(t *testing.T) {
	w := begin(t)
	w.clock.SetTime(time.Now()) // conditions go by it
	user := declaredUser()
	w.ready(user)
	if err := w.box.SetOpenOrder(userPath, true); err != nil {
		t.Fatal(err)
	}
	w.remove(user)
	w.mustPass(user)
	w.clock.SetTime(w.clock.Now().Add(48 * time.Hour))
	w.lose("Secret", "Marketplace")
	w.start()
	w.users.OrphanAfter = time.Hour
	w.elapse(user, 59*time.Minute)
	w.mustPass(user)
	w.expect(user, "Synced", "False MarketplaceNotFound")
	if !w.read(user) {
		t.Fatal("given up before OrderCloud was asked in vain for an hour")
	}
	w.elapse(user, time.Minute)
	w.mustPass(user)
	if w.read(user) {
		t.Error("it is never let go")
	}
}
