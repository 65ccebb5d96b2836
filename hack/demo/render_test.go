// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestRenderEvents(t *testing.T) {
	events := []corev1.Event{
		{Reason: "DriftDetected", Message: "it differs: Email"},
		{Reason: "DriftCorrected", Message: "it was put back"},
	}
	want := text(
		"REASON           MESSAGE",
		"DriftDetected    it differs: Email",
		"DriftCorrected   it was put back")
	if difference := cmp.Diff(want, renderEvents(events)); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
}

func TestMissingEvents(t *testing.T) {
	events := []corev1.Event{{Reason: "Created"}, {Reason: "DriftDetected"}}
	if err := missingEvents(events, "DriftDetected"); err != nil {
		t.Errorf("an event that is there: %v", err)
	}
	err := missingEvents(events, "DriftDetected", "DriftCorrected")
	if err == nil || !strings.Contains(err.Error(), "DriftCorrected") {
		t.Errorf("got %v, want an error that names DriftCorrected", err)
	}
}

func TestRenderDrift(t *testing.T) {
	detected := metav1.NewTime(time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC))
	corrected := metav1.NewTime(detected.Add(time.Second))
	tests := map[string]struct {
		status v1alpha1.ManagedStatus
		want   string
	}{
		"an open drift has both values": {
			status: v1alpha1.ManagedStatus{
				Drift:     []v1alpha1.DriftEntry{{Field: "Email", Desired: "a@x.example", Observed: "b@x.example"}},
				LastDrift: &v1alpha1.LastDrift{DetectedTime: detected, Fields: []string{"Email"}},
			},
			want: text(
				"status:",
				"  drift:",
				"  - desired: a@x.example",
				"    field: Email",
				"    observed: b@x.example",
				"  lastDrift:",
				`    detectedTime: "2026-05-04T03:02:01Z"`,
				"    fields:",
				"    - Email"),
		},
		"a corrected drift has its time and no values": {
			status: v1alpha1.ManagedStatus{
				LastDrift: &v1alpha1.LastDrift{DetectedTime: detected, CorrectedTime: &corrected, Fields: []string{"BuyerID"}},
			},
			want: text(
				"status:",
				"  lastDrift:",
				`    correctedTime: "2026-05-04T03:02:02Z"`,
				`    detectedTime: "2026-05-04T03:02:01Z"`,
				"    fields:",
				"    - BuyerID"),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := renderDrift(&test.status)
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(test.want, got); difference != "" {
				t.Errorf("(-want +got):\n%s", difference)
			}
		})
	}
}

func TestCheckCorrected(t *testing.T) {
	now := metav1.Now()
	open := v1alpha1.ManagedStatus{
		LastDrift:  &v1alpha1.LastDrift{DetectedTime: now, Fields: []string{"Email"}},
		Conditions: []metav1.Condition{{Type: v1alpha1.SyncedCondition, Message: "OrderCloud answers 503"}},
	}
	closed := v1alpha1.ManagedStatus{LastDrift: &v1alpha1.LastDrift{DetectedTime: now, CorrectedTime: &now}}
	if err := checkCorrected(&v1alpha1.ManagedStatus{}); err == nil {
		t.Error("a status without any drift passes for corrected")
	}
	err := checkCorrected(&open)
	if err == nil || !strings.Contains(err.Error(), "Email") || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v, want an error that names the field and why it is open", err)
	}
	if err := checkCorrected(&closed); err != nil {
		t.Errorf("a corrected drift: %v", err)
	}
}

func TestRenderComparison(t *testing.T) {
	before := object{"BuyerID": nil, "xp": map[string]any{"tier": "gold"}}
	after := object{"BuyerID": "acme", "xp": map[string]any{"tier": "gold"}}
	got := renderComparison(before, after, []comparison{{field: "BuyerID"}, {field: "xp.tier", note: "<- kept"}, {field: "Phone.none"}})
	want := text(
		"FIELD        CHANGED TO   IS NOW",
		`BuyerID      null         "acme"`,
		`xp.tier      "gold"       "gold"   <- kept`,
		"Phone.none   null         null")
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
}

func TestRenderCalls(t *testing.T) {
	got := renderCalls(stats{Calls: map[string]int{
		"POST /oauth/token": 1, "GET /v1/me": 2, "POST /v1/impersonationconfig": 3, "DELETE /v1/impersonationconfig/{id}": 4,
	}})
	want := text(
		"CALLS   ROUTE",
		"4       DELETE /v1/impersonationconfig/{id}",
		"3       POST /v1/impersonationconfig",
		"2       GET /v1/me",
		"1       POST /oauth/token")
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
}

func TestRefusal(t *testing.T) {
	answered := object{"Errors": []any{map[string]any{"ErrorCode": "NotFound", "Message": "User not found."}}}
	if got, want := refusal(404, answered), "404 Not Found: NotFound: User not found."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
