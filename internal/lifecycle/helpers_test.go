// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const (
	userPath   = "buyers/acme/users/jdoe"
	configPath = "impersonationconfig/desk"
	storefront = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1"

	firstPassword  = "First-Horse-71"
	secondPassword = "Second-Horse-72"
)

// declaredUser has personal values that occur nowhere by chance.
func declaredUser() *v1alpha1.BuyerUser {
	return &v1alpha1.BuyerUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "jdoe", Generation: 1, UID: "jdoe"},
		Spec: v1alpha1.BuyerUserSpec{
			BuyerID: "acme", Username: "q7.username@acme.example", FirstName: "Qwerta", LastName: "Yxcvbo", Email: "q7.mail@acme.example",
		},
	}
}

func declaredConfig() *v1alpha1.ImpersonationConfig {
	return &v1alpha1.ImpersonationConfig{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "desk", Generation: 1, UID: "desk"},
		Spec: v1alpha1.ImpersonationConfigSpec{
			ImpersonationGroupID: "customer-service", BuyerID: "acme", SecurityProfileID: "cs-rep", ClientName: "Storefront",
		},
	}
}

// foreignUser is what somebody else made under the declared ID.
func foreignUser(changes map[string]any) map[string]any {
	user := map[string]any{
		"ID": "jdoe", "Username": "q7.username@acme.example", "FirstName": "Qwerta", "LastName": "Yxcvbo",
		"Email": "q7.mail@acme.example", "Active": true,
	}
	maps.Copy(user, changes)
	return user
}

func passwordSecret(password string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "jdoe-password", UID: "password"},
		Data:       map[string][]byte{"password": []byte(password)},
	}
}

func withPassword(policy v1alpha1.PasswordPolicy) *v1alpha1.BuyerUser {
	user := declaredUser()
	user.Spec.PasswordSecretRef = &v1alpha1.SecretKeyReference{Name: "jdoe-password"}
	user.Spec.PasswordPolicy = policy
	return user
}

func xp(object string) *runtime.RawExtension { return &runtime.RawExtension{Raw: []byte(object)} }

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func (w *world) declare(objects ...client.Object) {
	w.t.Helper()
	for _, object := range objects {
		var claimed *v1alpha1.Claim
		if managed, ok := object.(lifecycle.Object); ok {
			_, status := managed.Managed()
			claimed = status.Claim
		}
		if err := w.kube.Create(w.t.Context(), object); err != nil {
			w.t.Fatal(err)
		}
		if claimed != nil {
			w.recordClaim(object, claimed)
		}
	}
}

