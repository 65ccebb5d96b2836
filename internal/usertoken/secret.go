// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metadata"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// Keys of the Secret.
const (
	// TokenKey holds the access token.
	TokenKey = "token"
	// ExpirationKey holds when the token expires, in RFC 3339.
	ExpirationKey = "expiration"
	// URLKey holds the base URL of OrderCloud's API that the token is for.
	URLKey = "url"
)

// kept is the Secret of an ImpersonationToken as the API server has it. It holds all
// that has to outlive the operator: the status only repeats it.
type kept struct {
	// secret is nil when there is none.
	secret *corev1.Secret
	// isForeign: it is there, and somebody else's.
	isForeign bool
	// token is nil when it holds none that can be read.
	token *published
}

// published is a token in a Secret.
type published struct {
	ordercloud.UserToken
	// issued is when it was asked for, so that it ends no earlier than expiry says.
	issued time.Time
	expiry time.Time
	// fingerprint of the declaration that it was issued for.
	fingerprint string
}

func (p *pass) secretKey() types.NamespacedName {
	return types.NamespacedName{Namespace: p.object.Namespace, Name: p.object.SecretName()}
}

func (p *pass) readSecret(ctx context.Context) error {
	p.kept = kept{}
	secret := &corev1.Secret{}
	err := p.Secrets.Get(ctx, p.secretKey(), secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case apierrors.IsForbidden(err):
		return p.forbidden("read", err)
	case err != nil:
		return fmt.Errorf("getting Secret %s: %w", p.secretKey(), err)
	}
	p.kept.secret = secret
	p.kept.isForeign = !p.owns(secret)
	if !p.kept.isForeign {
		p.kept.token = tokenIn(secret)
	}
	return nil
}

func (p *pass) owns(secret *corev1.Secret) bool {
	return metav1.IsControlledBy(secret, p.object) && secret.DeletionTimestamp.IsZero()
}

// tokenIn reads the token of a Secret, if all of it is there.
func tokenIn(secret *corev1.Secret) *published {
	expiry, err := time.Parse(time.RFC3339, string(secret.Data[ExpirationKey]))
	if err != nil {
		return nil
	}
	issued, err := time.Parse(time.RFC3339, secret.Annotations[v1alpha1.TokenIssuedAnnotation])
	if err != nil {
		return nil
	}
	read, err := ordercloud.ReadAccessToken(ordercloud.Secret(secret.Data[TokenKey]))
	if err != nil {
		return nil
	}
	return &published{UserToken: read, issued: issued, expiry: expiry, fingerprint: secret.Annotations[v1alpha1.TokenForAnnotation]}
}

func (p *pass) foreignSecret() error {
	return failure.New(v1alpha1.ReasonNotOwned,
		"Secret %s exists and does not belong to this ImpersonationToken, so it is not touched: delete it, or choose another spec.secretName",
		p.secretKey()).Stall().Again(failure.Backoff)
}

// checkMayPublish asks whether the Secret may have its name, and the API server whether it
// could be made, before OrderCloud is asked for a token that could not be kept. One that is
// there already keeps its name.
func (p *pass) checkMayPublish(ctx context.Context) error {
	if p.kept.secret != nil {
		return nil
	}
	if err := p.checkSecretName(ctx); err != nil {
		return err
	}
	return p.explainWrite(p.Secrets.Create(ctx, p.newSecret(), client.DryRunAll))
}

func (p *pass) newSecret() *corev1.Secret {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.secretKey().Namespace, Name: p.secretKey().Name},
		Type:       corev1.SecretTypeOpaque,
	}
	// It cannot fail: both are in one namespace, and nobody else owns a new object.
	_ = controllerutil.SetControllerReference(p.object, secret, p.Client.Scheme(), controllerutil.WithBlockOwnerDeletion(false))
	return secret
}

// publish writes the token into the Secret, and leaves there what others added.
func (p *pass) publish(ctx context.Context, token ordercloud.UserToken, issued time.Time) error {
	secret, isNew := p.kept.secret, p.kept.secret == nil
	if isNew {
		secret = p.newSecret()
	}
	metav1.SetMetaDataAnnotation(&secret.ObjectMeta, v1alpha1.TokenForAnnotation, p.wanted.fingerprint())
	metav1.SetMetaDataAnnotation(&secret.ObjectMeta, v1alpha1.TokenIssuedAnnotation, issued.UTC().Format(time.RFC3339))
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	secret.Data[TokenKey] = []byte(token.Access.Reveal())
	secret.Data[ExpirationKey] = []byte(issued.Add(token.Lifetime).UTC().Format(time.RFC3339))
	secret.Data[URLKey] = []byte(p.wanted.baseURL)
	write := p.update
	if isNew {
		write = p.create
	}
	if err := write(ctx, secret); err != nil {
		return err
	}
	p.kept = kept{secret: secret, token: tokenIn(secret)}
	return nil
}

