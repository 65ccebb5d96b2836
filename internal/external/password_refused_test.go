// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external_test

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// refusing is an API server whose roles let nobody read.
type refusing struct{ client.Reader }

func (refusing) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	return apierrors.NewForbidden(corev1.Resource("secrets"), key.Name, errors.New("no role allows it"))
}

func TestAPasswordThatMayNotBeReadIsExplained(t *testing.T) {
	const message = "the API server does not let the operator read Secret shop/jdoe-password, which passwordSecretRef names: " +
		"grant its role get on secrets there"
	w := begin(t, passwordSecret(firstPassword))
	user := userWithPassword(v1alpha1.PasswordEnforce)
	if _, err := w.bindUser(user).Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]external.BuyerUsers{
		"its version": {Reader: refusing{}, Secrets: w.kube},
		"its value":   {Reader: w.kube, Secrets: refusing{}},
	} {
		t.Run(name, func(t *testing.T) {
			bound := kind.Bind(userWithPassword(v1alpha1.PasswordEnforce), w.connection)
			seen, err := w.look(bound, true)
			if err == nil && seen.Unresolved != nil {
				err = seen.Unresolved
			}
			if err == nil {
				_, err = bound.Update(t.Context(), seen.Differences)
			}
			w.expectFailure(err, v1alpha1.ReasonAccessDenied, message)
			if problem := failure.As(err); !problem.Stalled || problem.Retry != failure.AtInterval {
				t.Errorf("stalled %v, retry %v", problem.Stalled, problem.Retry)
			}
		})
	}
}
