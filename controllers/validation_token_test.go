// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("The API server refuses", func() {
	DescribeTable("an ImpersonationToken with", refuses,
		Entry("no user", refusal{
			kind: tokenKind, spec: `{buyerID: null, userID: null}`,
			field: "spec.userRef", message: "the user is missing: set userRef, or buyerID and userID",
		}),
		Entry("`userID` without `buyerID`", refusal{
			kind: tokenKind, spec: `{buyerID: null}`,
			field: "spec.userRef", message: "the user is missing: set userRef, or buyerID and userID",
		}),
		Entry("`buyerID` without `userID`", refusal{
			kind: tokenKind, spec: `{userID: null}`,
			field: "spec.userRef", message: "the user is missing: set userRef, or buyerID and userID",
		}),
		Entry("`userRef` beside `buyerID` and `userID`", refusal{
			kind: tokenKind, spec: `{userRef: {name: jdoe}}`,
			field: "spec.userRef", message: "userRef gives buyer and user",
		}),
		Entry("`userRef` with a name that no BuyerUser can have", refusal{
			kind: tokenKind, spec: `{buyerID: null, userID: null, userRef: {name: J_Doe}}`,
			field: "spec.userRef.name", message: "not a name that a BuyerUser can have",
		}),
		Entry("a slash in `buyerID`", refusal{
			kind: tokenKind, spec: `{buyerID: acme/users}`,
			field: "spec.buyerID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("a dot in `userID`", refusal{
			kind: tokenKind, spec: `{userID: jane.doe}`,
			field: "spec.userID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("neither `clientID` nor `clientName`", refusal{
			kind: tokenKind, spec: `{clientName: null}`,
			field: "spec.clientName", message: "exactly one of clientID and clientName must be set: they say in which application",
		}),
		Entry("both `clientID` and `clientName`", refusal{
			kind: tokenKind, spec: `{clientID: abc}`,
			field: "spec.clientName", message: "leave out one of them",
		}),
		Entry("an empty `clientName`", refusal{
			kind: tokenKind, spec: `{clientName: ""}`,
			field: "spec.clientName", message: "at least 1 chars long",
		}),
		Entry("no roles", refusal{
			kind: tokenKind, spec: `{roles: null}`,
			field: "spec.roles", message: "at least one role must be asked for: set roles or customRoles",
		}),
		Entry("empty lists of roles", refusal{
			kind: tokenKind, spec: `{roles: [], customRoles: []}`,
			field: "spec.roles", message: "at least one role must be asked for: set roles or customRoles",
		}),
		Entry("an empty role", refusal{
			kind: tokenKind, spec: `{roles: [""]}`,
			field: "spec.roles[0]", message: "at least 1 chars long",
		}),
		Entry("a space in a role", refusal{
			kind: tokenKind, spec: `{customRoles: ["Shopper MeAdmin"]}`,
			field: "spec.customRoles[0]", message: "a role has no white space",
		}),
		Entry("a role twice", refusal{
			kind: tokenKind, spec: `{roles: [Shopper, Shopper]}`,
			field: "spec.roles[1]", message: "Duplicate value",
		}),
		Entry("`secretName` that no Secret can have", refusal{
			kind: tokenKind, spec: `{secretName: Token}`,
			field: "spec.secretName", message: "not a name that a Secret can have",
		}),
		Entry("`secretName` of 254 characters", refusal{
			kind: tokenKind, spec: `{secretName: ` + strings.Repeat("a", 254) + `}`,
			field: "spec.secretName", message: "253",
		}),
		Entry("`refreshBefore` below 1s", refusal{
			kind: tokenKind, spec: `{refreshBefore: 0s}`,
			field: "spec.refreshBefore", message: "at least 1s",
		}),
		Entry("`refreshBefore` that is no duration", refusal{
			kind: tokenKind, spec: `{refreshBefore: soon}`,
			field: "spec.refreshBefore", message: "must be a duration such as 10m or 1h30m",
		}),
		Entry("`marketplaceRef` changed to another name", refusal{
			kind: tokenKind, spec: `{marketplaceRef: {name: first}}`, change: `{marketplaceRef: {name: second}}`,
			field: "spec.marketplaceRef", message: "marketplaceRef is immutable",
		}),
		Entry("`marketplaceRef` changed to another namespace", refusal{
			kind: tokenKind, change: `{marketplaceRef: {namespace: shop}}`,
			field: "spec.marketplaceRef", message: "marketplaceRef is immutable",
		}),
		Entry("`suspend` as text", refusal{
			kind: tokenKind, spec: `{suspend: "true"}`,
			field: "spec.suspend", message: "must be of type boolean",
		}),
	)

	DescribeTable("a Marketplace's report with", refuses,
		Entry("an unknown `unmanagedImpersonationConfigs`", refusal{
			kind: marketplaceKind, spec: `{unmanagedImpersonationConfigs: Delete}`,
			field: "spec.unmanagedImpersonationConfigs", message: `supported values: "Report", "Ignore"`,
		}),
	)
})
