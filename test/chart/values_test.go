// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const (
	tableBegins = "<!-- written from values.yaml: UPDATE_GOLDEN=1 go test ./test/chart -run TestValuesAreDocumented -->\n"
	tableEnds   = "<!-- end of what is written -->\n"
)

// value is one that a user can set.
type value struct {
	path        string
	standard    string
	description string
}

// valuesSchema is what this test reads of values.schema.json.
type valuesSchema struct {
	Reference   string                   `json:"$ref"`
	Properties  map[string]*valuesSchema `json:"properties"`
	Additional  any                      `json:"additionalProperties"`
	Definitions map[string]*valuesSchema `json:"definitions"`
}

func readSchema(t *testing.T) *valuesSchema {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, chart, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	read := &valuesSchema{}
	if err := json.Unmarshal(content, read); err != nil {
		t.Fatal(err)
	}
	// Helm adds it to the values of a chart inside another.
	delete(read.Properties, "global")
	return read
}

// readValues is every value with its comment. A map of which the schema does not
// know the keys is one value.
func readValues(t *testing.T, known *valuesSchema) []value {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		t.Fatal(err)
	}
	return valuesOf(t, document.Content[0], known, "")
}

func valuesOf(t *testing.T, node *yaml.Node, known *valuesSchema, prefix string) []value {
	t.Helper()
	var found []value
	for index := 0; index < len(node.Content); index += 2 {
		key, content := node.Content[index], node.Content[index+1]
		path := prefix + key.Value
		said := known.Properties[key.Value]
		switch {
		case said == nil:
			t.Errorf("values.schema.json does not know %s", path)
		case len(said.Properties) > 0:
			found = append(found, valuesOf(t, content, said, path+".")...)
		default:
			found = append(found, value{path, standard(t, content), description(t, path, key)})
		}
	}
	return found
}

// longest is how much of a table a default may take.
const longest = 60

// standard is a default in one line, as a cell of a table.
func standard(t *testing.T, node *yaml.Node) string {
	t.Helper()
	var content any
	if err := node.Decode(&content); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	if len(encoded) > longest {
		return "see values.yaml"
	}
	return "`" + string(encoded) + "`"
}

// description is the comment right above a key; what an empty line separates from it
// is about the file.
func description(t *testing.T, path string, key *yaml.Node) string {
	t.Helper()
	comments := strings.Split(key.HeadComment, "\n\n")
	comment := comments[len(comments)-1]
	if comment == "" {
		t.Errorf("values.yaml does not describe %s", path)
	}
	return strings.TrimPrefix(strings.ReplaceAll(comment, "\n# ", " "), "# ")
}

// propertiesOf are the paths that a schema knows.
func propertiesOf(known *valuesSchema, prefix string) []string {
	var paths []string
	for name, property := range known.Properties {
		if len(property.Properties) > 0 {
			paths = append(paths, propertiesOf(property, prefix+name+".")...)
		} else {
			paths = append(paths, prefix+name)
		}
	}
	slices.Sort(paths)
	return paths
}

// closed reports every part of a schema with named properties that lets others in.
func closed(t *testing.T, known *valuesSchema, path string) {
	t.Helper()
	if known.Additional != false {
		t.Errorf("values.schema.json lets unknown values in at %q", path)
	}
	for name, property := range known.Properties {
		if len(property.Properties) > 0 {
			closed(t, property, path+"."+name)
		}
	}
}

// TestSchemaKnowsEveryValue also finds what the schema has and values.yaml has not.
func TestSchemaKnowsEveryValue(t *testing.T) {
	known := readSchema(t)
	var paths []string
	for _, each := range readValues(t, known) {
		paths = append(paths, each.path)
	}
	slices.Sort(paths)
	if difference := cmp.Diff(paths, propertiesOf(known, "")); difference != "" {
		t.Errorf("values.yaml (-) and values.schema.json (+) differ:\n%s", difference)
	}
	closed(t, known, "")
}

func TestValuesAreDocumented(t *testing.T) {
	var table strings.Builder
	table.WriteString("| value | default | description |\n|---|---|---|\n")
	escape := strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;")
	for _, each := range readValues(t, readSchema(t)) {
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", each.path, each.standard, escape.Replace(each.description))
	}
	path := filepath.Join(repository, chart, "README.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(content), tableBegins)
	written, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		t.Fatalf("%s has no place for the table: %q and %q", path, tableBegins, tableEnds)
	}
	if os.Getenv("UPDATE_GOLDEN") == "" {
		if difference := cmp.Diff(table.String(), written); difference != "" {
			t.Errorf("the table of values is stale (- values.yaml, + README.md); UPDATE_GOLDEN=1 writes it anew:\n%s", difference)
		}
		return
	}
	if err := os.WriteFile(path, []byte(before+tableBegins+table.String()+tableEnds+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestEveryValueIsTried finds a value that no set of values changes: nobody would see
// that the chart forgot it.
func TestEveryValueIsTried(t *testing.T) {
	known := readSchema(t)
	tried := map[string]bool{}
	for name := range valueSets() {
		if name == "default" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(repository, set(name)))
		if err != nil {
			t.Fatal(err)
		}
		var values map[string]any
		if err := yaml.Unmarshal(content, &values); err != nil {
			t.Fatal(err)
		}
		maps.Copy(tried, pathsOf(values, known, ""))
	}
	for _, each := range readValues(t, known) {
		if !tried[each.path] {
			t.Errorf("no values in ci set %s", each.path)
		}
	}
}

func pathsOf(values map[string]any, known *valuesSchema, prefix string) map[string]bool {
	paths := map[string]bool{}
	for name, content := range values {
		inner, isMap := content.(map[string]any)
		if said := known.Properties[name]; isMap && said != nil && len(said.Properties) > 0 {
			maps.Copy(paths, pathsOf(inner, said, prefix+name+"."))
			continue
		}
		paths[prefix+name] = true
	}
	return paths
}
