// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var assetsScript = filepath.Join("..", "..", "hack", "envtest", "assets.sh")

// fakeGo builds an empty program in a second, writes down what, and cannot have
// setup-envtest. It fails on the package that BROKEN names.
const fakeGo = `case "$1 $2" in
"env GOHOSTOS") echo plan9 ;;
"env GOHOSTARCH") echo mips ;;
"build "*)
	while [ $# -gt 1 ]; do
		[ "$1" != -o ] || output=$2
		shift
	done
	echo "${1##*/}" >>"$BUILDS"
	case "$1" in
	*/setup-envtest) echo no network; exit 1 ;;
	*/"$BROKEN") echo no space left on device; exit 1 ;;
	esac
	sleep 1
	echo '#!/bin/sh' >"$output"
	chmod +x "$output" ;;
*) exit 1 ;;
esac
`

// TestAssetsScript covers the script with a compiler that only pretends: what is
// asked for is built once, however many ask, and nothing else is.
func TestAssetsScript(t *testing.T) {
	cache := t.TempDir()
	builds := prepareFakeGo(t, cache)

	directory := checkManyCalls(t, 3)
	checkBuilds(t, builds, "etcd", "kube-apiserver")

	if path := checkManyCalls(t, 3, "kube-controller-manager"); path != filepath.Join(directory, "kube-controller-manager") {
		t.Errorf("kube-controller-manager is at %s, not in %s", path, directory)
	}
	checkBuilds(t, builds, "etcd", "kube-apiserver", "kube-controller-manager")

	entries, err := os.ReadDir(cache)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != filepath.Base(directory) {
		t.Errorf("the cache holds %v, want no more than %s", entries, filepath.Base(directory))
	}
}

// TestAssetsScriptPrefersOwnAssets covers KUBEBUILDER_ASSETS: taken where it has
// what is asked for; without kube-controller-manager, which is usual, it is built.
func TestAssetsScriptPrefersOwnAssets(t *testing.T) {
	cache, own := t.TempDir(), t.TempDir()
	builds := prepareFakeGo(t, cache)
	t.Setenv("KUBEBUILDER_ASSETS", own)
	program := filepath.Join(own, "kube-controller-manager")

	built := checkManyCalls(t, 1, "kube-controller-manager")
	if !strings.HasPrefix(built, cache) {
		t.Errorf("kube-controller-manager is at %s, want it in the cache", built)
	}
	checkBuilds(t, builds, "kube-controller-manager")

	writeScript(t, program, "")
	if path := checkManyCalls(t, 1, "kube-controller-manager"); path != program {
		t.Errorf("kube-controller-manager is at %s, want %s", path, program)
	}
}

// TestAssetsScriptFails covers what the script says when it cannot help.
func TestAssetsScriptFails(t *testing.T) {
	prepareFakeGo(t, t.TempDir())
	t.Setenv("BROKEN", "kube-controller-manager")

	for argument, want := range map[string]string{
		"kube-controller-manager": "no space left on device",
		"kube-scheduler":          "usage: assets.sh [kube-controller-manager]",
	} {
		output, progress, err := callAssetsScript(t, argument)
		if err == nil || output != "" || !strings.Contains(progress, want) {
			t.Errorf("assets.sh %s: %v, printed %q and said %q, want it to fail with %q", argument, err, output, progress, want)
		}
	}
}

// prepareFakeGo puts it before the real one, with an empty cache. The result is
// the file with what was built.
func prepareFakeGo(t *testing.T, cache string) string {
	t.Helper()

	programs := t.TempDir()
	builds := filepath.Join(programs, "builds")
	writeScript(t, filepath.Join(programs, "go"), fakeGo)
	t.Setenv("PATH", programs+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("KUBEBUILDER_ASSETS", "")
	t.Setenv("ENVTEST_CACHE", cache)
	t.Setenv("BUILDS", builds)
	t.Setenv("BROKEN", "none")

	return builds
}

// checkManyCalls calls the script many times at once, and returns what all of
// them print.
func checkManyCalls(t *testing.T, count int, arguments ...string) string {
	t.Helper()

	outputs := make([]string, count)
	var callers sync.WaitGroup
	for i := range count {
		callers.Go(func() {
			output, progress, err := callAssetsScript(t, arguments...)
			if err != nil {
				t.Errorf("assets.sh %v: %v\n%s", arguments, err, progress)
			}
			outputs[i] = output
		})
	}
	callers.Wait()

	if different := slices.Compact(slices.Clone(outputs)); len(different) != 1 || different[0] == "" {
		t.Fatalf("assets.sh %v printed %q, want the same line each time", arguments, outputs)
	}

	return strings.TrimSuffix(outputs[0], "\n")
}

func callAssetsScript(t *testing.T, arguments ...string) (output, progress string, err error) {
	t.Helper()

	said := &strings.Builder{}
	command := exec.CommandContext(t.Context(), "sh", append([]string{assetsScript}, arguments...)...)
	command.Stderr = said
	printed, err := command.Output()

	return string(printed), said.String(), err
}

// checkBuilds fails when something else was built, or something twice. That
// setup-envtest was tried does not matter.
func checkBuilds(t *testing.T, builds string, want ...string) {
	t.Helper()

	content, err := os.ReadFile(builds)
	if err != nil {
		t.Fatal(err)
	}

	got := slices.DeleteFunc(strings.Fields(string(content)), func(name string) bool { return name == "setup-envtest" })
	// etcd's package is named after its version.
	if i := slices.Index(got, "v3"); i >= 0 {
		got[i] = "etcd"
	}
	if !slices.Equal(got, want) {
		t.Errorf("built were %q, want %q", got, want)
	}
}

func writeScript(t *testing.T, path, content string) {
	t.Helper()

	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+content), 0o700); err != nil {
		t.Fatal(err)
	}
}
