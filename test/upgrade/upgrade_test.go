// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package upgrade_test stores objects under the CRDs of an earlier release in a real
// API server, upgrades the CRDs, and looks whether the objects are still all right.
package upgrade_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

const namespace = "shop"

// cluster is an API server with objects under the old CRDs.
type cluster struct {
	config *rest.Config
	admin  client.Client
	// manifests are the objects as in Git, stored is what the API server has of them.
	manifests, stored []*unstructured.Unstructured
}

func TestStoredObjectsSurviveAnUpgradeOfTheCRDs(t *testing.T) {
	from := base(t)
	c := start(t, checkOut(t, from, crds), checkOut(t, from, samples))
	c.upgrade(t, filepath.Join(root, filepath.FromSlash(crds)))
	for index, stored := range c.stored {
		manifest := c.manifests[index]
		t.Run(stored.GetKind()+" "+stored.GetName(), func(t *testing.T) {
			c.expectKept(t, stored)
			c.expectUnderstood(t, stored)
			c.expectChangeable(t, stored)
			c.expectDeclarable(t, manifest)
		})
	}
}

// start stores the samples, with a status, under these CRDs.
func start(t *testing.T, crds, samples string) *cluster {
	t.Helper()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDDirectories: []string{crds}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plane.Stop() })
	scheme, err := controlplane.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	admin, err := client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{config: plane.AdminConfig, admin: admin}
	if err := admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		t.Fatal(err)
	}
	for _, object := range objects(t, samples) {
		if object.GroupVersionKind().Group != v1alpha1.GroupVersion.Group {
			continue
		}
		object.SetNamespace(namespace)
		c.manifests = append(c.manifests, object.DeepCopy())
		if err := admin.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		object.Object["status"] = status(object)
		if err := admin.Status().Update(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		c.stored = append(c.stored, object)
	}
	return c
}

// status is what every kind has in it.
func status(object client.Object) map[string]any {
	return map[string]any{
		"observedGeneration": object.GetGeneration(),
		"conditions": []any{map[string]any{
			"type": v1alpha1.ReadyCondition, "status": "True", "reason": v1alpha1.ReasonCreated, "message": "OrderCloud holds what is declared.",
			"observedGeneration": object.GetGeneration(), "lastTransitionTime": "2026-11-01T00:00:00Z",
		}},
	}
}

// upgradedColumn is added to the new CRDs: when the API server prints it, it serves
// and validates by them.
const upgradedColumn = "Upgraded"

// upgrade applies the CRDs of a directory, as make install does, and waits until they
// are in force.
func (c *cluster) upgrade(t *testing.T, directory string) {
	t.Helper()
	for _, definition := range objects(t, directory) {
		versions, _, err := unstructured.NestedSlice(definition.Object, "spec", "versions")
		if err != nil {
			t.Fatal(err)
		}
		for _, each := range versions {
			version := each.(map[string]any)
			columns, _ := version["additionalPrinterColumns"].([]any)
			version["additionalPrinterColumns"] = append(columns, map[string]any{
				"name": upgradedColumn, "type": "string", "jsonPath": ".metadata.name",
			})
		}
		if err := unstructured.SetNestedSlice(definition.Object, versions, "spec", "versions"); err != nil {
			t.Fatal(err)
		}
		apply := client.ApplyConfigurationFromUnstructured(definition)
		if err := c.admin.Apply(t.Context(), apply, client.FieldOwner("kubectl"), client.ForceOwnership); err != nil {
			t.Fatal(err)
		}
		plural, _, err := unstructured.NestedString(definition.Object, "spec", "names", "plural")
		if err != nil {
			t.Fatal(err)
		}
		c.waitUntilServed(t, plural)
	}
}

