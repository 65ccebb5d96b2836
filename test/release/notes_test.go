// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package release_test checks what a release is made with before there is one.
package release_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// root is the top of the repository.
const root = "../.."

const changelog = `# Changelog

## [Unreleased]

### Added

- What is new.

## [0.2.0] - 2026-12-01

### Changed

- What changed, at [0.1.0](https://example.io).

## [0.1.1]

- No date.

## [0.1.0] - 2026-11-01

## [0.0.1] - 2026-10-01

The first.

[0.2.0]: https://example.io/0.2.0
`

func TestReleaseNotesAreTheSectionOfTheChangelog(t *testing.T) {
	for name, test := range map[string]struct {
		version string
		want    string
		problem string
	}{
		"a version":                     {"v0.2.0", "### Changed\n\n- What changed, at [0.1.0](https://example.io).\n", ""},
		"without v":                     {"0.2.0", "### Changed\n\n- What changed, at [0.1.0](https://example.io).\n", ""},
		"the last":                      {"v0.0.1", "The first.\n", ""},
		"what is not released":          {"Unreleased", "### Added\n\n- What is new.\n", ""},
		"a candidate":                   {"v0.3.0-rc.1", "### Added\n\n- What is new.\n", ""},
		"a candidate with a section":    {"v0.2.0-rc.1", "### Changed\n\n- What changed, at [0.1.0](https://example.io).\n", ""},
		"no section":                    {"v0.3.0", "", `no section "## [0.3.0] - YYYY-MM-DD"`},
		"a part of another's":           {"v0.2", "", "no section"},
		"no date":                       {"v0.1.1", "", "has no date"},
		"nothing in it":                 {"v0.1.0", "", "nothing is in the section of 0.1.0"},
		"a version that matches others": {"v0.2.", "", "no section"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "CHANGELOG.md")
			if err := os.WriteFile(file, []byte(changelog), 0o600); err != nil {
				t.Fatal(err)
			}
			got, problem := releaseNotes(t, test.version, file)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if !strings.Contains(problem, test.problem) || (test.problem == "") != (problem == "") {
				t.Errorf("says %q", problem)
			}
		})
	}
}

func TestTheChangelogSaysWhatIsNotReleased(t *testing.T) {
	notes, problem := releaseNotes(t, "Unreleased", filepath.Join(root, "CHANGELOG.md"))
	if problem != "" || !strings.Contains(notes, "\n- ") {
		t.Errorf("got %q, %s", notes, problem)
	}
}

// releaseNotes are what the script prints, and what it says of a problem.
func releaseNotes(t *testing.T, version, changelog string) (notes, problem string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", filepath.Join(root, "hack", "release-notes.sh"), version, changelog)
	said := &strings.Builder{}
	command.Stderr = said
	output, err := command.Output()
	if (err != nil) != (said.Len() > 0) {
		t.Errorf("ended with %v and said %q", err, said)
	}
	return string(output), said.String()
}
