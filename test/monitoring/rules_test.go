// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const (
	rulesFile = "../../config/prometheus/rules.yaml"
	// runbookURL is where people read docs/runbooks.
	runbookURL = "https://github.com/ordercloud-operator/ordercloud-operator/blob/main/docs/runbooks/"
	runbooks   = "../../docs/runbooks"
	alertsPage = "../../docs/alerts.md"
)

// prometheusRule is the part of a PrometheusRule that the Prometheus Operator hands to
// Prometheus: spec is a file of rules.
type prometheusRule struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   map[string]any `json:"metadata"`
	Spec       groups         `json:"spec"`
}

type groups struct {
	Groups []group `json:"groups"`
}

type group struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

type rule struct {
	Alert         string            `json:"alert"`
	Expr          string            `json:"expr"`
	For           string            `json:"for,omitempty"`
	KeepFiringFor string            `json:"keep_firing_for,omitempty"`
	Labels        map[string]string `json:"labels"`
	Annotations   map[string]string `json:"annotations"`
}

func readRules(t *testing.T) groups {
	t.Helper()
	content, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	var read prometheusRule
	if err := yaml.UnmarshalStrict(content, &read); err != nil {
		t.Fatalf("%s has fields that no rule has: %v", rulesFile, err)
	}
	if read.APIVersion != "monitoring.coreos.com/v1" || read.Kind != "PrometheusRule" {
		t.Fatalf("%s is a %s %s", rulesFile, read.APIVersion, read.Kind)
	}
	return read.Spec
}

// alerts are all rules by their names.
func (g groups) alerts(t *testing.T) map[string]rule {
	t.Helper()
	found := map[string]rule{}
	for _, group := range g.Groups {
		for _, rule := range group.Rules {
			if _, twice := found[rule.Alert]; twice || rule.Alert == "" {
				t.Errorf("group %s: there are two alerts %q", group.Name, rule.Alert)
			}
			found[rule.Alert] = rule
		}
	}
	if len(found) == 0 {
		t.Fatal("there are no alerts")
	}
	return found
}

func TestEveryAlertSaysWhatAndWhichAndLeadsToARunbook(t *testing.T) {
	page, err := os.ReadFile(alertsPage)
	if err != nil {
		t.Fatal(err)
	}
	for name, rule := range readRules(t).alerts(t) {
		if severity := rule.Labels["severity"]; !slices.Contains([]string{"critical", "warning", "info"}, severity) {
			t.Errorf("%s: the severity is %q", name, severity)
		}
		if rule.Annotations["summary"] == "" || len(rule.Annotations["description"]) < 100 {
			t.Errorf("%s: summary and description do not say enough", name)
		}
		if url := rule.Annotations["runbook_url"]; url != runbookURL+name+".md" {
			t.Errorf("%s: the runbook is %q", name, url)
		}
		if _, err := os.Stat(filepath.Join(runbooks, name+".md")); err != nil {
			t.Errorf("%s has no runbook: %v", name, err)
		}
		row := "| [" + name + "](runbooks/" + name + ".md) | " + rule.Labels["severity"] + " |"
		if !strings.Contains(string(page), row) {
			t.Errorf("%s has no row %q", alertsPage, row)
		}
	}
}

func TestEveryRunbookIsOfAnAlertAndHasItsParts(t *testing.T) {
	alerts := readRules(t).alerts(t)
	pages, err := filepath.Glob(filepath.Join(runbooks, "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d runbooks, %v", len(pages), err)
	}
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		if name == "README" {
			continue // the index
		}
		if _, known := alerts[name]; !known {
			t.Errorf("there is no alert %s", name)
		}
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"# " + name + "\n", "\n## Meaning\n", "\n## Impact\n", "\n## Diagnosis\n", "\n## Mitigation\n"} {
			if !strings.Contains("\n"+string(content), part) {
				t.Errorf("%s has no part %q", page, strings.TrimSpace(part))
			}
		}
	}
}

// The Prometheus Operator puts the namespace of the target on everything that is
// scraped, and renames what has such a label: then every alert would name the
// namespace of the operator.
func TestLabelsOfTheOperatorWin(t *testing.T) {
	content, err := os.ReadFile("../../config/prometheus/monitor.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var monitor struct {
		Spec struct {
			Endpoints []struct {
				HonorLabels bool `json:"honorLabels"`
			} `json:"endpoints"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(content, &monitor); err != nil {
		t.Fatal(err)
	}
	for _, endpoint := range monitor.Spec.Endpoints {
		if !endpoint.HonorLabels {
			t.Error("the ServiceMonitor does not honour the operator's labels")
		}
	}
	if len(monitor.Spec.Endpoints) == 0 {
		t.Error("the ServiceMonitor has no endpoint")
	}
}

var labelInTemplate = regexp.MustCompile(`\$labels\.(\w+)`)

// usedLabels are the labels that a rule's texts name.
func (r rule) usedLabels() []string {
	var used []string
	for _, text := range r.Annotations {
		for _, found := range labelInTemplate.FindAllStringSubmatch(text, -1) {
			used = append(used, found[1])
		}
	}
	slices.Sort(used)
	return slices.Compact(used)
}
