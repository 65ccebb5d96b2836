// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import "net/http"

// maximumAccessTokenDuration and minimumAccessTokenDuration limit how many
// minutes a token of an API client lives [D].
const (
	minimumAccessTokenDuration = 10
	maximumAccessTokenDuration = 600
)

func apiClientKind() *kind {
	return &kind{
		objectType: "ApiClient",
		template:   "apiclients",
		parameter:  "apiClientID",
		fields: []field{
			{name: "ID", kind: text, readOnly: true},
			{name: "ClientSecret", kind: text, secret: !apiClientSecretIsAnswered},
			{name: "AccessTokenDuration", kind: whole, required: true, fallback: defaultAccessTokenDuration},
			{name: "Active", kind: flag, fallback: false},
			{name: "AppName", kind: text, required: true},
			{name: "RefreshTokenDuration", kind: whole, fallback: defaultRefreshTokenDuration},
			{name: "DefaultContextUserName", kind: text},
			xpField(),
			{name: "AllowAnyBuyer", kind: flag, fallback: false},
			{name: "AllowAnySupplier", kind: flag, fallback: false},
			{name: "AllowSeller", kind: flag, fallback: false},
			{name: "IsAnonBuyer", kind: flag, fallback: false},
			{name: "AssignedBuyerCount", kind: whole, readOnly: true},
			{name: "AssignedSupplierCount", kind: whole, readOnly: true},
			{name: "MinimumRequiredRoles", kind: textList, fallback: []any{}},
			{name: "MinimumRequiredCustomRoles", kind: textList, fallback: []any{}},
			{name: "MaximumGrantedRoles", kind: textList, fallback: []any{}},
			{name: "MaximumGrantedCustomRoles", kind: textList, fallback: []any{}},
		},
		searchable: []string{"ID", "AppName", "DefaultContextUserName"},
		sortable:   []string{"ID", "AppName", "DefaultContextUserName"},
		readers:    []string{"ApiClientAdmin", "ApiClientReader"},
		writers:    []string{"ApiClientAdmin"},
		sellerOnly: true,
		serverID:   true,
		key:        clientKey,
		newID:      newClientID,
		prepare:    prepareAPIClient,
		guard:      guardAPIClient,
		computed:   computedAPIClient,
	}
}

func prepareAPIClient(change *change) *refusal {
	client := change.next
	duration := wholeOf(client.fields["AccessTokenDuration"])
	if duration < minimumAccessTokenDuration || duration > maximumAccessTokenDuration {
		var wrong violations
		wrong.add("AccessTokenDuration", "must be between 10 and 600 minutes.")
		return wrong.refusal()
	}
	username := client.text("DefaultContextUserName")
	if username == "" {
		return nil
	}
	if _, _, found := change.state.userByName(username); !found {
		return refuse(http.StatusBadRequest, "User.NotFound", "The default context user does not exist.",
			map[string]any{"Username": username})
	}
	return nil
}

func computedAPIClient(s *state, c *collection, r *record, name string) (any, bool) {
	switch name {
	case "AssignedBuyerCount":
		return len(s.clientBuyers.rights(c.pathOf(r.id()))), true
	case "AssignedSupplierCount":
		return 0, true
	}
	return nil, false
}
