// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// storiesDirectory has the tests of alerts, in promtool's own form.
const storiesDirectory = "testdata/alerts"

// promtool finds the program, or skips the test; in CI, where it is installed, its
// lack is a failure.
func promtool(t *testing.T) func(t *testing.T, directory string, arguments ...string) {
	t.Helper()
	finder := exec.CommandContext(t.Context(), "sh", "../../hack/promtool.sh")
	var said strings.Builder
	finder.Stderr = &said
	path, err := finder.Output()
	if err != nil {
		message := "the alerts were not tested: " + strings.TrimSpace(said.String())
		if os.Getenv("CI") == "true" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	program := strings.TrimSpace(string(path))
	return func(t *testing.T, directory string, arguments ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), program, arguments...)
		command.Dir = directory
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, output)
		}
	}
}

// write writes a file of rules as Prometheus reads it.
func write(t *testing.T, directory, name string, rules any) {
	t.Helper()
	content, err := yaml.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPrometheusTakesTheRules(t *testing.T) {
	run := promtool(t)
	directory := t.TempDir()
	write(t, directory, "rules.yaml", readRules(t))
	run(t, directory, "check", "rules", "rules.yaml")
}

func TestAlertsFireWhenTheyShallAndOnlyThen(t *testing.T) {
	run := promtool(t)
	rules := readRules(t)
	for _, group := range rules.Groups {
		for index := range group.Rules {
			// A test has to repeat every annotation: the summary shows that labels
			// and values are there, and the rest would be copied only.
			group.Rules[index].Annotations = map[string]string{"summary": group.Rules[index].Annotations["summary"]}
		}
	}
	for _, name := range stories(t) {
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			directory := t.TempDir()
			write(t, directory, "rules.yaml", rules)
			content, err := os.ReadFile(filepath.Join(storiesDirectory, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(directory, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, directory, "test", "rules", name)
		})
	}
}

func stories(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(storiesDirectory)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
	}
	if len(names) == 0 {
		t.Fatal("there are no tests of alerts")
	}
	return names
}

// story is what is needed of promtool's form.
type story struct {
	Tests []struct {
		Name           string `json:"name"`
		AlertRuleTests []struct {
			AlertName      string `json:"alertname"`
			ExpectedAlerts []struct {
				Labels map[string]string `json:"exp_labels"`
			} `json:"exp_alerts"`
		} `json:"alert_rule_test"`
	} `json:"tests"`
}

// promtool passes a file that tests nothing, and one that names no alert that there is.
func TestEveryAlertIsSeenToFireAndToKeepSilent(t *testing.T) {
	alerts := readRules(t).alerts(t)
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, name := range stories(t) {
		content, err := os.ReadFile(filepath.Join(storiesDirectory, name))
		if err != nil {
			t.Fatal(err)
		}
		var read story
		if err := yaml.Unmarshal(content, &read); err != nil {
			t.Fatal(err)
		}
		for _, told := range read.Tests {
			for _, expected := range told.AlertRuleTests {
				alert, known := alerts[expected.AlertName]
				if !known {
					t.Errorf("%s, %s: there is no alert %s", name, told.Name, expected.AlertName)
				}
				silent[expected.AlertName] = silent[expected.AlertName] || len(expected.ExpectedAlerts) == 0
				for _, fired := range expected.ExpectedAlerts {
					fires[expected.AlertName] = true
					for _, label := range alert.usedLabels() {
						if fired.Labels[label] == "" {
							t.Errorf("%s: its texts name the label %s, which it does not have in %q", expected.AlertName, label, told.Name)
						}
					}
				}
			}
		}
	}
	for name := range alerts {
		if !fires[name] || !silent[name] {
			t.Errorf("%s is seen to fire: %t, to keep silent: %t", name, fires[name], silent[name])
		}
	}
}
