// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestEveryRowOfNeighboursHasAKeyThatCanBeAskedFor(t *testing.T) {
	for _, row := range neighbours() {
		name := strings.TrimSuffix(strings.TrimPrefix(string(row.key), "neighbour_"), "_p99_seconds")
		if string(row.key) != "neighbour_"+name+"_p99_seconds" {
			t.Errorf("the key %s has another form", row.key)
		}
		for _, list := range []string{name, "other," + name} {
			given, err := parseFlags([]string{"-neighbours", "-rows", list}, t.Output())
			if err != nil || !given.neighbours || !given.wantsNeighbour(row.key) {
				t.Errorf("-rows %s does not measure it: %v", list, err)
			}
		}
		if given, _ := parseFlags([]string{"-neighbours", "-rows", "other"}, t.Output()); given.wantsNeighbour(row.key) {
			t.Errorf("%s is measured though nobody asked", name)
		}
	}
}

func TestNeighboursAreShownBesideTheIdleFigure(t *testing.T) {
	row := neighbours()[0]
	results := []neighbourResult{
		{row: row, binary: "before", idle: 100 * time.Millisecond, median: 15 * time.Second, p99: 25 * time.Second, count: 20},
		{row: row, binary: "ordercloud-operator", idle: 100 * time.Millisecond, median: 110 * time.Millisecond, p99: 250 * time.Millisecond, count: 1_200},
	}
	table := renderNeighbours(results, true)
	for _, part := range []string{
		"25 s, before", "|    0.10 |  15.00 | 25.00 (missed) |    20 |", "|    0.10 |   0.11 |           0.25 | 1,200 |",
	} {
		if !strings.Contains(table, part) {
			t.Errorf("the table lacks %q:\n%s", part, table)
		}
	}
	content, err := encodeNeighbours(results, "ordercloud-operator")
	var values map[string]float64
	if err := json.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	if err != nil || len(values) != 2 || values["neighbour_slow_users_p99_seconds"] != 0.25 || values["neighbour_slow_users_idle_seconds"] != 0.1 {
		t.Errorf("%s, %v", content, err)
	}
}

func TestARestHasAKeyForItsKindsAndSize(t *testing.T) {
	given, err := parseFlags([]string{"-rest", "-n", "1000", "-interval", "1m"}, t.Output())
	if err != nil || !given.rest || given.interval != time.Minute {
		t.Errorf("%+v, %v", given, err)
	}
	if got := (restResult{kinds: "configs", size: 1_000}).key(); got != "rest_configs_1000_calls_per_object" {
		t.Errorf("got %s", got)
	}
}
