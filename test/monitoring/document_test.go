// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
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
