// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// TestTheExampleServesEveryEnvironment builds examples/environments, and has a real
// API server take each of them.
func TestTheExampleServesEveryEnvironment(t *testing.T) {
	cluster := newCluster(t)
	declared := map[string]map[string]*unstructured.Unstructured{}
	for name, environment := range map[string]string{"sandbox": "Sandbox", "staging": "Staging", "production": "Production"} {
		declared[name] = map[string]*unstructured.Unstructured{}
		for _, object := range build(t, "examples/environments/"+name) {
			if err := cluster.dryRun(t.Context(), object); err != nil {
				t.Errorf("%s: %s %s: %v", name, object.GetKind(), object.GetName(), err)
			}
			checkNamespace(t, name, object)
			switch object.GetKind() {
			case "Marketplace":
				if got := field(object, "environment"); got != environment {
					t.Errorf("the Marketplace of %s is of the environment %q", name, got)
				}
			case "BuyerUser", "ImpersonationConfig":
				declared[name][object.GetKind()+" "+object.GetName()] = object
			}
		}
	}
	everywhere := slices.Sorted(maps.Keys(declared["production"]))
	if difference := cmp.Diff(everywhere, slices.Sorted(maps.Keys(declared["staging"]))); difference != "" {
		t.Errorf("staging (+) is no rehearsal of production (-):\n%s", difference)
	}
	for _, key := range everywhere {
		if declared["sandbox"][key] == nil {
			t.Errorf("sandbox lacks %s", key)
		}
		if policy := field(declared["production"][key], "deletionPolicy"); policy != "Retain" {
			t.Errorf("%s has deletionPolicy %q in production", key, policy)
		}
		if id := field(declared["production"][key], "clientID"); id != "" {
			t.Errorf("%s has a clientID, which is another one in each marketplace", key)
		}
	}
}

func checkNamespace(t *testing.T, environment string, object *unstructured.Unstructured) {
	t.Helper()
	namespace := object.GetNamespace()
	if object.GetKind() == "Namespace" {
		namespace = object.GetName()
		// docs/policy.md: which namespaces are production.
		if got := object.GetLabels()["ordercloud.io/environment"]; got != environment {
			t.Errorf("the namespace of %s is labelled %q", environment, got)
		}
	}
	if namespace != "commerce-"+environment {
		t.Errorf("%s: %s %s is in namespace %q", environment, object.GetKind(), object.GetName(), namespace)
	}
}

func field(object *unstructured.Unstructured, name string) string {
	value, _, _ := unstructured.NestedString(object.Object, "spec", name)
	return value
}

// build is what kustomize makes of a directory of the repository.
func build(t *testing.T, directory string) []*unstructured.Unstructured {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).
		Run(filesys.MakeFsOnDisk(), filepath.Join(repository, filepath.FromSlash(directory)))
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	for _, resource := range built.Resources() {
		content, err := resource.Map()
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, &unstructured.Unstructured{Object: content})
	}
	if len(objects) == 0 {
		t.Fatalf("%s is empty", directory)
	}
	return objects
}
