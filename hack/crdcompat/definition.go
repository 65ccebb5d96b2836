// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// definition is what of a CustomResourceDefinition users can depend on.
type definition struct {
	Metadata struct{ Name string }
	Spec     struct {
		Group    string
		Scope    string
		Names    struct{ Kind, Plural string }
		Versions []version
	}
}

// version is one version of a kind.
type version struct {
	Name         string
	Served       bool
	Storage      bool
	Subresources map[string]any
	// Schema of the whole object, as JSON would hold it.
	Schema struct {
		OpenAPIV3Schema map[string]any
	}
}

// readDefinitions reads every YAML file of a directory, by the names of the CRDs.
func readDefinitions(directory string) (map[string]definition, error) {
	paths, err := filepath.Glob(filepath.Join(directory, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", directory, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("reading the CRDs in %s: %w", directory, fs.ErrNotExist)
	}
	found := map[string]definition{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading a CRD: %w", err)
		}
		read, err := parseDefinition(content)
		if err != nil {
			return nil, fmt.Errorf("reading the CRD %s: %w", path, err)
		}
		found[read.Metadata.Name] = read
	}
	return found, nil
}

func parseDefinition(content []byte) (definition, error) {
	var read definition
	if err := yaml.Unmarshal(content, &read); err != nil {
		return definition{}, fmt.Errorf("parsing the YAML: %w", err)
	}
	if read.Metadata.Name == "" || len(read.Spec.Versions) == 0 {
		return definition{}, errors.New("it has no name or no versions")
	}
	return read, nil
}
