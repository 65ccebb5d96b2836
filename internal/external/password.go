// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metadata"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// password is a declared password and the Secret's version that it is from.
type password struct {
	value   ordercloud.Secret
	version string
}

// passwordState says whether the user's password is the declared one, as far as
// can be told: OrderCloud never tells a password, only when it was set [D].
type passwordState int

const (
	passwordAsDeclared passwordState = iota
	// passwordRedeclared: the Secret changed since the operator wrote it.
	passwordRedeclared
	// passwordSetByOther: somebody else set it since.
	passwordSetByOther
)

// passwordState looks at the Secret's metadata only; its value is read when it
// is to be written. Right after a write the version that was written counts: the
// metadata come from a cache, which may be behind.
func (u *buyerUser) passwordState(ctx context.Context, seen ordercloud.BuyerUser) (passwordState, error) {
	if !u.enforcesPassword() {
		u.object.Status.EnforcedPassword = nil
		return passwordAsDeclared, nil
	}
	version := u.sent.version
	if version == "" {
		var err error
		if version, err = u.secretVersion(ctx); err != nil {
			return passwordAsDeclared, err
		}
	}
	written := u.object.Status.EnforcedPassword
	switch {
	case written == nil && u.object.Spec.ManagementPolicy == v1alpha1.ManagementObserve:
		// Nobody can know whether a password that the operator never wrote is the
		// declared one, and who may only look never will.
		return passwordAsDeclared, nil
	case written == nil || written.SecretVersion != version:
		return passwordRedeclared, nil
	case setByOther(written.LastSetDate, seen.PasswordLastSetDate):
		return passwordSetByOther, nil
	default:
		return passwordAsDeclared, nil
	}
}

func (u *buyerUser) enforcesPassword() bool {
	return u.object.Spec.PasswordSecretRef != nil && u.object.Spec.PasswordPolicy == v1alpha1.PasswordEnforce
}

// rememberPassword notes which password was written, without the password. The
// date in the answer is the mark by which somebody else's change is seen.
func (u *buyerUser) rememberPassword(written password, answer ordercloud.BuyerUser) {
	if written.version == "" || !u.enforcesPassword() {
		return
	}
	u.sent = written
	u.object.Status.EnforcedPassword = &v1alpha1.EnforcedPassword{
		SecretVersion: written.version,
		LastSetDate:   toMicroTime(answer.PasswordLastSetDate),
	}
}

// dateTolerance is by how much OrderCloud may tell one date differently in the
// answer to a write and in a later look. That it does is not established, but
// databases round [N]; without a tolerance every look would write the password.
const dateTolerance = 10 * time.Millisecond

// setByOther says that a password was set at another time than the operator's:
// later by somebody, or earlier in the data that a restore brought back.
func setByOther(written *metav1.MicroTime, seen *time.Time) bool {
	if written == nil || seen == nil {
		return (written == nil) != (seen == nil)
	}
	return seen.Sub(written.Time).Abs() > dateTolerance
}

func toMicroTime(moment *time.Time) *metav1.MicroTime {
	if moment == nil {
		return nil
	}
	return new(metav1.NewMicroTime(moment.Truncate(time.Microsecond)))
}

func (u *buyerUser) secretVersion(ctx context.Context) (string, error) {
	secret := metadata.Of("Secret")
	if err := u.Reader.Get(ctx, u.secretKey(), secret); err != nil {
		return "", u.explainSecret(err)
	}
	return metadata.Version(secret), nil
}

// readPassword reads the declared password, or none when none is declared.
func (u *buyerUser) readPassword(ctx context.Context) (password, error) {
	reference := u.object.Spec.PasswordSecretRef
	if reference == nil {
		return password{}, nil
	}
	var secret corev1.Secret
	if err := u.Secrets.Get(ctx, u.secretKey(), &secret); err != nil {
		return password{}, u.explainSecret(err)
	}
	value := string(secret.Data[u.passwordKey()])
	if value == "" {
		return password{}, failure.New(v1alpha1.ReasonReferenceNotFound,
			"Secret %s has no value under the key %q, which passwordSecretRef names: add it, or name another key", u.secretKey(), u.passwordKey()).
			Again(failure.AtInterval)
	}
	return password{value: ordercloud.Secret(value), version: metadata.Version(&secret)}, nil
}

func (u *buyerUser) secretKey() types.NamespacedName {
	return types.NamespacedName{Namespace: u.object.Namespace, Name: u.object.Spec.PasswordSecretRef.Name}
}

func (u *buyerUser) passwordKey() string {
	if key := u.object.Spec.PasswordSecretRef.Key; key != "" {
		return key
	}
	return "password"
}

// explainSecret says that the Secret is missing, or may not be read. Somebody may be
// about to apply a missing one, and its arrival wakes the object, unless Secrets are
// not watched: nothing is stalled.
func (u *buyerUser) explainSecret(err error) error {
	switch {
	case apierrors.IsNotFound(err):
		return failure.New(v1alpha1.ReasonReferenceNotFound,
			"Secret %s, which passwordSecretRef names, does not exist: create it", u.secretKey()).
			Again(failure.AtInterval).By(err)
	case apierrors.IsForbidden(err):
		return failure.New(v1alpha1.ReasonAccessDenied,
			"the API server does not let the operator read Secret %s, which passwordSecretRef names: grant its role get on secrets there",
			u.secretKey()).Stall().By(err)
	default:
		return fmt.Errorf("getting Secret %s: %w", u.secretKey(), err)
	}
}
