// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package upgrade_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	// root is the top of the repository.
	root = "../.."
	crds = "config/crd/bases"
	// samples are objects of every kind.
	samples = "config/samples"
	// baseVariable names another commit to upgrade from.
	baseVariable = "UPGRADE_BASE"
)

// git runs git at the top of the repository; ok is whether it went well.
func git(t *testing.T, arguments ...string) (output string, ok bool) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", arguments...)
	command.Dir = root
	written, err := command.Output()
	return strings.TrimSpace(string(written)), err == nil
}

// base is the commit that is upgraded from: that of UPGRADE_BASE, or the latest
// release before this commit. While there is none, it is the commit before the latest
// change of the CRDs, so that the test is known to work when there is one.
func base(t *testing.T) string {
	t.Helper()
	if named := os.Getenv(baseVariable); named != "" {
		return named
	}
	if _, isCheckout := git(t, "rev-parse", "--is-inside-work-tree"); !isCheckout {
		t.Skip("this is no git checkout, so there are no older CRDs to upgrade from")
	}
	release, exists := git(t, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "--exclude", "*-*", "HEAD^")
	if exists {
		return release
	}
	changes, _ := git(t, "log", "-2", "--format=%h", "--", crds)
	commits := strings.Fields(changes)
	if len(commits) < 2 {
		t.Skip("there is no release yet, and this clone is too shallow to show older CRDs (git fetch --unshallow --tags)")
	}
	t.Logf("there is no release yet: upgrading from %s, the CRDs before their latest change", commits[1])
	return commits[1]
}

// checkOut writes the YAML files that a directory had in a commit to a directory of
// its own.
func checkOut(t *testing.T, commit, directory string) string {
	t.Helper()
	listed, ok := git(t, "ls-tree", "--name-only", commit, "--", directory+"/")
	if !ok {
		t.Fatalf("there is no commit %s", commit)
	}
	target := t.TempDir()
	for path := range strings.FieldsSeq(listed) {
		content, ok := git(t, "show", commit+":"+path)
		if !ok || filepath.Ext(path) != ".yaml" || filepath.Base(path) == "kustomization.yaml" {
			continue
		}
		if err := os.WriteFile(filepath.Join(target, filepath.Base(path)), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return target
}

// objects reads every YAML file of a directory, one object each.
func objects(t *testing.T, directory string) []*unstructured.Unstructured {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(directory, "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("nothing in %s: %v", directory, err)
	}
	var found []*unstructured.Unstructured
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(content, &object.Object); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		found = append(found, object)
	}
	return found
}
