// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image_test compares the Dockerfile and .dockerignore with what Go needs.
// It builds no image: docs/releasing.md says how that is checked.
package image_test

import (
	"go/version"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// root is the top of the repository.
const root = "../.."

func TestTheImageIsBuiltWithTheModulesGo(t *testing.T) {
	base := called(t, stages(t), "source").Base
	name, tag, _ := strings.Cut(base, ":")
	if name != "docker.io/library/golang" {
		t.Errorf("built in %q", name)
	}
	module, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var declared string
	for line := range strings.Lines(string(module)) {
		if rest, isGo := strings.CutPrefix(line, "go "); isGo {
			declared = strings.TrimSpace(rest)
		}
	}
	// The image knows no newer Go than its own, and the module wants no older one.
	if version.Lang("go"+tag) != version.Lang("go"+declared) {
		t.Errorf("go.mod says go %s, the Dockerfile golang:%s", declared, tag)
	}
}

func TestTheBuildGetsWhatGoCompilesAndNothingElse(t *testing.T) {
	files := admitted(t)
	directory := copyContext(t, files)
	want := append(compiled(t, directory, ".", "./cmd/ordercloud-sandbox"), "go.mod", "go.sum")
	slices.Sort(want)
	slices.Sort(files)
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("correct .dockerignore (-compiled +admitted by it)\n%s", diff)
	}
}

func TestWhatIsCopiedIsThere(t *testing.T) {
	files := admitted(t)
	found := stages(t)
	for index, each := range found {
		for _, copied := range each.Instructions {
			if copied.Name != "COPY" {
				continue
			}
			sources := copied.Arguments[:len(copied.Arguments)-1]
			from, isStage := copied.Flags["from"]
			if !isStage {
				for _, source := range sources {
					if source != "." && !slices.Contains(files, source) {
						t.Errorf("stage %s copies %s, which .dockerignore keeps out", each.Name, source)
					}
				}
				continue
			}
			commands := strings.Join(called(t, found[:index], from).arguments("RUN"), "\n")
			for _, source := range sources {
				if !strings.Contains(commands, "-o "+source+" ") {
					t.Errorf("stage %s copies %s, which stage %s does not make", each.Name, source, from)
				}
			}
		}
	}
}

func TestTheImagesRunAsNobodyAndHaveNoShell(t *testing.T) {
	found := stages(t)
	if last := found[len(found)-1]; last.Name != "operator" {
		t.Errorf("without a target, %s is built", last.Name)
	}
	for _, name := range []string{"operator", "sandbox"} {
		final := called(t, found, name)
		runtime := called(t, found, final.Base)
		if !strings.HasPrefix(runtime.Base, "gcr.io/distroless/static-") || !strings.HasSuffix(runtime.Base, ":nonroot") {
			t.Errorf("%s is based on %s", name, runtime.Base)
		}
		if diff := cmp.Diff([]string{"65532:65532"}, append(runtime.arguments("USER"), final.arguments("USER")...)); diff != "" {
			t.Errorf("%s: user (-want +got)\n%s", name, diff)
		}
		if diff := cmp.Diff([]string{`["/ordercloud-` + name + `"]`}, final.arguments("ENTRYPOINT")); diff != "" {
			t.Errorf("%s: entrypoint (-want +got)\n%s", name, diff)
		}
	}
}

func TestTheImagesSayWhatTheyAre(t *testing.T) {
	found := stages(t)
	for _, name := range []string{"operator", "sandbox"} {
		final := called(t, found, name)
		runtime := called(t, found, final.Base)
		labels := strings.Join(append(runtime.arguments("LABEL"), final.arguments("LABEL")...), " ")
		for label, value := range map[string]string{
			"title": `"ordercloud-` + name + `"`, "description": `"`, "licenses": `"Apache-2.0"`,
			"source":  `"https://github.com/ordercloud-operator/ordercloud-operator"`,
			"version": `"$VERSION"`, "revision": `"$REVISION"`, "created": `"$CREATED"`,
			"base.name": `"` + runtime.Base + `"`,
		} {
			if !strings.Contains(labels, "org.opencontainers.image."+label+"="+value) {
				t.Errorf("%s: the label %s is not %s", name, label, value)
			}
		}
	}
}
