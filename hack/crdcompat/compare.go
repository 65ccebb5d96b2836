// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
)

// compare says, in sentences, what in the new definitions breaks who uses the old
// ones: stored objects, manifests in Git, and programs that read objects.
func compare(old, fresh map[string]definition) ([]string, error) {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(old)) {
		revised, exists := fresh[name]
		if !exists {
			found = append(found, name+": the kind was removed")
			continue
		}
		problems, err := compareDefinition(old[name], revised)
		if err != nil {
			return nil, fmt.Errorf("comparing %s: %w", name, err)
		}
		found = append(found, problems...)
	}
	return found, nil
}

func compareDefinition(old, fresh definition) ([]string, error) {
	var found []string
	say := func(format string, arguments ...any) {
		found = append(found, old.Metadata.Name+": "+fmt.Sprintf(format, arguments...))
	}
	if old.Spec.Scope != fresh.Spec.Scope {
		say("the scope changed from %s to %s", old.Spec.Scope, fresh.Spec.Scope)
	}
	if old.Spec.Names.Kind != fresh.Spec.Names.Kind {
		say("the kind changed from %s to %s", old.Spec.Names.Kind, fresh.Spec.Names.Kind)
	}
	for _, was := range old.Spec.Versions {
		position := slices.IndexFunc(fresh.Spec.Versions, func(v version) bool { return v.Name == was.Name })
		if position < 0 {
			say("version %s was removed", was.Name)
			continue
		}
		is := fresh.Spec.Versions[position]
		if was.Served && !is.Served {
			say("version %s is served no more", was.Name)
		}
		for _, subresource := range slices.Sorted(maps.Keys(was.Subresources)) {
			if _, kept := is.Subresources[subresource]; !kept {
				say("version %s has lost the subresource %s", was.Name, subresource)
			}
		}
		problems, err := compareSchemas(was.Schema.OpenAPIV3Schema, is.Schema.OpenAPIV3Schema)
		if err != nil {
			return nil, fmt.Errorf("comparing version %s: %w", was.Name, err)
		}
		for _, problem := range problems {
			say("version %s: %s", was.Name, problem)
		}
	}
	return found, nil
}

// severities are where a CRD is not like any API: a default fills what is required,
// and it fills stored objects, too, whose meaning changes with it.
var severities = map[string]checker.Level{
	checker.NewRequiredRequestPropertyWithDefaultId:    checker.INFO,
	checker.RequestPropertyBecameRequiredWithDefaultId: checker.INFO,
	checker.RequestPropertyDefaultValueAddedId:         checker.ERR,
	checker.RequestPropertyDefaultValueChangedId:       checker.ERR,
	checker.RequestPropertyDefaultValueRemovedId:       checker.ERR,
	// The API server drops what the schema does not name, from stored objects, too.
	checker.RequestPropertyRemovedId:                checker.ERR,
	checker.RequestPropertyRemovedWithDeprecationId: checker.ERR,
}

// compareSchemas lets oasdiff compare the schemas, as those of a body that clients
// send, and then what it knows nothing of.
func compareSchemas(old, fresh map[string]any) ([]string, error) {
	before, err := document(old)
	if err != nil {
		return nil, err
	}
	after, err := document(fresh)
	if err != nil {
		return nil, err
	}
	differences, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), before, after)
	if err != nil {
		return nil, fmt.Errorf("finding differences: %w", err)
	}
	config := checker.NewConfig(checker.GetAllChecks(), checker.WithSeverityLevels(severities))
	var found []string
	for _, change := range checker.CheckBackwardCompatibility(config, differences, sources) {
		found = append(found, change.GetUncolorizedText(checker.NewDefaultLocalizer()))
	}
	found = append(found, compareExtensions("", old, fresh)...)
	slices.Sort(found)
	return slices.Compact(found), nil
}

// document is an OpenAPI document with one operation, which takes the object.
func document(schema map[string]any) (*load.SpecInfo, error) {
	content, err := json.Marshal(map[string]any{
		"openapi": "3.0.0",
		"info":    map[string]any{"title": "a kind", "version": "1"},
		"paths": map[string]any{"/": map[string]any{"put": map[string]any{
			"requestBody": map[string]any{"required": true, "content": map[string]any{
				"application/json": map[string]any{"schema": schema},
			}},
			"responses": map[string]any{"200": map[string]any{"description": "stored"}},
		}}},
	})
	if err != nil {
		return nil, fmt.Errorf("writing the schema down: %w", err)
	}
	read, err := openapi3.NewLoader().LoadFromData(content)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	return &load.SpecInfo{Spec: read, Version: "1"}, nil
}
