// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// manifest is a YAML document of a page.
type manifest struct {
	span
	mark string
	// namespace is what the command says that applies it.
	namespace string
}

// tally counts what was done with the manifests.
type tally struct {
	blocks, applied int
	excerpts        []string
	foreign         map[string]int
}

// TestEveryManifestIsAccepted has a real API server apply the YAML of the pages, as
// a dry run that refuses fields which it does not know.
func TestEveryManifestIsAccepted(t *testing.T) {
	cluster := newCluster(t)
	counted := tally{foreign: map[string]int{}}
	for _, page := range documentation(t) {
		for _, manifest := range page.manifests(&counted) {
			if err := manifest.check(t.Context(), cluster, &counted); err != nil {
				t.Errorf("%s: %v", manifest.at(), err)
			}
		}
	}
	t.Logf("%d YAML blocks: %d objects applied, %d excerpts, foreign objects: %v",
		counted.blocks, counted.applied, len(counted.excerpts), counted.foreign)
	for _, excerpt := range counted.excerpts {
		t.Log("excerpt: ", excerpt)
	}
	for _, page := range documentation(t) {
		for _, block := range page.blocks {
			if name, isFile := strings.CutPrefix(block.mark, fileMark); isFile {
				checkFile(t, name, block)
			}
		}
	}
	if counted.applied < 20 {
		t.Error("hardly any object was applied: does this test still read the pages?")
	}
}

// TestEveryPatchIsAccepted does the same with what kubectl patch is given: a part of
// an object, which has to be one of the kind that is patched.
func TestEveryPatchIsAccepted(t *testing.T) {
	cluster, patches := newCluster(t), 0
	for _, page := range documentation(t) {
		for _, command := range page.commands() {
			found := patchCommand.FindStringSubmatch(command.text)
			if found == nil {
				continue
			}
			patches++
			kinds, known := map[string][]string{ // xargs names kind and object itself
				"marketplace": {"Marketplace"}, "buyeruser": {"BuyerUser"}, "impersonationconfig": {"ImpersonationConfig"},
				"impersonationtoken": {"ImpersonationToken"}, "": {"BuyerUser", "ImpersonationConfig"},
			}[strings.TrimSuffix(found[1], "s")]
			if !known {
				t.Errorf("%s: kubectl patch %s: this test does not know that kind", command.at(), found[1])
			}
			for _, kind := range kinds {
				patch := manifest{span: span{command.page, command.line, found[2]}, mark: excerptOf + kind}
				if err := patch.check(t.Context(), cluster, &tally{}); err != nil {
					t.Errorf("%s: %s: %v", command.at(), kind, err)
				}
			}
		}
	}
	if patches == 0 {
		t.Error("no kubectl patch was found")
	}
}

// patchCommand is one that names a kind, unless xargs does, and a merge patch.
var patchCommand = regexp.MustCompile(`kubectl patch (?:-n \S+ |--namespace[ =]\S+ )?([a-z]*)[^']*?--type[ =]merge -p '([^']*)'`)

// manifests are the documents of YAML blocks, and those that a shell is given
// between <<'YAML' and YAML.
func (p page) manifests(counted *tally) []manifest {
	var found []manifest
	for _, block := range p.blocks {
		switch {
		case block.language == "yaml" || block.language == "yml":
			counted.blocks++
			found = append(found, documents(manifest{span: block.span, mark: block.mark})...)
		case isShell(block.language):
			for _, inline := range heredocs(block) {
				counted.blocks++
				found = append(found, documents(inline)...)
			}
		}
	}
	return found
}

var comment = regexp.MustCompile(`(?m)^ *#.*\n`)

// checkFile compares a block with the file that it shows.
func checkFile(t *testing.T, name string, block block) {
	t.Helper()
	without := func(content string) string { return comment.ReplaceAllString(content, "") }
	if difference := cmp.Diff(without(read(t, name)), without(block.text)); difference != "" {
		t.Errorf("%s: %s has (-), the page shows (+):\n%s", block.at(), name, difference)
	}
}

// documents are the parts between lines of ---.
func documents(whole manifest) []manifest {
	var found []manifest
	line := whole.line
	for content := range strings.SplitSeq("\n"+whole.text, "\n---\n") {
		if strings.TrimSpace(content) != "" {
			found = append(found, manifest{span{whole.page, line, content}, whole.mark, whole.namespace})
		}
		line += strings.Count(content, "\n") + 2
	}
	return found
}

var (
	heredoc   = regexp.MustCompile(`(?ms)^([^\n]*)<<'?(YAML|EOF)'?[^\n]*\n(.*?)\n(?:YAML|EOF)$`)
	namespace = regexp.MustCompile(`(?:-n|--namespace)[ =](\S+)`)
)

