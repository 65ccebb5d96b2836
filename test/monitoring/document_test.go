// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
)

// pages are where people read PromQL.
var pages = []string{"../../docs/*.md", "../../docs/runbooks/*.md"}

var (
	promql    = regexp.MustCompile("(?s)```promql\n(.*?)```")
	nameInRow = regexp.MustCompile("(?m)^\\| `\\w+`.*")
	metric    = regexp.MustCompile("`([a-z]\\w+)`")
)

const (
	metricsPage = "../../docs/metrics.md"
	tableBegins = "<!-- Written by: UPDATE_GOLDEN=1 go test ./test/monitoring -run TestMetricsAreDocumented -->\n"
	tableEnds   = "<!-- The end of what is written. -->\n"
)

func table() string {
	var rows strings.Builder
	rows.WriteString("| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, definition := range metrics.Definitions() {
		labels := ""
		if len(definition.Labels) > 0 {
			labels = "`" + strings.Join(definition.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&rows, "| `%s` | %s | %s | %s |\n", definition.Name, definition.Type, labels, definition.Help)
	}
	return rows.String()
}

func TestMetricsAreDocumented(t *testing.T) {
	content, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(content), tableBegins)
	documented, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		t.Fatalf("%s has no table between %q and %q", metricsPage, tableBegins, tableEnds)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(metricsPage, []byte(before+tableBegins+table()+tableEnds+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(table(), documented); diff != "" {
		t.Errorf("the table is stale, write it with UPDATE_GOLDEN=1 (-want +got)\n%s", diff)
	}
}

// documentedQueries are all PromQL of the pages, by page.
func documentedQueries(t *testing.T) map[string][]string {
	t.Helper()
	queries := map[string][]string{}
	for _, pattern := range pages {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, block := range promql.FindAllStringSubmatch(string(content), -1) {
				queries[name] = append(queries[name], block[1])
			}
		}
	}
	if len(queries) < 2 {
		t.Fatal("the pages have no queries")
	}
	return queries
}

func TestQueriesOfThePagesNameMetricsThatExist(t *testing.T) {
	scraped := scrapedNames(t)
	for page, queries := range documentedQueries(t) {
		for _, query := range queries {
			expectMetrics(t, page, query, scraped)
		}
	}
}

func TestOthersMetricsThatArePraisedExist(t *testing.T) {
	content, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(content), "\n## controller-runtime's\n")
	section, _, _ = strings.Cut(section, "\n## ")
	scraped := scrapedNames(t)
	rows := nameInRow.FindAllString(section, -1)
	for _, row := range rows {
		names, _, _ := strings.Cut(strings.TrimPrefix(row, "|"), "|")
		for _, name := range metric.FindAllStringSubmatch(names, -1) {
			if !scraped[name[1]] {
				t.Errorf("there is no metric %s", name[1])
			}
		}
	}
	if len(rows) == 0 {
		t.Error("no metric is found")
	}
}
