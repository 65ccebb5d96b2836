// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// onlyKustomize is what the chart leaves out, and why.
var onlyKustomize = map[string]string{
	"Namespace /" + system: "Helm makes the namespace, with --create-namespace",
}

// Beyond that, the labels of the tools themselves may differ (withoutTooling), and
// the image, which make deploy and a release put in.
var _ = Describe("The chart and config", func() {
	image := []string{"--set", "image.repository=controller,image.tag=latest"}
	DescribeTable("install the same",
		func(ctx SpecContext, kustomization func() string, values []string) {
			kustomized := byName(kustomize(ctx, kustomization()))
			maps.DeleteFunc(kustomized, func(name string, _ any) bool { return onlyKustomize[name] != "" })
			Expect(kustomized).NotTo(BeEmpty())
			if difference := cmp.Diff(kustomized, byName(rendered(ctx, append(values, image...)...))); difference != "" {
				Fail("- config, + chart:\n" + difference)
			}
		},
		Entry("as config/default", in("config/default"), nil),
		Entry("as config/unwatched-secrets", in("config/unwatched-secrets"), []string{"--values", set("unwatched-secrets")}),
		Entry("as config/namespaced", in("config/namespaced"), []string{"--values", set("namespaced")}),
		Entry("as config/default with the components aggregate-to-edit and aggregate-to-view",
			combined("config/default", "config/components/aggregate-to-edit", "config/components/aggregate-to-view"), []string{"--values", set("aggregated")}),
		Entry("as config/policy", in("config/policy"),
			[]string{"--values", set("policies"), "--show-only", "templates/admission-policies.yaml"}),
		Entry("as config/prometheus", prefixed("config/prometheus"),
			[]string{"--values", set("prometheus"), "--show-only", "templates/servicemonitor.yaml", "--show-only", "templates/prometheusrule.yaml"}),
	)
})

func in(directory string) func() string { return func() string { return directory } }

// prefixed is a directory of config with the namespace and the names of
// config/default.
func prefixed(directory string) func() string {
	return made(fmt.Sprintf("namespace: %s\nnamePrefix: %s-\nresources: [%%s]\n", system, release), directory)
}

// combined is a directory of config with components.
func combined(directory string, components ...string) func() string {
	return made("resources: [%s]\ncomponents: ["+strings.Repeat("%s, ", len(components))+"]\n", append([]string{directory}, components...)...)
}

// made is a kustomization of directories of config.
func made(format string, directories ...string) func() string {
	return func() string {
		GinkgoHelper()
		root, err := filepath.Abs(repository)
		Expect(err).NotTo(HaveOccurred())
		made, err := filepath.EvalSymlinks(GinkgoT().TempDir())
		Expect(err).NotTo(HaveOccurred())
		var relatives []any
		for _, directory := range directories {
			relative, err := filepath.Rel(made, filepath.Join(root, directory))
			Expect(err).NotTo(HaveOccurred())
			relatives = append(relatives, relative)
		}
		writeFile(filepath.Join(made, "kustomization.yaml"), fmt.Sprintf(format, relatives...))
		return made
	}
}

// kustomize is what kustomize makes of a directory.
func kustomize(ctx SpecContext, directory string) []*unstructured.Unstructured {
	GinkgoHelper()
	build := exec.CommandContext(ctx, "go", "tool", "-modfile=hack/tools/go.mod", "kustomize", "build", directory)
	build.Dir, build.Stderr = repository, GinkgoWriter
	manifests, err := build.Output()
	Expect(err).NotTo(HaveOccurred())
	return decode(manifests)
}

// byName is objects by their kind and name, without what the tools add.
func byName(objects []*unstructured.Unstructured) map[string]any {
	GinkgoHelper()
	found := map[string]any{}
	for _, object := range objects {
		name := fmt.Sprintf("%s %s/%s", object.GetKind(), object.GetNamespace(), object.GetName())
		Expect(found).NotTo(HaveKey(name))
		withoutTooling(object)
		if rules, ok := object.Object["rules"]; ok {
			object.Object["rules"] = rights(rules)
		}
		found[name] = object.Object
	}
	return found
}

// withoutTooling removes labels that say which tool installs an object, by which
// selectors tell one release from another, and the annotation by which Helm keeps it.
func withoutTooling(object *unstructured.Unstructured) {
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	maps.DeleteFunc(labels, func(name, _ string) bool {
		return name == "control-plane" || strings.HasPrefix(name, "helm.sh/") || strings.HasPrefix(name, "app.kubernetes.io/")
	})
	delete(annotations, "helm.sh/resource-policy")
	object.SetLabels(labels)
	object.SetAnnotations(annotations)
	if len(labels) == 0 {
		unstructured.RemoveNestedField(object.Object, "metadata", "labels")
	}
	for _, fields := range [][]string{
		{"spec", "selector"}, {"spec", "selector", "matchLabels"}, {"spec", "template", "metadata", "labels"},
	} {
		unstructured.RemoveNestedField(object.Object, append(fields, "app.kubernetes.io/instance")...)
	}
}

// rights are rules taken apart: in which order and in which groups they are written
// does not matter.
func rights(rules any) []string {
	GinkgoHelper()
	var role rbacv1.ClusterRole
	Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(map[string]any{"rules": rules}, &role)).To(Succeed())
	var taken []string
	for _, rule := range role.Rules {
		for _, verb := range rule.Verbs {
			for _, url := range rule.NonResourceURLs {
				taken = append(taken, verb+" "+url)
			}
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					taken = append(taken, fmt.Sprintf("%s %s/%s %s", verb, group, resource, strings.Join(rule.ResourceNames, ",")))
				}
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(taken)))
}