func heredocs(block block) []manifest {
	var found []manifest
	for _, at := range heredoc.FindAllStringSubmatchIndex(block.text, -1) {
		written := manifest{
			span: span{block.page, block.line + strings.Count(block.text[:at[6]], "\n"), block.text[at[6]:at[7]]},
			mark: block.mark,
		}
		if named := namespace.FindStringSubmatch(block.text[at[2]:at[3]]); named != nil {
			written.namespace = named[1]
		}
		found = append(found, written)
	}
	return found
}

const (
	// excerpt marks what is no object, and not a part of one: it only has to be YAML.
	excerpt = "excerpt"
	// excerptOf marks a part of an object of the kind that follows.
	excerptOf = "excerpt of "
	// seed marks what --seed of the sandbox takes.
	seed = "seed of the sandbox"
	// fileMark marks what is a file of the repository, comments aside.
	fileMark = "file: "
)

func (m manifest) check(ctx context.Context, cluster *cluster, counted *tally) error {
	// Strictly: a key that stands there twice is an error.
	content, err := yaml.YAMLToJSONStrict([]byte(m.text))
	if err != nil {
		return err
	}
	if m.mark == excerpt || m.mark == seed || strings.HasPrefix(m.mark, excerptOf) {
		counted.excerpts = append(counted.excerpts, m.at()+" "+m.mark)
	}
	if path.Base(m.mark) == "kustomization.yaml" {
		m.mark = excerptOf + "Kustomization" // which does without apiVersion and kind
	}
	switch kind, isPart := strings.CutPrefix(m.mark, excerptOf); {
	case m.mark == excerpt:
		return nil
	case m.mark == seed:
		return checkSeed(m.text)
	case isPart:
		if content, err = complete(kind, content); err != nil {
			return err
		}
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(content); err != nil {
		return fmt.Errorf("this is no Kubernetes object; a part of one is marked with <!-- %sKIND --> in the line before: %w", excerptOf, err)
	}
	if check, known := foreignKinds[object.GroupVersionKind().GroupKind()]; known {
		if strings.HasPrefix(m.mark, excerptOf) {
			return check.decode(content)
		}
		counted.foreign[object.GroupVersionKind().GroupKind().String()]++
		return check.decode(content)
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(m.namespace)
	}
	if err := cluster.dryRun(ctx, object); err != nil {
		return err
	}
	counted.applied++
	return nil
}

// complete makes an object of a part of one: what every object of the kind needs is
// added where it is missing.
func complete(kind string, part []byte) ([]byte, error) {
	needed, known := needs[kind]
	if !known {
		return nil, fmt.Errorf("this test does not know what a %s needs: choose one of %v", kind, slices.Sorted(maps.Keys(needs)))
	}
	base, err := yaml.YAMLToJSON([]byte(needed))
	if err != nil {
		return nil, err
	}
	return jsonpatch.MergePatch(base, part)
}

// needs is the least that the API server accepts of each kind.
var needs = map[string]string{
	"Marketplace": `{apiVersion: ordercloud.io/v1alpha1, kind: Marketplace, metadata: {name: default},
		spec: {environment: Sandbox, credentialsSecretRef: {name: ordercloud}}}`,
	"BuyerUser": `{apiVersion: ordercloud.io/v1alpha1, kind: BuyerUser, metadata: {name: jdoe},
		spec: {buyerID: acme, username: jdoe@acme.example, firstName: Joan, lastName: Doe, email: jdoe@acme.example}}`,
	"ImpersonationConfig": `{apiVersion: ordercloud.io/v1alpha1, kind: ImpersonationConfig, metadata: {name: cs-desk},
		spec: {securityProfileID: cs-rep, clientName: Storefront}}`,
	"ImpersonationToken": `{apiVersion: ordercloud.io/v1alpha1, kind: ImpersonationToken, metadata: {name: jdoe},
		spec: {userRef: {name: jdoe}, clientName: Storefront, roles: [Shopper]}}`,
	"Kustomization": `{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization}`,
}

// cluster is a real API server with the kinds of the project.
type cluster struct {
	client.Client
	namespaces map[string]bool
}

// dryRun applies the object as "kubectl apply --server-side --dry-run=server" does.
func (c *cluster) dryRun(ctx context.Context, object *unstructured.Unstructured) error {
	gvk := object.GroupVersionKind()
	mapping, err := c.RESTMapper().RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("the API server does not know %v, and this test has no reason to let it through: see foreignKinds", gvk)
	}
	if err != nil {
		return err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		if object.GetNamespace() == "" {
			object.SetNamespace(metav1.NamespaceDefault)
		}
		if err := c.createNamespace(ctx, object.GetNamespace()); err != nil {
			return err
		}
	} else if object.GetNamespace() != "" {
		return fmt.Errorf("a %s is in no namespace", object.GetKind())
	}
	if object.GetName() == "" {
		return errors.New("metadata.name is missing")
	}
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("docs-test"), client.ForceOwnership, client.DryRunAll)
}

func (c *cluster) createNamespace(ctx context.Context, name string) error {
	if c.namespaces[name] {
		return nil
	}
	c.namespaces[name] = true
	err := c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
