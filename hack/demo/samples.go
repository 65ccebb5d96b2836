// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// readSamples reads the objects that the kustomization in directory lists, in
// its order.
func readSamples(directory string) ([]*unstructured.Unstructured, error) {
	var list struct {
		Resources []string `json:"resources"`
	}
	if err := readYAML(filepath.Join(directory, "kustomization.yaml"), &list); err != nil {
		return nil, err
	}
	objects := make([]*unstructured.Unstructured, 0, len(list.Resources))
	for _, name := range list.Resources {
		object := &unstructured.Unstructured{}
		if err := readYAML(filepath.Join(directory, name), &object.Object); err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func readYAML(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the samples: %w", err)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// marketplaceURL is where the samples expect OrderCloud.
func marketplaceURL(samples []*unstructured.Unstructured) (string, error) {
	for _, object := range samples {
		if object.GetKind() != "Marketplace" {
			continue
		}
		if url, found, err := unstructured.NestedString(object.Object, "spec", "url"); found && err == nil {
			return url, nil
		}
	}
	return "", errors.New("no Marketplace of the samples has a url")
}

// useMarketplaceURL lets the samples expect OrderCloud elsewhere.
func useMarketplaceURL(samples []*unstructured.Unstructured, url string) error {
	for _, object := range samples {
		if object.GetKind() != "Marketplace" {
			continue
		}
		if err := unstructured.SetNestedField(object.Object, url, "spec", "url"); err != nil {
			return fmt.Errorf("setting the Marketplace's url: %w", err)
		}
	}
	return nil
}

// ofProject are the samples of the project's own kinds.
func ofProject(samples []*unstructured.Unstructured) []*unstructured.Unstructured {
	var own []*unstructured.Unstructured
	for _, object := range samples {
		if object.GroupVersionKind().Group == v1alpha1.GroupVersion.Group {
			own = append(own, object)
		}
	}
	return own
}

// resourceName is how kubectl names an object that it applied.
func resourceName(object *unstructured.Unstructured) string {
	kind := strings.ToLower(object.GetKind())
	if group := object.GroupVersionKind().Group; group != "" {
		kind += "." + group
	}
	return kind + "/" + object.GetName()
}