func (c *cluster) waitUntilServed(t *testing.T, plural string) {
	t.Helper()
	reach, err := rest.HTTPClientFor(c.config)
	if err != nil {
		t.Fatal(err)
	}
	url := fmt.Sprintf("%s/apis/%s/namespaces/%s/%s", strings.TrimSuffix(c.config.Host, "/"), v1alpha1.GroupVersion, namespace, plural)
	err = wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return false, err
		}
		request.Header.Set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
		response, err := reach.Do(request)
		if err != nil {
			return false, err
		}
		defer func() { _ = response.Body.Close() }()
		content, err := io.ReadAll(response.Body)
		if err != nil {
			return false, err
		}
		var table metav1.Table
		if response.StatusCode != http.StatusOK {
			return false, nil // a kind that is new
		}
		if err := json.Unmarshal(content, &table); err != nil {
			return false, err
		}
		for _, column := range table.ColumnDefinitions {
			if column.Name == upgradedColumn {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		t.Fatalf("the new CRD of %s is not served: %v", plural, err)
	}
}

// expectKept looks whether everything that was stored is there and means the same.
func (c *cluster) expectKept(t *testing.T, stored *unstructured.Unstructured) {
	t.Helper()
	got := &unstructured.Unstructured{}
	got.SetGroupVersionKind(stored.GroupVersionKind())
	if err := c.admin.Get(t.Context(), client.ObjectKeyFromObject(stored), got); err != nil {
		t.Fatalf("it cannot be read: %v", err)
	}
	for _, part := range []string{"spec", "status"} {
		if diff := cmp.Diff(stored.Object[part], restrictedTo(stored.Object[part], got.Object[part])); diff != "" {
			t.Errorf("%s (-stored +read after the upgrade)\n%s", part, diff)
		}
	}
}

// expectUnderstood looks whether the operator's own types have a place for all of it.
func (c *cluster) expectUnderstood(t *testing.T, stored *unstructured.Unstructured) {
	t.Helper()
	made, err := c.admin.Scheme().New(stored.GroupVersionKind())
	if err != nil {
		t.Fatal(err)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(stored.Object, made, true); err != nil {
		t.Errorf("the operator does not know all of it: %v", err)
	}
}

// expectChangeable looks whether it can be updated: by the operator, by a person, and
// its status.
func (c *cluster) expectChangeable(t *testing.T, stored *unstructured.Unstructured) {
	t.Helper()
	changed := &unstructured.Unstructured{}
	changed.SetGroupVersionKind(stored.GroupVersionKind())
	if err := c.admin.Get(t.Context(), client.ObjectKeyFromObject(stored), changed); err != nil {
		t.Fatal(err)
	}
	changed.SetLabels(map[string]string{"upgraded": "true"})
	if err := c.admin.Update(t.Context(), changed); err != nil {
		t.Errorf("it cannot be updated: %v", err)
	}
	if err := c.admin.Status().Update(t.Context(), changed); err != nil {
		t.Errorf("its status cannot be updated: %v", err)
	}
}

// expectDeclarable looks whether the manifest in Git can be applied as it is, to this
// cluster and to an empty one: what is created anew has no old value that the API
// server would let pass.
func (c *cluster) expectDeclarable(t *testing.T, manifest *unstructured.Unstructured) {
	t.Helper()
	apply := client.ApplyConfigurationFromUnstructured(manifest)
	if err := c.admin.Apply(t.Context(), apply, client.FieldOwner("git"), client.ForceOwnership, client.DryRunAll); err != nil {
		t.Errorf("its manifest cannot be applied: %v", err)
	}
	anew := manifest.DeepCopy()
	anew.SetName(manifest.GetName() + "-anew")
	if err := c.admin.Create(t.Context(), anew, client.DryRunAll); err != nil {
		t.Errorf("its manifest is not valid any more: %v", err)
	}
}

// restrictedTo is what of got is in wanted, too: fields may have been added.
func restrictedTo(wanted, got any) any {
	fields, isObject := wanted.(map[string]any)
	found, both := got.(map[string]any)
	if !isObject || !both {
		return got
	}
	restricted := map[string]any{}
	for name, value := range fields {
		if other, exists := found[name]; exists {
			restricted[name] = restrictedTo(value, other)
		}
	}
	return restricted
}
