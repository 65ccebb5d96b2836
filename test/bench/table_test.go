// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestGrouped(t *testing.T) {
	for number, want := range map[int]string{
		0: "0", 999: "999", 1_000: "1,000", 10_000: "10,000", 1_234_567: "1,234,567", -100: "-100", -1_000: "-1,000",
	} {
		if got := grouped(number); got != want {
			t.Errorf("%d is %s, want %s", number, got, want)
		}
	}
}

func TestTarget(t *testing.T) {
	for want, given := range map[string]*target{
		"":                           nil,
		"0":                          atMost(0),
		"≤ 2":                        atMost(2),
		"≤ 1.05 at 1,000":            atMost(1.05, 1_000),
		"≤ 0.02 at 1,000 and 10,000": atMost(0.02, 1_000, 10_000),
		"0 at 10,000":                atMost(0, 10_000),
	} {
		if got := given.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestText(t *testing.T) {
	for name, test := range map[string]struct {
		row      row
		measured figures
		want     string
	}{
		"a count":                     {row{key: outageCalls}, figures{outageCalls: 12_345}, "12,345"},
		"digits":                      {row{key: steadyCalls, digits: 3}, figures{steadyCalls: 0.01}, "0.010"},
		"not measured":                {row{key: steadyBatch}, figures{}, "not measured"},
		"meets its target":            {row{key: createCalls, digits: 2, target: atMost(1.05)}, figures{createCalls: 1.05}, "1.05"},
		"misses its target":           {row{key: createCalls, digits: 2, target: atMost(1.05)}, figures{createCalls: 1.06}, "1.06 (missed)"},
		"misses another size's":       {row{key: createCalls, digits: 2, target: atMost(1.05, 1_000)}, figures{sizeFigure: 100, createCalls: 2}, "2.00"},
		"misses its size's":           {row{key: createCalls, digits: 2, target: atMost(1.05, 1_000)}, figures{sizeFigure: 1_000, createCalls: 2}, "2.00 (missed)"},
		"misses what must be nothing": {row{key: steadyWrites, target: atMost(0)}, figures{steadyWrites: 1}, "1 (missed)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.row.text(test.measured); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestRows covers the table as a whole: each figure has one row.
func TestRows(t *testing.T) {
	seen := map[figure]bool{}
	for _, row := range rows() {
		if seen[row.key] || row.title == "" {
			t.Errorf("the row of %s is there twice, or has no title", row.key)
		}
		seen[row.key] = true
	}
	for _, key := range promisedKeys {
		if !seen[figure(key)] {
			t.Errorf("%s has no row", key)
		}
	}
}

func TestTable(t *testing.T) {
	table := renderTable([]figures{
		{sizeFigure: 100, createCalls: 1},
		{sizeFigure: 10_000, createCalls: 1, restartCalls: 301},
	})
	lines := strings.Split(strings.TrimRight(table, "\n"), "\n")
	if len(lines) != len(rows())+1 {
		t.Fatalf("got %d lines:\n%s", len(lines), table)
	}
	for _, line := range lines {
		if utf8.RuneCountInString(line) != utf8.RuneCountInString(lines[0]) || strings.Count(line, "|") != 5 {
			t.Errorf("the columns do not line up:\n%s", table)
			break
		}
	}
	for position, beginning := range []string{"| objects ", "|--", "| limit: "} {
		if !strings.HasPrefix(lines[position], beginning) {
			t.Errorf("line %d is %q", position, lines[position])
		}
	}
	if !strings.Contains(table, "301 (missed) |\n") {
		t.Errorf("no missed target in\n%s", table)
	}
}

func TestDocument(t *testing.T) {
	results := []figures{{sizeFigure: 100}}
	where := environment{
		date: "2026-11-22", cores: 2, platform: "linux/amd64", golang: "go1.26", operator: "v1", kubernetes: "v1.36", controllerRuntime: "v0.25",
	}
	starts := renderSection(startPage, where, "| start |\n")
	neighbours := renderSection(neighbourPage, where, "| neighbour |\n")
	rest := renderSection(restPage, where, time.Minute, "| rest |\n")
	borne := renderSection(bornePage, where, "| borne |\n")
	page := renderDocument(where, results, strings.Join([]string{starts, neighbours, rest, borne}, "\n"))
	for _, part := range []string{renderTable(results), "2 cores, linux/amd64 |", "| v0.25 |", "10 % ImpersonationConfigs", "$ make bench "} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q:\n%s", part, page)
		}
	}
	for head, section := range map[string]string{startHead: starts, neighbourHead: neighbours, restHead: rest, borneHead: borne} {
		if found := sectionOf(page, head); found != section {
			t.Errorf("the section is %q, want %q", found, section)
		}
	}
	if again := renderDocument(where, results, sectionsOf(page)); again != page {
		t.Errorf("the sections do not outlast the next run:\n%s", again)
	}
	if strings.Contains(page, "%!") {
		t.Errorf("the page is not filled in well:\n%s", page)
	}
}

func TestMemoryOf(t *testing.T) {
	if got := memoryOf("MemFree:  100 kB\nMemTotal:       16384000 kB\n"); got != "16 GiB" {
		t.Errorf("got %q", got)
	}
	if got := memoryOf("nothing\n"); got != "" {
		t.Errorf("got %q", got)
	}
}
