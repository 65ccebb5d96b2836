// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken_test

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const parked = "db-credentials"

// namespaceLabels are those of the namespace, as the operator gets to know them.
type namespaceLabels struct {
	labels           labels.Set
	mayNotReadLabels bool
	labelsProblem    error
	// labelsRead counts how often they were asked for.
	labelsRead int
}

// NamespaceLabels returns the labels of the namespace.
func (n *namespaceLabels) NamespaceLabels(_ context.Context, name string) (labels.Set, error) {
	n.labelsRead++
	if n.mayNotReadLabels {
		return nil, apierrors.NewForbidden(corev1.Resource("namespaces"), name, nil)
	}
	return n.labels, n.labelsProblem
}

// parking declares a Secret whose name others may count on.
func parking(token *v1alpha1.ImpersonationToken) { token.Spec.SecretName = parked }

const parkedRefusal = "Secret shop/db-credentials is not created, because its name is not walk-in, does not begin with walk-in-, and is not allowed " +
	"by the label ordercloud.io/token-secret-prefix of the namespace: leave out spec.secretName, choose such a name, or have the namespace labelled "

func TestNobodyParksTheNameOfASecret(t *testing.T) {
	for name, test := range map[string]struct {
		labels           labels.Set
		mayNotReadLabels bool
		want             string
	}{
		"without a label":     {nil, false, "(the namespace has no such label)"},
		"with an empty label": {labels.Set{v1alpha1.TokenSecretPrefixLabel: ""}, false, "(the namespace has no such label)"},
		"with another label":  {labels.Set{v1alpha1.TokenSecretPrefixLabel: "orders"}, false, "(the label is orders)"},
		"with labels that nobody may read": {nil, true,
			"(the API server does not let the operator read the labels of the namespace: grant its role get on namespaces there)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, parking)
			w.labels, w.mayNotReadLabels = test.labels, test.mayNotReadLabels
			w.pass()
			if got := w.expectCondition(v1alpha1.ReadyCondition, "False Rejected"); got != parkedRefusal+test.want {
				t.Errorf("it says %q", got)
			}
			w.expectCondition(v1alpha1.StalledCondition, "True Rejected")
			if w.secret(parked) != nil || w.issued() != 0 {
				t.Errorf("the Secret is %v after %d tokens", w.secret(parked), w.issued())
			}
		})
	}
}

func TestTheNamespaceAllowsAnotherName(t *testing.T) {
	w := begin(t, parking)
	w.pass()
	w.labels = labels.Set{v1alpha1.TokenSecretPrefixLabel: "db"}
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
	if secret := w.secret(parked); secret == nil || w.user(string(secret.Data["token"])) != "walk-in" {
		t.Error("the Secret holds no token")
	}
}

func TestTheLabelIsNotReadWhereTheNameOfTheTokenDecides(t *testing.T) {
	w := begin(t)
	w.mayNotReadLabels = true
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
	if w.labelsRead != 0 {
		t.Errorf("the labels were read %d times", w.labelsRead)
	}
}

func TestASecretThatTheTokenOwnsKeepsItsName(t *testing.T) {
	w := begin(t, parking)
	controlled := metav1.NewControllerRef(w.object(), v1alpha1.GroupVersion.WithKind("ImpersonationToken"))
	former := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: parked, OwnerReferences: []metav1.OwnerReference{*controlled}}}
	if err := w.kube.Create(t.Context(), former); err != nil {
		t.Fatal(err)
	}
	w.runFor(30 * time.Minute)
	w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
	if w.issued() < 2 || w.labelsRead != 0 {
		t.Errorf("%d tokens were issued, and the labels read %d times", w.issued(), w.labelsRead)
	}
	// Once it is gone, it would be a new one.
	if err := w.kube.Delete(t.Context(), w.secret(parked)); err != nil {
		t.Fatal(err)
	}
	w.pass()
	w.expectCondition(v1alpha1.ReadyCondition, "False Rejected")
}

func TestLabelsThatAreNotKnownYetRefuseNothing(t *testing.T) {
	w := begin(t, parking)
	w.labelsProblem = errors.New("the API server does not answer")
	if _, err := w.attempt(); !errors.Is(err, w.labelsProblem) {
		t.Errorf("got %v", err)
	}
	if w.issued() != 0 {
		t.Error("a token was asked for")
	}
}
