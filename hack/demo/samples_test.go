// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

var samplesFromHere = filepath.Join("..", "..", "config", "samples")

// TestSamples holds the samples against the types: no field that does not exist,
// no namespace, no file that the kustomization forgets.
func TestSamples(t *testing.T) {
	samples, err := readSamples(samplesFromHere)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(samplesFromHere, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if listed := len(samples) + 1; len(files) != listed {
		t.Errorf("there are %d files, and the kustomization and what it lists are %d", len(files), listed)
	}
	types := map[string]func() any{
		"Secret":              func() any { return &corev1.Secret{} },
		"Marketplace":         func() any { return &v1alpha1.Marketplace{} },
		"BuyerUser":           func() any { return &v1alpha1.BuyerUser{} },
		"ImpersonationConfig": func() any { return &v1alpha1.ImpersonationConfig{} },
		"ImpersonationToken":  func() any { return &v1alpha1.ImpersonationToken{} },
	}
	for _, sample := range samples {
		content, err := yaml.Marshal(sample.Object)
		if err != nil {
			t.Fatal(err)
		}
		typed, known := types[sample.GetKind()]
		if !known {
			t.Errorf("%s is of a kind that no sample should have", resourceName(sample))
			continue
		}
		if err := yaml.UnmarshalStrict(content, typed()); err != nil {
			t.Errorf("%s: %v", resourceName(sample), err)
		}
		if sample.GetNamespace() != "" {
			t.Errorf("%s names a namespace", resourceName(sample))
		}
	}
}

func TestMarketplaceURL(t *testing.T) {
	samples, err := readSamples(samplesFromHere)
	if err != nil {
		t.Fatal(err)
	}
	const elsewhere = "http://127.0.0.1:1"
	if err := useMarketplaceURL(samples, elsewhere); err != nil {
		t.Fatal(err)
	}
	if got, err := marketplaceURL(samples); err != nil || got != elsewhere {
		t.Errorf("got %q, %v, want %q", got, err, elsewhere)
	}
	if got, err := marketplaceURL(nil); err == nil {
		t.Errorf("got %q from no samples, want an error", got)
	}
}

func TestReadSamplesNamesTheFile(t *testing.T) {
	directory := t.TempDir()
	for name, content := range map[string]string{"kustomization.yaml": "resources: [broken.yaml]", "broken.yaml": "{"} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := readSamples(directory); err == nil || !strings.Contains(err.Error(), "broken.yaml") {
		t.Errorf("got %v, want an error that names broken.yaml", err)
	}
}

func TestGreetedURL(t *testing.T) {
	got, err := greetedURL("OrderCloud sandbox\n\n  URL            http://127.0.0.1:9990\n  Client ID      x\n")
	if err != nil || got != "http://127.0.0.1:9990" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := greetedURL("OrderCloud sandbox\n"); err == nil {
		t.Errorf("got %q from a log without a URL, want an error", got)
	}
}
