// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken_test

import (
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

func TestNoTokenIsAskedForAfterAPersonHasStoppedIt(t *testing.T) {
	w := begin(t)
	w.lastLook = func() error {
		return failure.New(v1alpha1.ReasonNamespaceNotAllowed, "the Marketplace does not let the namespace in any more").Stall()
	}
	w.pass()
	if got := w.issued(); got != 0 {
		t.Errorf("%d tokens were asked for", got)
	}
	w.expectCondition(v1alpha1.ReadyCondition, "False NamespaceNotAllowed")
}
