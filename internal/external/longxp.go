// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// WithoutLongXP takes extended properties that OrderCloud would refuse for their length out
// of a BuyerUser before it is kept in memory, and leaves how long they were. That is a
// number, which the schema of xp forbids: nobody can have declared it, it is never equal to
// what is declared, and the API server would not take it either.
func WithoutLongXP(user *v1alpha1.BuyerUser) {
	if user.Spec.XP == nil {
		return
	}
	if length := lengthOfXP(user.Spec.XP.Raw); length > maxXP {
		user.Spec.XP = &runtime.RawExtension{Raw: strconv.AppendInt(nil, int64(length), 10)}
	}
}

// lengthOfXP is how many characters of JSON were declared, also where they were left out.
func lengthOfXP(raw []byte) int {
	var left int
	if json.Unmarshal(raw, &left) == nil {
		return left
	}
	return utf8.RuneCount(raw)
}

// checkLength refuses extended properties that are too long for OrderCloud.
func checkLength(user *v1alpha1.BuyerUser) error {
	if user.Spec.XP == nil {
		return nil
	}
	if length := lengthOfXP(user.Spec.XP.Raw); length > maxXP {
		return failure.New(v1alpha1.ReasonRejected,
			"spec.xp has %d characters as JSON and OrderCloud takes at most %d: shorten it", length, maxXP).Stall()
	}
	return nil
}
