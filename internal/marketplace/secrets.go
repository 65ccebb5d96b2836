// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metadata"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// AskForSecrets says, before the first use, that Secrets are in no cache: the API
// server is asked for the version of each Marketplace's, and again when the answer
// is so old that a pass at the next interval would not see a rotation.
func (r *Registry) AskForSecrets(now clock.PassiveClock) { r.versions = newRemembered[string](now) }

// secretVersion asks for the Secret's metadata only.
func (r *Registry) secretVersion(ctx context.Context, declared *v1alpha1.Marketplace) (string, error) {
	if r.versions == nil {
		return readSecretVersion(ctx, r.reader, declared)
	}
	// Whoever gives the Marketplace another Secret, or asks for a look at it, waits
	// for the answer.
	about := declared.Spec.CredentialsSecretRef.Name + " " + declared.Annotations[v1alpha1.ReconcileAtAnnotation]
	return r.versions.get(client.ObjectKeyFromObject(declared), about, Interval(declared), func() (string, error) {
		return readSecretVersion(ctx, r.secrets, declared)
	})
}

func readSecretVersion(ctx context.Context, reader client.Reader, declared *v1alpha1.Marketplace) (string, error) {
	name := declared.Spec.CredentialsSecretRef.Name
	secret := metadata.Of("Secret")
	err := reader.Get(ctx, types.NamespacedName{Namespace: declared.Namespace, Name: name}, secret)
	if err != nil {
		return "", explainSecret(declared, "getting the metadata of", err)
	}
	return metadata.Version(secret), nil
}

func (r *Registry) readCredentials(ctx context.Context, declared *v1alpha1.Marketplace) (credentials, error) {
	name := declared.Spec.CredentialsSecretRef.Name
	var secret corev1.Secret
	err := r.secrets.Get(ctx, types.NamespacedName{Namespace: declared.Namespace, Name: name}, &secret)
	if err != nil {
		return credentials{}, explainSecret(declared, "getting", err)
	}
	read := credentials{
		clientID:     strings.TrimSpace(string(secret.Data[ClientIDKey])),
		clientSecret: ordercloud.Secret(strings.TrimSpace(string(secret.Data[ClientSecretKey]))),
	}
	if read.clientID == "" || read.clientSecret.Reveal() == "" {
		return credentials{}, failure.New(v1alpha1.ReasonCredentialsInvalid,
			"Secret %s/%s needs the keys %s and %s, both not empty", declared.Namespace, name, ClientIDKey, ClientSecretKey).Stall()
	}
	return read, nil
}

// explainSecret says why the Secret cannot be read. One that is missing is not
// stalled: a pipeline applies the Secret and the Marketplace together, in any order.
func explainSecret(declared *v1alpha1.Marketplace, doing string, err error) error {
	key := types.NamespacedName{Namespace: declared.Namespace, Name: declared.Spec.CredentialsSecretRef.Name}
	switch {
	case apierrors.IsNotFound(err):
		return failure.New(v1alpha1.ReasonCredentialsInvalid,
			"Secret %s does not exist: create it with the keys %s and %s", key, ClientIDKey, ClientSecretKey).
			Again(failure.AtInterval).By(err)
	case apierrors.IsForbidden(err):
		return failure.New(v1alpha1.ReasonAccessDenied,
			"the API server does not let the operator read Secret %s: grant its role get on secrets there", key).Stall().By(err)
	default:
		return fmt.Errorf("%s Secret %s: %w", doing, key, err)
	}
}
