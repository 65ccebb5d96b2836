// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant_test

import (
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

func TestAKindIsRefusedAsEveryDeclarationOfItIs(t *testing.T) {
	declared := example(t)
	for _, test := range cases {
		tenancy := tenancyOf(declared, test.team)
		isOfKind := strings.HasPrefix(test.refused, "kinds of ") || test.refused == "none of its entries is for this namespace"
		got, want := failure.As(tenancy.PermitKind(test.declared.Kind)), failure.As(tenancy.Permit(test.declared))
		switch {
		case isOfKind && (got == nil || got.Message != want.Message || got.Reason != want.Reason):
			t.Errorf("%s: %s: got %v, want %v", test.team, test.what, got, want)
		case !isOfKind && got != nil:
			t.Errorf("%s: %s: the kind is refused: %s", test.team, test.what, got.Message)
		}
	}
}
