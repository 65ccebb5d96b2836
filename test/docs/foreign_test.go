// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	fluxv1 "github.com/fluxcd/kustomize-controller/api/v1"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kustomize "sigs.k8s.io/kustomize/api/types"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// foreign is a kind of somebody else, which the API server of this test does not
// have.
type foreign struct {
	// decode says what is wrong with the JSON of an object, as far as is known here.
	decode func(content []byte) error
	// because says why it is not known better.
	because string
}

// foreignKinds are those that pages may show.
var foreignKinds = map[schema.GroupKind]foreign{
	{Group: "kustomize.config.k8s.io", Kind: "Kustomization"}: {checkKustomization, "read by kustomize, and never stored; its Go type says what it may hold"},
	{Group: "kustomize.config.k8s.io", Kind: "Component"}:     {checkKustomization, "like Kustomization"},
	{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization"}: {
		decodeInto[fluxv1.Kustomization], "Flux's; its Go type says what it may hold",
	},
	{Group: "source.toolkit.fluxcd.io", Kind: "GitRepository"}:  {decodeInto[sourcev1.GitRepository], "Flux's; as above"},
	{Group: "source.toolkit.fluxcd.io", Kind: "HelmRepository"}: {decodeInto[sourcev1.HelmRepository], "Flux's; as above"},
	{Group: "source.toolkit.fluxcd.io", Kind: "OCIRepository"}:  {decodeInto[sourcev1.OCIRepository], "Flux's; as above"},
	{Group: "helm.toolkit.fluxcd.io", Kind: "HelmRelease"}:      {named, "its Go types are of another module, for the same few lines"},
	{Group: "argoproj.io", Kind: "Application"}:                 {named, "its Go types bring all of Argo CD along"},
	{Group: "argoproj.io", Kind: "ApplicationSet"}:              {named, "its Go types bring all of Argo CD along"},
	{Group: "audit.k8s.io", Kind: "Policy"}:                     {anything, "a file of the API server's; test/audit starts one with it"},
	{Group: "monitoring.coreos.com", Kind: "ServiceMonitor"}:    {named, "config/prometheus has the one that ships"},
	{Group: "monitoring.coreos.com", Kind: "PrometheusRule"}:    {named, "promtool looks into rules"},
}

// decodeInto refuses fields that the type does not have.
func decodeInto[T any](content []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	return errors.Join(decoder.Decode(new(T)), named(content))
}

// named wants what every object has that is applied.
func named(content []byte) error {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(content); err != nil {
		return err
	}
	if object.GetName() == "" {
		return errors.New("metadata.name is missing")
	}
	return nil
}

func anything([]byte) error { return nil }

func checkKustomization(content []byte) error {
	var read kustomize.Kustomization
	// It refuses unknown fields by itself.
	if err := read.Unmarshal(content); err != nil {
		return err
	}
	read.FixKustomization()
	if wrong := read.EnforceFields(); len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "; "))
	}
	return read.CheckEmpty()
}

// checkSeed starts a sandbox with the seed, which looks at every object.
func checkSeed(content string) error {
	read, err := sandbox.LoadSeed(strings.NewReader(content))
	if err != nil {
		return err
	}
	_, err = sandbox.New(sandbox.WithSeed(read))
	return err
}