func (p *pass) create(ctx context.Context, secret *corev1.Secret) error {
	return p.explainWrite(p.Secrets.Create(ctx, secret))
}

func (p *pass) update(ctx context.Context, secret *corev1.Secret) error {
	return p.explainWrite(p.Secrets.Update(ctx, secret))
}

func (p *pass) explainWrite(err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err):
		return p.forbidden("write", err)
	case apierrors.IsInvalid(err):
		return failure.New(v1alpha1.ReasonRejected,
			"the API server does not take Secret %s: choose another spec.secretName, or delete the Secret if it is immutable", p.secretKey()).Stall().By(err)
	default:
		return fmt.Errorf("writing Secret %s: %w", p.secretKey(), err)
	}
}

func (p *pass) forbidden(verb string, err error) error {
	return failure.New(v1alpha1.ReasonAccessDenied,
		"the API server does not let the operator %s Secret %s: bind the ClusterRole impersonation-token-writer-role of the operator to its service account in that namespace",
		verb, p.secretKey()).Stall().Again(failure.UpToAMinute).By(err)
}

// dropWhatIsOver takes a token out of the Secret that has expired, or that the namespace may
// not have any more, or with which somebody would act as another user than the declared one,
// or in another application. One that has other roles than are declared stays until it
// expires.
func (p *pass) dropWhatIsOver(ctx context.Context, problem *failure.Failure) error {
	isForbidden, err := p.isForbidden(ctx, problem)
	if err == nil && isForbidden {
		err = p.removeFormerSecret(ctx)
	}
	token := p.kept.token
	if err != nil || token == nil || !isForbidden && p.Clock.Now().Before(token.expiry) && p.isOfSubject() {
		return err
	}
	return p.drop(ctx)
}

// isForbidden says that the namespace may not have the token, be it only because of roles
// that it was issued with.
func (p *pass) isForbidden(ctx context.Context, problem *failure.Failure) (bool, error) {
	if marketplace.IsNotAdmitted(problem) {
		return true, nil
	}
	err := p.permitKept(ctx)
	if err != nil && failure.As(err) == nil {
		return false, err
	}
	return marketplace.IsNotAdmitted(err), nil
}

// isOfSubject is true also while it is not known what the declaration stands for.
func (p *pass) isOfSubject() bool {
	subject, _, _ := strings.Cut(p.kept.token.fingerprint, ".")
	return p.wanted == nil || subject == p.wanted.subject()
}

// drop empties the Secret of its token.
func (p *pass) drop(ctx context.Context) error {
	secret := p.kept.secret
	delete(secret.Data, TokenKey)
	delete(secret.Data, ExpirationKey)
	delete(secret.Annotations, v1alpha1.TokenForAnnotation)
	delete(secret.Annotations, v1alpha1.TokenIssuedAnnotation)
	p.kept.token = nil
	return p.update(ctx, secret)
}

// removeFormerSecret deletes the Secret that the declaration named before.
func (p *pass) removeFormerSecret(ctx context.Context) error {
	name := p.object.Status.SecretName
	if name == "" || name == p.object.SecretName() {
		return nil
	}
	key := types.NamespacedName{Namespace: p.object.Namespace, Name: name}
	former := &corev1.Secret{}
	err := p.Secrets.Get(ctx, key, former)
	if err == nil && p.owns(former) {
		err = p.Secrets.Delete(ctx, former, client.Preconditions{UID: &former.UID, ResourceVersion: &former.ResourceVersion})
		log.FromContext(ctx).Info("Deleted the former Secret", "secret", name)
	}
	if apierrors.IsForbidden(err) {
		return p.forbidden("delete", err)
	}
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting the former Secret %s: %w", key, err)
	}
	return nil
}

func (p *pass) secretVersion() string {
	if p.kept.secret == nil {
		return ""
	}
	return metadata.Version(p.kept.secret)
}
