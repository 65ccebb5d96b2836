// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

const (
	// extension starts what Kubernetes adds to schemas.
	extension = "x-kubernetes-"
	// rules are the CEL rules of a value.
	rules = extension + "validations"
	// here is the schema itself, in messages.
	here = "the object"
)

// compareExtensions compares what Kubernetes adds to schemas, everywhere in them: a
// rule that is new or other than before may refuse what is stored, and the other
// additions say what a value is.
func compareExtensions(path string, old, fresh map[string]any) []string {
	name := path
	if name == "" {
		name = here
	}
	var found []string
	for _, key := range slices.Sorted(maps.Keys(fresh)) {
		if key != rules {
			continue
		}
		known := rulesOf(old)
		for _, rule := range rulesOf(fresh) {
			if !slices.Contains(known, rule) {
				found = append(found, fmt.Sprintf("%s has a new rule: %s", name, rule))
			}
		}
	}
	keys := slices.Sorted(maps.Keys(old))
	for key := range fresh {
		if _, both := old[key]; !both {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		if strings.HasPrefix(key, extension) && key != rules && !reflect.DeepEqual(old[key], fresh[key]) {
			found = append(found, fmt.Sprintf("%s has another %s: %v, not %v", name, key, fresh[key], old[key]))
		}
	}
	for key, child := range children(old) {
		if revised, exists := children(fresh)[key]; exists {
			found = append(found, compareExtensions(strings.TrimPrefix(path+"/"+key, "/"), child, revised)...)
		}
	}
	return found
}

// rulesOf are the expressions of a schema's rules; their messages may change.
func rulesOf(schema map[string]any) []string {
	var found []string
	listed, _ := schema[rules].([]any)
	for _, each := range listed {
		if rule, isRule := each.(map[string]any); isRule {
			found = append(found, strings.Join(strings.Fields(fmt.Sprint(rule["rule"])), " "))
		}
	}
	return found
}

// children are the schemas inside a schema: of its fields, of its items and of a
// map's values.
func children(schema map[string]any) map[string]map[string]any {
	found := map[string]map[string]any{}
	if fields, isObject := schema["properties"].(map[string]any); isObject {
		for name, field := range fields {
			if child, isSchema := field.(map[string]any); isSchema {
				found[name] = child
			}
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if child, isSchema := schema[key].(map[string]any); isSchema {
			found[key] = child
		}
	}
	return found
}
