// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// surroundings are YAML laid over the sound spec where a field goes with others: the
// longest key that its path begins with counts.
var surroundings = map[string]map[string]string{
	marketplaceKind: {
		"url":                        `{environment: null}`,
		"allowedNamespaces.selector": `{allowedNamespaces: {from: Selector}}`,
		"allowedNamespaces.selector.matchExpressions":          `{allowedNamespaces: {from: Selector, selector: {matchExpressions: [{key: a, operator: Exists}]}}}`,
		"tenants.0.namespaces.matchExpressions":                `{tenants: [{namespaces: {matchExpressions: [{key: a, operator: Exists}]}}]}`,
		"tenants.0.namespaces.matchExpressions.0.values":       `{tenants: [{namespaces: {matchExpressions: [{key: a, operator: In, values: [a]}]}}]}`,
		"allowedNamespaces.selector.matchExpressions.0.values": `{allowedNamespaces: {from: Selector, selector: {matchExpressions: [{key: a, operator: In, values: [a]}]}}}`,
	},
	configKind: {
		"clientID": `{clientName: null}`,
		"groupID":  `{buyerID: acme}`,
		"userID":   `{buyerID: acme}`,
	},
	tokenKind: {
		"clientID": `{clientName: null}`,
		"userRef":  `{buyerID: null, userID: null}`,
	},
}

// decoding tries values on the API server, and whether Go decodes what that admits.
type decoding struct {
	context.Context

	kind, resource string
	api            rest.Interface
}

func newDecoding(ctx context.Context, kind, resource string) *decoding {
	GinkgoHelper()
	http, err := rest.HTTPClientFor(suite.plane.AdminConfig)
	Expect(err).NotTo(HaveOccurred())
	// As the cache of the operator makes its own.
	api, err := apiutil.RESTClientForGVK(v1alpha1.GroupVersion.WithKind(kind), false, false,
		suite.plane.AdminConfig, serializer.NewCodecFactory(suite.scheme), http)
	Expect(err).NotTo(HaveOccurred())
	return &decoding{Context: ctx, kind: kind, resource: resource, api: api}
}

// around is the spec that a field is tried in.
func (d *decoding) around(field schemaField) map[string]any {
	spec := parsed(soundSpecs[d.kind])
	overlay, matched := "", ""
	for path, candidate := range surroundings[d.kind] {
		if field.isWithin(path) && len(path) >= len(matched) {
			overlay, matched = candidate, path
		}
	}
	for key, value := range parsed(overlay) {
		if spec[key] = value; value == nil {
			delete(spec, key)
		}
	}
	return spec
}

// declares creates an object with a value in its spec, without keeping it.
func (d *decoding) declares(field schemaField, value raw) rest.Result {
	object := map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": d.kind, "metadata": map[string]any{"name": "decoded"},
		"spec": field.in(d.around(field), value),
	}
	return d.api.Post().Namespace(metav1.NamespaceDefault).Resource(d.resource).Param("dryRun", metav1.DryRunAll).Body(inRaw(object)).Do(d)
}

// reports gives an object a status with a value in it, without keeping that.
func (d *decoding) reports(field schemaField, value raw) rest.Result {
	patch := []any{map[string]any{"op": "add", "path": "/status", "value": field.in(map[string]any{}, value)}}
	return d.api.Patch(types.JSONPatchType).Namespace(metav1.NamespaceDefault).Resource(d.resource).Name("decoding").SubResource("status").
		Param("dryRun", metav1.DryRunAll).Body(inRaw(patch)).Do(d)
}

// undecodable tries all values of a field. It returns those that the API server admits
// and Go does not decode, and how many it admits.
func (d *decoding) undecodable(field schemaField, try func(schemaField, raw) rest.Result) (found []string, admitted int) {
	for _, value := range field.candidates(d.around(field)) {
		answer := try(field, value)
		if answer.Error() != nil {
			continue
		}
		admitted++
		object, err := suite.scheme.New(v1alpha1.GroupVersion.WithKind(d.kind))
		if err == nil {
			err = answer.Into(object)
		}
		if err != nil {
			found = append(found, fmt.Sprintf("%s %s = %.60s: %v", d.kind, field, value, err))
		}
	}
	return found, admitted
}