// recordClaim writes a claim into the status, as the operator does.
func (w *world) recordClaim(object client.Object, claimed *v1alpha1.Claim) {
	w.t.Helper()
	managed, _ := object.(lifecycle.Object)
	_, status := managed.Managed()
	status.Claim = claimed
	if err := w.kube.Status().Update(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
}

// edit changes a resource as a person does: the API server counts generations.
func edit[T client.Object](w *world, object T, change func(T)) {
	w.t.Helper()
	w.read(object)
	change(object)
	object.SetGeneration(object.GetGeneration() + 1)
	if err := w.kube.Update(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) label(object client.Object, value string) {
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{"edited":%q}}}`, value)
	fresh, _ := object.DeepCopyObject().(client.Object)
	if err := w.kube.Patch(w.t.Context(), fresh, client.RawPatch("application/merge-patch+json", patch)); err != nil {
		w.t.Error(err)
	}
}

func (w *world) remove(object client.Object) {
	w.t.Helper()
	fresh, _ := object.DeepCopyObject().(client.Object)
	if err := w.kube.Delete(w.t.Context(), fresh); err != nil {
		w.t.Fatal(err)
	}
}

// read brings the resource up to date and says whether it exists.
func (w *world) read(object client.Object) bool {
	w.t.Helper()
	err := w.kube.Get(w.t.Context(), client.ObjectKeyFromObject(object), object)
	if err != nil && !apierrors.IsNotFound(err) {
		w.t.Fatal(err)
	}
	return err == nil
}

// mustPass makes one pass that has to get through.
func (w *world) mustPass(object client.Object) {
	w.t.Helper()
	if _, err := w.pass(object); err != nil {
		w.t.Fatal(err)
	}
}

// elapse lets time pass in which the operator looks whenever it means to.
func (w *world) elapse(object client.Object, duration time.Duration) {
	w.t.Helper()
	for duration > 0 {
		result, err := w.pass(object)
		if err != nil {
			w.t.Fatal(err)
		}
		if result.RequeueAfter <= 0 {
			w.t.Fatalf("does not look again by itself, %s before the end", duration)
		}
		step := min(result.RequeueAfter, duration)
		w.clock.SetTime(w.clock.Now().Add(step))
		duration -= step
	}
}

// settle makes passes until one writes nothing and fails with nothing.
func (w *world) settle(object client.Object) {
	w.t.Helper()
	var err error
	for range 20 {
		before := w.written()
		if _, err = w.pass(object); err == nil && slices.Equal(before, w.written()) {
			return
		}
	}
	w.t.Fatalf("does not come to rest: %v; writes: %v", err, w.written())
}

func (w *world) written() []string {
	w.lock.Lock()
	defer w.lock.Unlock()
	return slices.Clone(w.writes)
}

// forget starts the list of writes anew.
func (w *world) forget() {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.writes, w.lists = nil, nil
}

// onWrite calls a function before every write of the operator whose name begins
// with a prefix; once is enough for a race.
func (w *world) onWrite(prefix string, once func()) {
	done := false
	w.lock.Lock()
	defer w.lock.Unlock()
	w.hook = func(write string) error {
		if !done && strings.HasPrefix(write, prefix) {
			done = true
			once()
		}
		return nil
	}
}

func (w *world) expectWrites(want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.written()); diff != "" {
		w.t.Errorf("writes (-want +got)\n%s", diff)
	}
}

func (w *world) mutate(method, path string, body map[string]any) {
	if err := w.box.Mutate(sandbox.Mutation{Method: method, Path: path, Body: body}); err != nil {
		w.t.Error(err)
	}
}

// inOrderCloud is the object as OrderCloud has it, or nil.
func (w *world) inOrderCloud(path string) map[string]any {
	object, _ := w.box.Object(path)
	return object
}

func (w *world) expectField(path, field string, want any) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.inOrderCloud(path)[field]); diff != "" {
		w.t.Errorf("%s of %s in OrderCloud (-want +got)\n%s", field, path, diff)
	}
}

func conditionsOf(object client.Object) []metav1.Condition {
	managed, ok := object.(lifecycle.Object)
	if !ok {
		return nil
	}
	_, status := managed.Managed()
	return status.Conditions
}

// expect compares a condition, written as status and reason.
func (w *world) expect(object client.Object, kind, want string) {
	w.t.Helper()
	got := ""
	if condition := meta.FindStatusCondition(conditionsOf(object), kind); condition != nil {
		got = string(condition.Status) + " " + condition.Reason
		if condition.ObservedGeneration != object.GetGeneration() {
			got += fmt.Sprintf(" of generation %d instead of %d", condition.ObservedGeneration, object.GetGeneration())
		}
	}
	if got != want {
		w.t.Errorf("%s is %q, want %q", kind, got, want)
	}
}

// whyNotReady is what a person reads.
func (w *world) whyNotReady(object client.Object) string {
	ready := meta.FindStatusCondition(conditionsOf(object), v1alpha1.ReadyCondition)
	if ready == nil {
		return ""
	}
	return ready.Message
}

// isClaimed says that the object in OrderCloud belongs to the resource, which stays until
// that has been dealt with.
func isClaimed(object client.Object) bool {
	managed, ok := object.(lifecycle.Object)
	return ok && lifecycle.HoldsClaim(managed) && bearsFinalizer(object)
}

func bearsFinalizer(object client.Object) bool {
	return controllerutil.ContainsFinalizer(object, v1alpha1.ClaimFinalizer)
}

// here is the marketplace behind the sandbox.
func (w *world) here() v1alpha1.MarketplaceIdentity {
	return v1alpha1.MarketplaceIdentity{SellerID: sandbox.DefaultSeed().MarketplaceID, URL: w.server.URL}
}

// created counts the POSTs that took effect.
func (w *world) created() int {
	created := 0
	for _, request := range w.box.Requests() {
		if request.Method == http.MethodPost && request.Status == http.StatusCreated {
			created++
		}
	}
	return created
}

// ready declares an object and waits until it is Ready.
func (w *world) ready(object client.Object) client.Object {
	w.t.Helper()
	w.declare(object)
	w.settle(object)
	if status, reason := readyStatus(object); status != metav1.ConditionTrue {
		w.t.Fatalf("not Ready: %s: %s", reason, w.whyNotReady(object))
	}
	return object
}

func readyStatus(object client.Object) (metav1.ConditionStatus, string) {
	ready := meta.FindStatusCondition(conditionsOf(object), v1alpha1.ReadyCondition)
	if ready == nil || ready.ObservedGeneration != object.GetGeneration() {
		return "", ""
	}
	return ready.Status, ready.Reason
}

// declared is the one object that a story declares.
func (w *world) declared() client.Object {
	w.t.Helper()
	for _, object := range []client.Object{declaredUser(), declaredConfig()} {
		if w.read(object) {
			return object
		}
	}
	w.t.Fatal("nothing is declared")
	return nil
}

// die lets the process end at a write from now on.
func (w *world) die(at int, after bool) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.writes, w.dieAt, w.dieAfter = nil, at, after
}
