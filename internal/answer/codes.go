// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

// Error codes of OrderCloud that this project acts on [D]. Statuses and
// meanings that the documentation leaves open are in assumptions.go.
const (
	// CodeNotFound says that the object, or one that the body names, does not exist.
	CodeNotFound = "NotFound"
	// CodeUserNotFound says that a user does not exist.
	CodeUserNotFound = "User.NotFound"
	// CodeIDExists answers a POST whose ID is taken.
	CodeIDExists = "IdExists"
	// CodeUsernameMustBeUnique says that a username is taken somewhere in the marketplace.
	CodeUsernameMustBeUnique = "User.UsernameMustBeUnique"
	// CodeValidationFailure says that a field of the body is not acceptable.
	CodeValidationFailure = "ValidationFailure"
	// CodeInvalidRequestBody says that the body could not be read.
	CodeInvalidRequestBody = "Request.InvalidRequestBody"
	// CodeAPIOffline says that OrderCloud is down for short maintenance.
	CodeAPIOffline = "Api.Offline"
	// CodeInsufficientRoles says that the token lacks a role that the call needs.
	CodeInsufficientRoles = "Auth.InsufficientRoles"
	// CodeTokenRevoked says that the token was revoked before it expired.
	CodeTokenRevoked = "Auth.TokenRevoked"
	// CodeInsecurePassword says that a password does not meet the policy in Data.
	CodeInsecurePassword = "Auth.InsecurePassword"
	// CodeResetInsecurePassword says the same, on a password reset.
	CodeResetInsecurePassword = "PasswordReset.InsecurePassword"
	// CodeCannotReusePassword says that the policy forbids an earlier password.
	CodeCannotReusePassword = "PasswordReset.CannotReusePassword"
	// CodeInvalidClientID says that the API client of a token request does not exist.
	CodeInvalidClientID = "ApiClient.InvalidClientID"
	// CodeClientNotActive says that the API client of a token request is switched off.
	CodeClientNotActive = "Auth.ClientNotActive"
	// CodeConflictingImpersonationConfig says that another config has the same
	// client, profile, impersonator and impersonatee.
	CodeConflictingImpersonationConfig = "ImpersonationConfig.ConflictingImpersonationConfigExists"
	// CodeUserNotActive says that the user whom a token stands for, or would, is switched off.
	CodeUserNotActive = "Auth.UserNotActive"
	// CodeImpersonationConfigError says that no config allows an impersonation.
	CodeImpersonationConfigError = "Impersonation.ConfigError"
	// CodeImpersonationClientIDNotFound says that the API client of an access token
	// request does not exist.
	CodeImpersonationClientIDNotFound = "Impersonation.ClientIDNotFound"
	// CodeImpersonationBuyerNotAssigned says that the user's buyer cannot reach the
	// API client of an access token request.
	CodeImpersonationBuyerNotAssigned = "Impersonation.BuyerNotAssigned"
	// CodeCannotSpecifyGroupAndUser says that a party names both a group and a user.
	CodeCannotSpecifyGroupAndUser = "PartyAssignment.CannotSpecifyGroupAndUser"
	// CodeRequiresBuyer says that a party names a group or a user without a buyer.
	CodeRequiresBuyer = "PartyAssignment.RequiresBuyer"
	// CodeCannotDeleteImpersonateeParty refuses to delete a group or user that
	// an impersonation config names.
	CodeCannotDeleteImpersonateeParty = "Impersonation.CannotDeleteImpersonateeParty"
	// CodeCannotDeleteSecurityProfile refuses to delete a profile that an
	// impersonation config uses.
	CodeCannotDeleteSecurityProfile = "Impersonation.CannotDeleteSecurityProfile"
	// CodeCannotDeleteDefaultContextUser refuses to delete the default context
	// user of an API client.
	CodeCannotDeleteDefaultContextUser = "User.CannotDeleteDefaultContextUser"
	// CodeCannotDeleteWithOpenOrder refuses to delete a user with an open order.
	CodeCannotDeleteWithOpenOrder = "User.CannotDeleteWithOpenOrder"
	// CodeCannotDeleteDevImpersonationUser refuses to delete a user whom a
	// developer impersonates in the portal.
	CodeCannotDeleteDevImpersonationUser = "User.CannotDeleteDevImpersonationUser"
	// CodeCannotDeleteApprovingGroup refuses to delete a group that approves orders.
	CodeCannotDeleteApprovingGroup = "UserGroup.CannotDeleteApprovingGroup"
	// CodeUsedByImpersonationConfig refuses to delete an API client that an
	// impersonation config uses.
	CodeUsedByImpersonationConfig = "ApiClient.UsedByImpersonationConfig"
	// CodeUsedByIntegration refuses to delete an API client that an integration uses.
	CodeUsedByIntegration = "ApiClient.UsedByIntegration"
	// CodeCannotDeleteLastFullAccess refuses to delete the last API client with full access.
	CodeCannotDeleteLastFullAccess = "ApiClient.CannotDeleteLastFullAccess"
)
