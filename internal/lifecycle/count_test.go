// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// drifts counts what the metrics tell of drift, as "detected BuyerUser Email".
func drifts(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := ctrlmetrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, family := range families {
		what, isDrift := strings.CutPrefix(family.GetName(), "ordercloud_drift_")
		if !isDrift {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			name := strings.TrimSuffix(what, "_total") + " " + labels["kind"] + " " + labels["field"]
			counts[name] = metric.GetCounter().GetValue()
		}
	}
	return counts
}

// driftsSince leaves out what was counted before: metrics belong to the process. A
// counter has to be there before it counts, or nobody sees that it increases.
func driftsSince(t *testing.T, before map[string]float64) map[string]float64 {
	t.Helper()
	counts := map[string]float64{}
	for name, count := range drifts(t) {
		if _, known := before[name]; !known {
			t.Errorf("%s was not there before", name)
		}
		if count > before[name] {
			counts[name] = count - before[name]
		}
	}
	return counts
}

func TestADriftIsCountedOnceByItsFields(t *testing.T) {
	type counts = map[string]float64
	observe := func(w *world, user *v1alpha1.BuyerUser) {
		edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
		w.settle(user)
	}
	for name, test := range map[string]struct {
		story func(*world, *v1alpha1.BuyerUser)
		want  counts
	}{
		"nothing differs": {func(w *world, user *v1alpha1.BuyerUser) { w.settle(user) }, counts{}},
		"the declaration changes": {func(w *world, user *v1alpha1.BuyerUser) {
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.LastName = "Asdf" })
			w.settle(user)
		}, counts{}},
		"two fields are put back": {func(w *world, user *v1alpha1.BuyerUser) {
			w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example", "LastName": "Theirs"})
			w.settle(user)
		}, counts{
			"detected BuyerUser Email": 1, "detected BuyerUser LastName": 1,
			"corrected BuyerUser Email": 1, "corrected BuyerUser LastName": 1,
		}},
		"keys of the extended properties are one field": {func(w *world, user *v1alpha1.BuyerUser) {
			edit(w, user, func(user *v1alpha1.BuyerUser) { user.Spec.XP = xp(`{"team":"blue","desk.no":"7"}`) })
			w.settle(user)
			w.mutate(http.MethodPatch, userPath, map[string]any{"xp": map[string]any{"team": "red", "desk.no": "8"}})
			w.settle(user)
		}, counts{"detected BuyerUser xp": 1, "corrected BuyerUser xp": 1}},
		"the object is deleted": {func(w *world, user *v1alpha1.BuyerUser) {
			w.mutate(http.MethodDelete, userPath, nil)
			w.settle(user)
		}, counts{"detected BuyerUser ID": 1, "corrected BuyerUser ID": 1}},
		"many passes, and an operator after this one, only watch": {func(w *world, user *v1alpha1.BuyerUser) {
			observe(w, user)
			changeEmail(w)
			w.mustPass(user)
			w.mustPass(user)
			w.start()
			w.mustPass(user)
		}, counts{"detected BuyerUser Email": 1}},
		"a field joins those that differ": {func(w *world, user *v1alpha1.BuyerUser) {
			observe(w, user)
			changeEmail(w)
			w.mustPass(user)
			w.mutate(http.MethodPatch, userPath, map[string]any{"LastName": "Theirs"})
			w.mustPass(user)
		}, counts{"detected BuyerUser Email": 1, "detected BuyerUser LastName": 1}},
		"somebody keeps changing it back": {func(w *world, user *v1alpha1.BuyerUser) {
			w.quarrel(user, changeEmail)
			w.mustPass(user)
		}, counts{"detected BuyerUser Email": 4, "corrected BuyerUser Email": 3}},
		"the write is refused for a while": {func(w *world, user *v1alpha1.BuyerUser) {
			changeEmail(w)
			remove := w.box.Inject(sandbox.Fault{Method: http.MethodPatch, Status: http.StatusInternalServerError})
			w.mustPass(user)
			w.mustPass(user)
			remove()
			w.settle(user)
		}, counts{"detected BuyerUser Email": 1, "corrected BuyerUser Email": 1}},
		"it cannot be recorded at first": {func(w *world, user *v1alpha1.BuyerUser) {
			observe(w, user)
			changeEmail(w)
			refused := errors.New("no")
			w.hook = func(string) error { return refused }
			if _, err := w.pass(user); !errors.Is(err, refused) {
				w.t.Fatalf("the pass ends with %v", err)
			}
			w.hook = nil
			w.mustPass(user)
		}, counts{"detected BuyerUser Email": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			w.ready(user)
			before := drifts(t)
			test.story(w, user)
			if diff := cmp.Diff(test.want, driftsSince(t, before)); diff != "" {
				t.Errorf("counted (-want +got)\n%s", diff)
			}
		})
	}
}

func TestEveryFieldThatCanDriftIsCounted(t *testing.T) {
	type counts = map[string]float64
	counted := func(kind string, fields ...string) counts {
		want := counts{}
		for _, field := range fields {
			want["detected "+kind+" "+field], want["corrected "+kind+" "+field] = 1, 1
		}
		return want
	}
	user := declaredUser()
	user.Spec.UpdatePolicy = v1alpha1.UpdateReplace
	for name, test := range map[string]struct {
		object client.Object
		path   string
		change map[string]any
		want   counts
	}{
		"of a user": {user, userPath, map[string]any{
			"Username": "theirs@x.example", "FirstName": "T", "LastName": "T", "Email": "theirs@x.example", "Active": false,
			"Phone": "5", "TermsAccepted": "2030-01-01T00:00:00Z", "xp": map[string]any{"a": "b"},
		}, counted("BuyerUser", "Username", "FirstName", "LastName", "Email", "Active", "Phone", "TermsAccepted", "xp")},
		"of a password": {withPassword(v1alpha1.PasswordEnforce), userPath, map[string]any{"Password": "Their-Horse-71"},
			counted("BuyerUser", "Password")},
		"of a grant": {declaredConfig(), configPath, map[string]any{
			"ImpersonationBuyerID": "globex", "ImpersonationGroupID": nil, "BuyerID": nil, "SecurityProfileID": "shopper",
			"ClientID": "5A3D0C5E-1D7B-4C0E-9A43-0000000000A1",
		}, counted("ImpersonationConfig", "ImpersonationBuyerID", "ImpersonationGroupID", "BuyerID", "SecurityProfileID", "ClientID")},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.declare(passwordSecret(firstPassword))
			w.ready(test.object)
			w.clock.SetTime(w.clock.Now().Add(time.Hour))
			before := drifts(t)
			w.mutate(http.MethodPatch, test.path, test.change)
			w.settle(test.object)
			if diff := cmp.Diff(test.want, driftsSince(t, before)); diff != "" {
				t.Errorf("counted (-want +got)\n%s", diff)
			}
		})
	}
}
