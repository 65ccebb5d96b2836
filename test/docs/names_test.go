// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ourNames are names that only this project gives: annotations, finalizers, labels
// and metrics. The kind in buyeruser.ordercloud.io/jdoe is none of them.
var ourNames = regexp.MustCompile(`(?:^|[^.\w/-])(ordercloud\.io/[a-z][a-z-]+[a-z]|ordercloud_[a-z_]+[a-z])\b`)

func namesIn(content string) []string {
	var names []string
	for _, found := range ourNames.FindAllStringSubmatch(content, -1) {
		names = append(names, found[1])
	}
	return names
}

// TestEveryNameExists: annotations, finalizers and labels of ordercloud.io/, and
// metrics, are named in the code or in config.
func TestEveryNameExists(t *testing.T) {
	defined := map[string]bool{"ordercloud.io/v1alpha1": true}
	for _, directory := range []string{"api", "config", "internal", "controllers"} {
		err := filepath.WalkDir(filepath.Join(repository, directory), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") {
				return err
			}
			content, err := os.ReadFile(name)
			for _, found := range namesIn(string(content)) {
				defined[found] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, page := range documentation(t) {
		whole := span{page.path, 1, string(page.source)}
		for _, line := range whole.lines() {
			for _, name := range namesIn(line.text) {
				// The series of a histogram are named after it.
				series := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"), "_sum")
				isPattern := strings.Contains(line.text, "grep '^") && beginsOne(defined, name)
				if !defined[series] && !isPattern {
					t.Errorf("%s: nothing here is called %s", line.at(), name)
				}
			}
		}
	}
}

func beginsOne(names map[string]bool, start string) bool {
	for name := range names {
		if strings.HasPrefix(name, start) {
			return true
		}
	}
	return false
}

// pathOfOurs is a path in the repository, alone in a code span.
var pathOfOurs = regexp.MustCompile(`^(?:\./)?((?:api|charts|cmd|config|controllers|docs|examples|hack|internal|test)/[A-Za-z0-9_./*-]+|main\.go|Makefile|Dockerfile)$`)

// TestEveryPathExists: what is written as code and looks like a path in the
// repository is one, or is made by a build and ignored by git.
func TestEveryPathExists(t *testing.T) {
	ignored, checked := read(t, ".gitignore"), 0
	for _, page := range allPages(t) {
		for _, written := range page.code {
			if found := pathOfOurs.FindStringSubmatch(written.text); found != nil {
				isBuilt := strings.Contains(ignored, "/"+strings.TrimSuffix(found[1], "/")+"/\n")
				if checked++; !isBuilt && !exists(found[1]) {
					t.Errorf("%s: there is no %s", written.at(), found[1])
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("paths were found %d times", checked)
	}
}
