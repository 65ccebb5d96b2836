// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

const (
	// fieldManager owns what the demo applies.
	fieldManager = "ordercloud-demo"
)

// cluster is the API server, for an administrator.
type cluster struct {
	client.Client

	config *rest.Config
}

func newCluster(config *rest.Config) (*cluster, error) {
	config = rest.CopyConfig(config)
	config.WarningHandlerWithContext = rest.NoWarnings{}
	scheme, err := controlplane.Scheme()
	if err != nil {
		return nil, err
	}
	administrator, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("making a client of the API server: %w", err)
	}
	return &cluster{Client: administrator, config: config}, nil
}

// apply applies an object to the demo's namespace, server-side.
func (c *cluster) apply(ctx context.Context, object *unstructured.Unstructured) error {
	object = object.DeepCopy()
	object.SetNamespace(namespace)
	if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner(fieldManager)); err != nil {
		return fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

// read gets an object of the demo's namespace.
func (c *cluster) read(ctx context.Context, name string, into client.Object) error {
	if err := c.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, into); err != nil {
		return fmt.Errorf("getting %s: %w", name, err)
	}
	return nil
}

// mergePatch is kubectl patch --type=merge.
func (c *cluster) mergePatch(ctx context.Context, object client.Object, patch string) error {
	if err := c.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		return fmt.Errorf("patching %s: %w", object.GetName(), err)
	}
	return nil
}

// events lists what was said about an object, in the order in which it was said:
// an event's name is the object's and the time.
func (c *cluster) events(ctx context.Context, name string) ([]corev1.Event, error) {
	var list corev1.EventList
	err := c.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{"involvedObject.name": name})
	if err != nil {
		return nil, fmt.Errorf("listing the events of %s: %w", name, err)
	}
	return list.Items, nil
}

// state is the part of the status that all kinds of the project share.
type state struct {
	Status struct {
		ObservedGeneration int64              `json:"observedGeneration"`
		Conditions         []metav1.Condition `json:"conditions"`
	} `json:"status"`
}

// checkReady is an error that says what an applied object is missing.
func (c *cluster) checkReady(ctx context.Context, applied *unstructured.Unstructured) error {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(applied.GroupVersionKind())
	if err := c.read(ctx, applied.GetName(), object); err != nil {
		return err
	}
	var seen state
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &seen); err != nil {
		return fmt.Errorf("reading the status of %s: %w", object.GetName(), err)
	}
	ready := meta.FindStatusCondition(seen.Status.Conditions, v1alpha1.ReadyCondition)
	switch {
	case ready == nil || seen.Status.ObservedGeneration != object.GetGeneration():
		return fmt.Errorf("%s %s was not looked at yet", object.GetKind(), object.GetName())
	case ready.Status != metav1.ConditionTrue:
		return fmt.Errorf("%s %s is not Ready: %s: %s", object.GetKind(), object.GetName(), ready.Reason, ready.Message)
	}
	return nil
}
