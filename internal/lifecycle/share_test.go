// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
)

func TestTheRequestsOfAnObjectAreOfItsNamespacesShare(t *testing.T) {
	user := &v1alpha1.BuyerUser{}
	user.Namespace, user.Name = "team-a", "jdoe"
	spec, status := user.Managed()
	p := &pass[*v1alpha1.BuyerUser]{object: user, spec: spec, status: status}
	if got := limiter.ShareOf(p.ranked(t.Context())); got != "team-a" {
		t.Errorf("got %q", got)
	}
}
