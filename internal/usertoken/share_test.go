// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken

import (
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
)

func TestTheRequestsOfATokenAreOfItsNamespacesShare(t *testing.T) {
	p := &pass{object: &v1alpha1.ImpersonationToken{}}
	p.object.Namespace, p.object.Name = "team-a", "jdoe"
	if got := limiter.ShareOf(p.ranked(t.Context())); got != "team-a" {
		t.Errorf("got %q", got)
	}
}
