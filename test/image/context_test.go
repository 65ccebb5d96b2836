// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// admitted is what .dockerignore lets into the build: paths below the root, with
// slashes.
func admitted(t *testing.T) []string {
	t.Helper()
	file, err := os.Open(root + "/.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		relative, relativeErr := filepath.Rel(root, path)
		if err := errors.Join(err, relativeErr); err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); name == ".git" || name == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		ignored, err := matcher.MatchesOrParentMatches(relative)
		if err == nil && !ignored {
			found = append(found, filepath.ToSlash(relative))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// copyContext makes a directory that holds these files and no others, as the build
// has it.
func copyContext(t *testing.T, files []string) string {
	t.Helper()
	directory := t.TempDir()
	for _, name := range files {
		target := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

// compiled is what Go reads of the module to build these packages, on whatever
// platform. Only what is in the directory can be read.
func compiled(t *testing.T, directory string, packages ...string) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", append([]string{
		"list", "-deps", "-json=Dir,Module,GoFiles,IgnoredGoFiles,EmbedFiles",
	}, packages...)...)
	list.Dir = directory
	list.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off", "PWD="+directory)
	problems := &strings.Builder{}
	list.Stderr = problems
	output, err := list.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, problems)
	}
	var found []string
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var read struct {
			Dir                                 string
			Module                              *struct{ Main bool }
			GoFiles, IgnoredGoFiles, EmbedFiles []string
		}
		if err := decoder.Decode(&read); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		if read.Module == nil || !read.Module.Main {
			continue
		}
		for _, name := range slices.Concat(read.GoFiles, read.IgnoredGoFiles, read.EmbedFiles) {
			relative, err := filepath.Rel(directory, filepath.Join(read.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, filepath.ToSlash(relative))
		}
	}
}
