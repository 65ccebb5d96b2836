// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// pin is the seller that a Marketplace was first seen with, before the status says so.
type pin struct {
	uid      types.UID
	sellerID string
}

// expectedSeller returns the seller that a Marketplace stays with, and nothing if it
// may still become any. What is declared decides. A pin is newer than the status; one
// of a Marketplace that had the same name is none.
func expectedSeller(declared *v1alpha1.Marketplace, pinned pin) string {
	switch {
	case declared.Spec.SellerID != "":
		return declared.Spec.SellerID
	case pinned.sellerID != "" && pinned.uid == declared.UID:
		return pinned.sellerID
	default:
		return declared.Status.SellerID
	}
}

// sellerChanged says that the credentials belong to another seller than expected, and
// is nil if they do not. Letter case counts: whether OrderCloud tells two IDs apart by
// it is not known [N], and a mistake here would write into another marketplace.
func sellerChanged(expected, found, baseURL string) *failure.Failure {
	if expected == "" || expected == found {
		return nil
	}
	return failure.New(v1alpha1.ReasonSellerChanged,
		"the credentials belong to seller %q at %s, and this Marketplace is that of seller %q: "+
			"correct its Secret or, if the change is meant, set spec.sellerID to %q; until then nothing is read or written",
		found, baseURL, expected, found).Stall()
}
