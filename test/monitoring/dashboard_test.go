// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const dashboardFile = "../../config/grafana/ordercloud-operator.json"

type dashboard struct {
	UID           string  `json:"uid"`
	Title         string  `json:"title"`
	SchemaVersion int     `json:"schemaVersion"`
	Panels        []panel `json:"panels"`
	Templating    struct {
		List []variable `json:"list"`
	} `json:"templating"`
}

type variable struct {
	Name       string     `json:"name"`
	Type       string     `json:"type"`
	Datasource datasource `json:"datasource"`
	Definition string     `json:"definition"`
}

type panel struct {
	ID          int        `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Datasource  datasource `json:"datasource"`
	GridPos     position   `json:"gridPos"`
	Panels      []panel    `json:"panels"`
	Targets     []target   `json:"targets"`
	Description string     `json:"description"`
}

type position struct {
	Height int `json:"h"`
	Width  int `json:"w"`
	X      int `json:"x"`
	Y      int `json:"y"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type target struct {
	RefID      string     `json:"refId"`
	Datasource datasource `json:"datasource"`
	Expression string     `json:"expr"`
	Legend     string     `json:"legendFormat"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	content, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var read dashboard
	if err := json.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

var (
	chosen         = datasource{Type: "prometheus", UID: "${datasource}"}
	variableInText = regexp.MustCompile(`\$\{?([A-Za-z_]\w*)\}?`)
	queriedLabel   = regexp.MustCompile(`^label_values\((.+), \w+\)$`)
)

// asPrometheusSeesIt puts values where Grafana does.
func asPrometheusSeesIt(expression string) string {
	return strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h", "$marketplace", ".*", "$namespace", ".*").Replace(expression)
}

func (d dashboard) queries() map[string]string {
	queries := map[string]string{}
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			queries[fmt.Sprintf("panel %d, %s, query %s", panel.ID, panel.Title, target.RefID)] = target.Expression
		}
	}
	for _, variable := range d.Templating.List {
		if found := queriedLabel.FindStringSubmatch(variable.Definition); found != nil {
			queries["variable "+variable.Name] = found[1]
		}
	}
	return queries
}

func TestDashboardNamesMetricsThatExist(t *testing.T) {
	scraped := scrapedNames(t)
	for where, expression := range readDashboard(t).queries() {
		expectMetrics(t, where, asPrometheusSeesIt(expression), scraped)
	}
}

func TestPrometheusTakesTheQueriesOfDashboardAndPages(t *testing.T) {
	run := promtool(t)
	type recording struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	expressions := slices.Collect(maps.Values(readDashboard(t).queries()))
	for _, queries := range documentedQueries(t) {
		expressions = append(expressions, queries...)
	}
	var recordings []recording
	for number, expression := range expressions {
		recordings = append(recordings, recording{Record: fmt.Sprintf("query:%d", number), Expr: asPrometheusSeesIt(expression)})
	}
	directory := t.TempDir()
	write(t, directory, "queries.yaml", map[string]any{"groups": []any{map[string]any{"name": "queries", "rules": recordings}}})
	run(t, directory, "check", "rules", "queries.yaml")
}

func TestDashboardHasItsRowsAndVariables(t *testing.T) {
	read := readDashboard(t)
	if read.UID == "" || read.Title == "" || read.SchemaVersion < 41 {
		t.Errorf("UID %q, title %q, schema version %d", read.UID, read.Title, read.SchemaVersion)
	}
	var variables, rows []string
	for _, variable := range read.Templating.List {
		variables = append(variables, variable.Name+" "+variable.Type)
	}
	for _, panel := range read.Panels {
		if panel.Type == "row" {
			rows = append(rows, panel.Title)
		}
	}
	if diff := cmp.Diff([]string{"datasource datasource", "marketplace query", "namespace query"}, variables); diff != "" {
		t.Errorf("variables (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Overview", "Drift", "Grants", "Tokens", "OrderCloud API", "Looks", "Operator"}, rows); diff != "" {
		t.Errorf("rows (-want +got)\n%s", diff)
	}
}

func TestPanelsHaveTheirOwnPlaceAndQueries(t *testing.T) {
	read := readDashboard(t)
	known := map[string]bool{"__rate_interval": true, "__range": true}
	for _, variable := range read.Templating.List {
		known[variable.Name] = true
		if variable.Type == "query" && variable.Datasource != chosen {
			t.Errorf("variable %s asks %+v", variable.Name, variable.Datasource)
		}
	}
	ids := map[int]string{}
	taken := map[[2]int]string{}
	for _, panel := range read.Panels {
		if other, twice := ids[panel.ID]; twice || panel.ID == 0 {
			t.Errorf("%q and %q have the ID %d", other, panel.Title, panel.ID)
		}
		ids[panel.ID] = panel.Title
		place := panel.GridPos
		if place.Width < 1 || place.Height < 1 || place.X < 0 || place.X+place.Width > 24 {
			t.Errorf("%q is at %+v, outside of 24 columns", panel.Title, place)
		}
		for x := place.X; x < place.X+place.Width; x++ {
			for y := place.Y; y < place.Y+place.Height; y++ {
				if other, overlaps := taken[[2]int{x, y}]; overlaps {
					t.Fatalf("%q lies over %q", panel.Title, other)
				}
				taken[[2]int{x, y}] = panel.Title
			}
		}
		if len(panel.Panels) > 0 {
			t.Errorf("row %q is collapsed: its panels are not checked here", panel.Title)
		}
		if panel.Type != "row" {
			expectQueries(t, panel, known)
		}
	}
}

func expectQueries(t *testing.T, panel panel, known map[string]bool) {
	t.Helper()
	if len(panel.Targets) == 0 || panel.Datasource != chosen || panel.Title == "" || panel.Description == "" {
		t.Errorf("%q has %d queries of %+v and says %q", panel.Title, len(panel.Targets), panel.Datasource, panel.Description)
	}
	letters := map[string]bool{}
	for _, target := range panel.Targets {
		if letters[target.RefID] || target.RefID == "" || target.Datasource != chosen {
			t.Errorf("%q, query %q asks %+v", panel.Title, target.RefID, target.Datasource)
		}
		letters[target.RefID] = true
		for _, found := range variableInText.FindAllStringSubmatch(target.Expression, -1) {
			if !known[found[1]] {
				t.Errorf("%q uses the variable %s, which is not there", panel.Title, found[0])
			}
		}
	}
}
