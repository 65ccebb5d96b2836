// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"go/version"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// workflow is what of a GitHub workflow is checked here; actionlint checks the rest.
type workflow struct {
	Permissions map[string]string
	Concurrency map[string]any
	Jobs        map[string]struct {
		Uses           string
		Permissions    map[string]string
		TimeoutMinutes int `json:"timeout-minutes"`
		Steps          []struct {
			Uses string
			Run  string
			With map[string]any
		}
	}
}

func workflows(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	found := map[string]string{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(path)] = string(content)
	}
	return found
}

func TestWorkflowsGetNoMoreThanTheyNeed(t *testing.T) {
	for name, content := range workflows(t) {
		var read workflow
		if err := yaml.Unmarshal([]byte(content), &read); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if read.Permissions == nil || len(read.Permissions) > 0 {
			t.Errorf("%s: every job has the permissions %v", name, read.Permissions)
		}
		if read.Concurrency["group"] == nil {
			t.Errorf("%s: runs at the same time as itself", name)
		}
		for job, each := range read.Jobs {
			if each.Permissions == nil {
				t.Errorf("%s: job %s does not say its permissions", name, job)
			}
			if each.Uses == "" && each.TimeoutMinutes == 0 {
				t.Errorf("%s: job %s may run for hours", name, job)
			}
			for _, step := range each.Steps {
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s: job %s leaves a token in the checkout", name, job)
				}
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: job %s puts an expression into a script: hand it over in env", name, job)
				}
			}
		}
	}
}

var (
	use    = regexp.MustCompile(`(?m)uses: +(\S+)(.*)$`)
	pinned = regexp.MustCompile(`^[^@]+@[0-9a-f]{40}$`)
	goes   = regexp.MustCompile(`(?m)go-version: *(\S+)`)
)

func TestActionsArePinnedByTheirCommit(t *testing.T) {
	commits := map[string]string{}
	for name, content := range workflows(t) {
		for _, match := range use.FindAllStringSubmatch(content, -1) {
			action, comment := match[1], match[2]
			if strings.HasPrefix(action, "./") {
				continue
			}
			if !pinned.MatchString(action) || !strings.HasPrefix(comment, " # v") {
				t.Errorf("%s: %s%s is no commit with its version", name, action, comment)
			}
			repository, _, _ := strings.Cut(action, "@")
			if other := commits[repository]; other != "" && other != action {
				t.Errorf("%s: %s, elsewhere %s", name, action, other)
			}
			commits[repository] = action
		}
	}
}

func TestWorkflowsUseTheModulesGo(t *testing.T) {
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(module)
	for name, content := range workflows(t) {
		for _, match := range goes.FindAllStringSubmatch(content, -1) {
			if got := strings.Trim(match[1], `"`); version.Lang("go"+got) != version.Lang("go"+string(declared[1])) {
				t.Errorf("%s: Go %s, go.mod says %s", name, got, declared[1])
			}
		}
	}
}

func TestDependabotKnowsEveryModule(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(root, ".github", "dependabot.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Updates []struct {
			PackageEcosystem string `json:"package-ecosystem"`
			Directory        string
			Directories      []string
		}
	}
	if err := yaml.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	known := map[string][]string{}
	for _, update := range read.Updates {
		known[update.PackageEcosystem] = append(known[update.PackageEcosystem], append(update.Directories, update.Directory)...)
	}
	ecosystems := map[string]string{"go.mod": "gomod", "package.json": "npm", "Dockerfile": "docker"}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "node_modules" || name == ".git" || name == "testdata") {
			return filepath.SkipDir
		}
		ecosystem, isOne := ecosystems[entry.Name()]
		directory := "/" + strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), root)
		directory = filepath.Clean(directory)
		if isOne && !slices.Contains(known[ecosystem], directory) {
			t.Errorf("%s: dependabot.yml has no %s of %s", path, ecosystem, directory)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
