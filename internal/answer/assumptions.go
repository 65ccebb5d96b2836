// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import "net/http"

// This file holds what the classification rests on where OrderCloud's behaviour is not
// established [N]. What else of that kind the client does is in its own assumptions.go.

// notFoundCodes mean that an object does not exist, under whatever status: a
// missing security profile in a POST may be answered 404 or 400.
var notFoundCodes = []string{CodeNotFound, CodeUserNotFound}

// inUseCodes refuse a deletion. Whether they come with 400 or 409 is not
// established, so only the code counts.
var inUseCodes = []string{
	CodeCannotDeleteImpersonateeParty,
	CodeCannotDeleteSecurityProfile,
	CodeCannotDeleteDefaultContextUser,
	CodeCannotDeleteWithOpenOrder,
	CodeCannotDeleteDevImpersonationUser,
	CodeCannotDeleteApprovingGroup,
	CodeUsedByImpersonationConfig,
	CodeUsedByIntegration,
	CodeCannotDeleteLastFullAccess,
}

// isSuccess accepts every 2xx, because whether a creating PUT answers 200 or
// 201 is not established.
func isSuccess(status int) bool {
	return status >= http.StatusOK && status < http.StatusMultipleChoices
}
