// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	fluxv1 "github.com/fluxcd/kustomize-controller/api/v1"
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
	{Group: "helm.toolkit.fluxcd.io", Kind: "HelmRelease"}:              {named, "its Go types bring Helm along"},
	{Group: "source.toolkit.fluxcd.io", Kind: "GitRepository"}:          {named, "a type of another module, for a few lines"},
	{Group: "source.toolkit.fluxcd.io", Kind: "HelmRepository"}:         {named, "as GitRepository"},
	{Group: "source.toolkit.fluxcd.io", Kind: "OCIRepository"}:          {named, "as GitRepository"},
	{Group: "argoproj.io", Kind: "Application"}:                         {named, "its Go types bring all of Argo CD along"},
	{Group: "argoproj.io", Kind: "ApplicationSet"}:                      {named, "as Application"},
	{Group: "monitoring.coreos.com", Kind: "ServiceMonitor"}:            {named, "config/prometheus has the one that ships"},
	{Group: "monitoring.coreos.com", Kind: "PrometheusRule"}:            {named, "promtool checks the rules that ship"},
	{Group: "external-secrets.io", Kind: "ExternalSecret"}:              {named, "its Go types bring the clients of all its stores along"},
	{Group: "velero.io", Kind: "Backup"}:                                {named, "its Go types bring all of Velero along"},
	{Group: "velero.io", Kind: "Restore"}:                               {named, "as Backup"},
	{Group: "apiserver.config.k8s.io", Kind: "EncryptionConfiguration"}: {named, "a file for kube-apiserver, whose Go types are in its own module"},
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
	if object.GetName() == "" && object.GetKind() != "EncryptionConfiguration" {
		return errors.New("metadata.name is missing")
	}
	return nil
}

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
