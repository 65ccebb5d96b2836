// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// repository is the root of the checkout, seen from here.
const repository = "../.."

// build is what kustomize makes of a directory, without what the scheme does not
// know: the CustomResourceDefinitions are there already.
func build(ctx context.Context, directory string) []client.Object {
	GinkgoHelper()
	command := exec.CommandContext(ctx, "go", "tool", "-modfile=hack/tools/go.mod", "kustomize", "build", directory)
	command.Dir, command.Stderr = repository, GinkgoWriter
	built, err := command.Output()
	Expect(err).NotTo(HaveOccurred())
	decoder := serializer.NewCodecFactory(suite.admin.Scheme()).UniversalDeserializer()
	documents := utilyaml.NewYAMLReader(bufferedReader(built))
	var objects []client.Object
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		Expect(err).NotTo(HaveOccurred())
		decoded, _, err := decoder.Decode(document, nil, nil)
		if runtime.IsNotRegisteredError(err) {
			continue
		}
		Expect(err).NotTo(HaveOccurred())
		object, ok := decoded.(client.Object)
		Expect(ok).To(BeTrue())
		objects = append(objects, object)
	}
}

// combine writes a kustomization of a directory of config with a component, and
// returns where.
func combine(directory, component string) string {
	GinkgoHelper()
	root, err := filepath.Abs(repository)
	Expect(err).NotTo(HaveOccurred())
	made, err := filepath.EvalSymlinks(GinkgoT().TempDir())
	Expect(err).NotTo(HaveOccurred())
	relative, err := filepath.Rel(made, root)
	Expect(err).NotTo(HaveOccurred())
	content := "resources: [" + filepath.Join(relative, directory) + "]\ncomponents: [" + filepath.Join(relative, component) + "]\n"
	Expect(os.WriteFile(filepath.Join(made, "kustomization.yaml"), []byte(content), 0o600)).To(Succeed())
	return made
}

// tenancyFlagsOf are the flags of the Deployment that are about tenancy.
func tenancyFlagsOf(objects []client.Object) []string {
	GinkgoHelper()
	return slices.DeleteFunc(argumentsOf(objects), func(flag string) bool {
		return strings.HasPrefix(flag, "--metrics") || strings.HasPrefix(flag, "--health") || strings.HasPrefix(flag, "--leader")
	})
}

// argumentsOf are the arguments of the Deployment.
func argumentsOf(objects []client.Object) []string {
	GinkgoHelper()
	var flags []string
	for _, object := range objects {
		if deployment, ok := object.(*appsv1.Deployment); ok {
			flags = append(flags, deployment.Spec.Template.Spec.Containers[0].Args...)
		}
	}
	Expect(flags).NotTo(BeEmpty())
	return flags
}

// rulesOf are the rules of every role of the operator, by namespace; those of a
// ClusterRole by "".
func rulesOf(objects []client.Object) map[string][]rbacv1.PolicyRule {
	rules := map[string][]rbacv1.PolicyRule{}
	for _, object := range objects {
		if object.GetName() != "ordercloud-manager-role" {
			continue
		}
		switch role := object.(type) {
		case *rbacv1.Role:
			rules[role.Namespace] = role.Rules
		case *rbacv1.ClusterRole:
			rules[""] = role.Rules
		}
	}
	return rules
}

// verbsOn are the verbs that rules allow on a resource.
func verbsOn(rules []rbacv1.PolicyRule, resource string) []string {
	var verbs []string
	for _, rule := range rules {
		if slices.Contains(rule.Resources, resource) {
			verbs = append(verbs, rule.Verbs...)
		}
	}
	return verbs
}

func bufferedReader(content []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(content)) }

var _ = Describe("The manifests", func() {
	It("of config/namespaced grant nothing outside the listed namespaces", func(ctx SpecContext) {
		objects := build(ctx, "config/namespaced")
		for _, object := range objects {
			Expect(object.GetNamespace()).To(BeElementOf("shop", "support", "ordercloud-system"), "%T %s", object, object.GetName())
		}
		rules, whole := rulesOf(objects), rulesOf(build(ctx, "config/default"))[""]
		Expect(rules).To(And(HaveLen(2), HaveKey("shop"), HaveKey("support")))
		for _, namespaced := range rules {
			Expect(verbsOn(namespaced, "namespaces")).To(ConsistOf("get"))
			for _, resource := range []string{"secrets", "events", "buyerusers", "impersonationconfigs", "marketplaces", "buyerusers/status"} {
				Expect(verbsOn(namespaced, resource)).To(ConsistOf(verbsOn(whole, resource)), resource)
			}
		}
		Expect(tenancyFlagsOf(objects)).To(ConsistOf("--watch-namespaces=shop,support"))
	})

	DescribeTable("without watches of Secrets grant get only, and say so to the operator",
		func(ctx SpecContext, directory func() string, roles int) {
			objects := build(ctx, directory())
			rules := rulesOf(objects)
			Expect(rules).To(HaveLen(roles))
			for _, role := range rules {
				Expect(verbsOn(role, "secrets")).To(ConsistOf("get"))
			}
			Expect(tenancyFlagsOf(objects)).To(ContainElement("--watch-secrets=false"))
		},
		Entry("in the whole cluster", func() string { return "config/unwatched-secrets" }, 1),
		Entry("in namespaces", func() string { return combine("config/namespaced", "config/components/unwatched-secrets") }, 2),
	)
})
