// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// renderEvents shows events as the custom columns REASON and MESSAGE would.
func renderEvents(events []corev1.Event) string {
	rows := make([][]string, 0, len(events))
	for index := range events {
		rows = append(rows, []string{events[index].Reason, events[index].Message})
	}
	return renderTable([]string{"REASON", "MESSAGE"}, rows)
}

// missingEvents names the reasons that no event has yet.
func missingEvents(events []corev1.Event, reasons ...string) error {
	for _, reason := range reasons {
		if !slices.ContainsFunc(events, func(event corev1.Event) bool { return event.Reason == reason }) {
			return fmt.Errorf("there is no event %s yet", reason)
		}
	}
	return nil
}

// renderDrift shows the status as kubectl get -o yaml would, cut down to what
// it says of drift.
func renderDrift(status *v1alpha1.ManagedStatus) (string, error) {
	excerpt := map[string]any{}
	if len(status.Drift) > 0 {
		excerpt["drift"] = status.Drift
	}
	if status.LastDrift != nil {
		excerpt["lastDrift"] = status.LastDrift
	}
	text, err := yaml.Marshal(map[string]any{"status": excerpt})
	if err != nil {
		return "", fmt.Errorf("showing the drift: %w", err)
	}
	return string(text), nil
}

// comparison is one field of an OrderCloud object, and what to say of it.
type comparison struct {
	field string
	note  string
}

// renderComparison shows fields of an object before and after.
func renderComparison(before, after object, fields []comparison) string {
	rows := make([][]string, 0, len(fields))
	for _, field := range fields {
		rows = append(rows, []string{field.field, before.field(field.field), after.field(field.field), field.note})
	}
	return renderTable([]string{"FIELD", "CHANGED TO", "IS NOW", ""}, rows)
}

// renderCalls shows how often which route was called, writes first.
func renderCalls(counted stats) string {
	routes := slices.SortedFunc(maps.Keys(counted.Calls), func(left, right string) int {
		return strings.Compare(callOrder(left)+left, callOrder(right)+right)
	})
	rows := make([][]string, 0, len(routes))
	for _, route := range routes {
		rows = append(rows, []string{fmt.Sprint(counted.Calls[route]), route})
	}
	return renderTable([]string{"CALLS", "ROUTE"}, rows)
}

// callOrder sorts writes before reads, and both before signing in.
func callOrder(route string) string {
	switch {
	case strings.HasSuffix(route, "/oauth/token"):
		return "3"
	case strings.HasPrefix(route, "GET "):
		return "2"
	default:
		return "1"
	}
}
