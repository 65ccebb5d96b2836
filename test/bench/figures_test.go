// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for number := range 100 {
		hundred = append(hundred, time.Duration(100-number)*time.Millisecond)
	}
	for name, test := range map[string]struct {
		durations []time.Duration
		percent   int
		want      time.Duration
	}{
		"of none":             {nil, 99, 0},
		"of one":              {hundred[99:], 50, time.Millisecond},
		"the middle":          {hundred, 50, 50 * time.Millisecond},
		"nearly the largest":  {hundred, 99, 99 * time.Millisecond},
		"the largest":         {hundred, 100, 100 * time.Millisecond},
		"the smallest":        {hundred, 0, time.Millisecond},
		"the larger of three": {hundred[:3], 99, 100 * time.Millisecond},
		"the middle of three": {hundred[:3], 50, 99 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			if got := percentile(test.durations, test.percent); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// promisedKeys are those that others read.
var promisedKeys = []string{
	"n", "create_calls_per_object", "create_writes_per_object", "create_seconds", "ready_seconds",
	"steady_calls_per_object_interval", "steady_writes", "restart_calls", "restart_writes",
	"restart_first_look_seconds", "drift_correct_seconds", "outage_calls", "edit_p50_seconds",
	"edit_p99_seconds", "rss_mib", "cpu_seconds",
}

func TestResultsAsJSON(t *testing.T) {
	content, err := encodeResults([]figures{{sizeFigure: 100, createSeconds: 1.23456789}, {sizeFigure: 1_000}})
	if err != nil {
		t.Fatal(err)
	}
	var decoded []map[string]*float64
	if err := json.Unmarshal(content, &decoded); err != nil {
		t.Fatalf("%v in\n%s", err, content)
	}
	if len(decoded) != 2 || *decoded[0]["n"] != 100 || *decoded[1]["n"] != 1_000 {
		t.Fatalf("got\n%s", content)
	}
	if got := *decoded[0]["create_seconds"]; got != 1.2346 {
		t.Errorf("create_seconds is %v", got)
	}
	for _, key := range promisedKeys {
		if value, ok := decoded[1][key]; !ok || key != "n" && value != nil {
			t.Errorf("%s is %v, want it to be there and null, as it was not measured", key, value)
		}
	}
	if !strings.HasPrefix(string(content), "[\n  {\n    \"n\": 100,") {
		t.Errorf("the number of objects does not come first:\n%s", content)
	}
}
