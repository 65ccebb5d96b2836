// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// events lists what was told since the last call, as type and reason.
func (w *world) events() []string {
	var reasons []string
	for _, text := range w.drainEvents() {
		reasons = append(reasons, strings.Join(strings.SplitN(text, " ", 3)[:2], " "))
	}
	return reasons
}

func (w *world) drainEvents() []string {
	var texts []string
	for {
		select {
		case text := <-w.recorder.Events:
			texts = append(texts, text)
		default:
			w.told = append(w.told, texts...)
			return texts
		}
	}
}

func (w *world) expectEvents(want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.events()); diff != "" {
		w.t.Errorf("events (-want +got)\n%s", diff)
	}
}

// expectNothingPrivate scans, at the end of every test, the log, all events and all
// statuses. The values in status.drift are allowed by contract, secrets are not.
func (w *world) expectNothingPrivate() {
	w.drainEvents()
	_, clientSecret := w.box.Credentials()
	secrets := []string{firstPassword, secondPassword, clientSecret, "theirs@"}
	personal := append(slices.Clone(secrets), "q7.username", "q7.mail", "Qwerta", "Yxcvbo", "555-0100")
	for _, text := range logged(w.began) {
		w.expectNone("the log", text, personal)
	}
	for _, text := range w.told {
		w.expectNone("an event", text, personal)
		if note := strings.SplitN(text, " ", 3)[2]; len(note) > 1024 {
			w.t.Errorf("an event of %d bytes is refused by the API server", len(note))
		}
	}
	for _, status := range w.statuses() {
		encoded, err := json.Marshal(status)
		if err != nil {
			w.t.Fatal(err)
		}
		w.expectNone("status.drift", string(encoded), secrets[:3])
		status.Drift = nil
		encoded, err = json.Marshal(status)
		if err != nil {
			w.t.Fatal(err)
		}
		w.expectNone("the status", string(encoded), personal)
	}
}

func (w *world) expectNone(where, text string, private []string) {
	for _, value := range private {
		if strings.Contains(text, value) {
			w.t.Errorf("%s tells %q: %s", where, value, text)
		}
	}
}

func (w *world) statuses() []*v1alpha1.ManagedStatus {
	var users v1alpha1.BuyerUserList
	var configs v1alpha1.ImpersonationConfigList
	ctx := w.t.Context()
	if err := errors.Join(w.kube.List(ctx, &users), w.kube.List(ctx, &configs)); err != nil {
		w.t.Fatal(err)
	}
	var statuses []*v1alpha1.ManagedStatus
	for index := range users.Items {
		statuses = append(statuses, &users.Items[index].Status.ManagedStatus)
	}
	for index := range configs.Items {
		statuses = append(statuses, &configs.Items[index].Status.ManagedStatus)
	}
	return statuses
}
