// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// kubernetes is the version that charts are rendered for: a Helm that is not built
// by its release takes a very old one.
const kubernetes = "1.36.0"

// helm is one version of Helm, with a home of its own.
type helm struct {
	binary      string
	environment []string
}

// newHelm builds the Helm of a directory of hack/tools; go keeps what it has built.
func newHelm(ctx context.Context, tool string) *helm {
	GinkgoHelper()
	build := exec.CommandContext(ctx, "go", "tool", "-n", "-modfile=hack/tools/"+tool+"/go.mod", "helm")
	build.Dir, build.Stderr = repository, GinkgoWriter
	path, err := build.Output()
	Expect(err).NotTo(HaveOccurred())
	home := filepath.Join(suite.directory, tool)
	made := &helm{binary: strings.TrimSpace(string(path)), environment: os.Environ()}
	for _, name := range []string{"CACHE", "CONFIG", "DATA"} {
		made.environment = append(made.environment, "HELM_"+name+"_HOME="+filepath.Join(home, name))
	}
	return made
}

// against is this Helm, talking to the cluster of a kubeconfig.
func (h *helm) against(kubeconfig []byte) *helm {
	GinkgoHelper()
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	writeFile(path, string(kubeconfig))
	return &helm{binary: h.binary, environment: append(slices.Clone(h.environment), "KUBECONFIG="+path)}
}

// run is what Helm prints; the error has what it complains about.
func (h *helm) run(ctx context.Context, arguments ...string) (string, error) {
	var output, complaints bytes.Buffer
	command := exec.CommandContext(ctx, h.binary, arguments...)
	command.Dir, command.Env = repository, h.environment
	command.Stdout, command.Stderr = &output, &complaints
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("running helm %s: %w\n%s", strings.Join(arguments, " "), err, complaints.String())
	}
	return output.String(), nil
}

// must is what Helm prints when it succeeds.
func (h *helm) must(ctx context.Context, arguments ...string) string {
	GinkgoHelper()
	output, err := h.run(ctx, arguments...)
	Expect(err).NotTo(HaveOccurred())
	return output
}

// template renders the chart without a cluster.
func (h *helm) template(ctx context.Context, name, namespace string, arguments ...string) (string, error) {
	return h.run(ctx, append([]string{"template", name, chart, "--namespace", namespace, "--kube-version", kubernetes}, arguments...)...)
}

// render is what the chart makes of values.
func (h *helm) render(ctx context.Context, name, namespace string, arguments ...string) []*unstructured.Unstructured {
	GinkgoHelper()
	output, err := h.template(ctx, name, namespace, arguments...)
	Expect(err).NotTo(HaveOccurred())
	return decode([]byte(output))
}

// rendered is what the chart makes of values, by the same Helm in every spec, and once
// for all of them.
func rendered(ctx context.Context, arguments ...string) []*unstructured.Unstructured {
	GinkgoHelper()
	values := strings.Join(arguments, " ")
	if suite.rendered[values] == nil {
		suite.rendered[values] = suite.helms["Helm 4"].render(ctx, release, system, arguments...)
	}
	var objects []*unstructured.Unstructured
	for _, object := range suite.rendered[values] {
		objects = append(objects, object.DeepCopy())
	}
	return objects
}

// decode reads a stream of YAML documents.
func decode(manifests []byte) []*unstructured.Unstructured {
	GinkgoHelper()
	var objects []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		Expect(err).NotTo(HaveOccurred())
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// ofKind are the objects of a kind.
func ofKind(objects []*unstructured.Unstructured, kind string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == kind {
			found = append(found, object)
		}
	}
	return found
}

// one is the only object of its kind, as its type.
func one[T any](objects []*unstructured.Unstructured) *T {
	GinkgoHelper()
	typed := new(T)
	kind := fmt.Sprintf("%T", *typed)
	found := ofKind(objects, kind[strings.LastIndex(kind, ".")+1:])
	Expect(found).To(HaveLen(1), kind)
	Expect(runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(found[0].Object, typed, true)).To(Succeed())
	return typed
}

// valueSets are the files with values of the chart's directory ci, by name, and the
// defaults.
func valueSets() map[string][]string {
	sets := map[string][]string{"default": nil}
	paths, err := filepath.Glob(filepath.Join(repository, chart, "ci", "*-values.yaml"))
	if err != nil {
		panic(err) // the pattern
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), "-values.yaml")
		sets[name] = []string{"--values", set(name)}
	}
	return sets
}

// set is the path of a file with values, from the top of the repository.
func set(name string) string { return chart + "/ci/" + name + "-values.yaml" }