// undecodableOf tries all fields below a schema, several at the same time.
func (d *decoding) undecodableOf(schema map[string]any, root string, try func(schemaField, raw) rest.Result) []string {
	GinkgoHelper()
	var (
		found    []string
		total    int
		lock     sync.Mutex
		trying   sync.WaitGroup
		fields   = fieldsBelow(schema)
		atOnce   = make(chan struct{}, 8)
		untested []string
	)
	for _, field := range fields {
		trying.Go(func() {
			atOnce <- struct{}{}
			defer func() { <-atOnce }()
			bad, admitted := d.undecodable(field, try)
			lock.Lock()
			defer lock.Unlock()
			found, total = append(found, bad...), total+admitted
			if admitted == 0 {
				untested = append(untested, field.String())
			}
		})
	}
	trying.Wait()
	AddReportEntry(fmt.Sprintf("%s.%s: %d values of %d fields are admitted", d.kind, root, total, len(fields)))
	Expect(untested).To(BeEmpty(), "none of their values is admitted in %s.%s: say in surroundings what they go with", d.kind, root)
	slices.Sort(found)
	return found
}

var _ = Describe("Whatever the API server admits", func() {
	files, err := filepath.Glob(filepath.Join("..", "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) == 0 {
		panic("there are no CRDs")
	}
	for _, file := range files {
		It("can be decoded: "+filepath.Base(file), func(ctx SpecContext) {
			kind, resource, schema := readCRD(file)
			Expect(soundSpecs).To(HaveKey(kind))
			d := newDecoding(ctx, kind, resource)
			s := &story{Context: ctx, namespace: metav1.NamespaceDefault}
			kept := s.manifest(kind, "decoding", "")
			s.create(kept)
			DeferCleanup(func(ctx SpecContext) { Expect(client.IgnoreNotFound(suite.admin.Delete(ctx, kept))).To(Succeed()) })

			Expect(d.undecodableOf(propertyOf(schema, "spec"), "spec", d.declares)).To(BeEmpty())
			Expect(d.undecodableOf(propertyOf(schema, "status"), "status", d.reports)).To(BeEmpty())
		})
	}
})

var _ = Describe("A moment that the API server admits", func() {
	It("is sent as OrderCloud has it, or told on the object, which can be corrected and deleted", func(ctx SpecContext) {
		s := begin(ctx)
		lower := s.user("lower")
		lower.Spec.TermsAccepted = new(v1alpha1.DateTime("2026-03-01t10:00:00.5+01:00"))
		s.create(lower)
		none, list := s.user("none"), s.manifest(buyerUserKind, "list", `{termsAccepted: []}`)
		none.Spec.TermsAccepted = new(v1alpha1.DateTime("2026-03-01T09:00:00Ztomorrow"))
		s.create(none)
		s.create(list)
		s.eventuallyReady(lower, v1alpha1.ReasonCreated)
		sent, exists := s.sandbox.Object("buyers/acme/users/lower")
		Expect(exists).To(BeTrue())
		Expect(sent).To(HaveKeyWithValue("TermsAccepted", "2026-03-01T09:00:00.5+00:00"))

		for _, name := range []string{"none", "list"} {
			Expect(s.eventuallyFails(s.user(name), v1alpha1.ReasonRejected)).To(HavePrefix("spec.termsAccepted is not a date and time"))
		}
		change(s, none, func(none *v1alpha1.BuyerUser) { none.Spec.TermsAccepted = nil })
		s.eventuallyReady(none, v1alpha1.ReasonCreated)
		Expect(suite.admin.Delete(s, list)).To(Succeed())
		s.eventuallyGone(list)
	})
})

// readCRD returns the schema of the only version of a CRD.
func readCRD(file string) (kind, resource string, schema map[string]any) {
	GinkgoHelper()
	content, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	var crd struct {
		Spec struct {
			Names    struct{ Kind, Plural string }
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
				}
			}
		}
	}
	Expect(yaml.Unmarshal(content, &crd)).To(Succeed())
	Expect(crd.Spec.Versions).To(HaveLen(1))
	return crd.Spec.Names.Kind, crd.Spec.Names.Plural, crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

func parsed(text string) map[string]any {
	values := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		panic(err)
	}
	return values
}

func propertyOf(schema map[string]any, name string) map[string]any {
	properties, _ := schema["properties"].(map[string]any)
	property, _ := properties[name].(map[string]any)
	return property
}

func sortedNames(properties map[string]any) []string { return slices.Sorted(maps.Keys(properties)) }
