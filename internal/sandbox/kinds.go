// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
)

// kinds is the table of everything that the sandbox stores. Fields, lengths,
// what is required, and the roles of each come from the OpenAPI document [D].
type kinds struct {
	impersonationConfig *kind
	buyerUser           *kind
	adminUser           *kind
	buyer               *kind
	securityProfile     *kind
	apiClient           *kind
	buyerUserGroup      *kind
	adminUserGroup      *kind

	all      []*kind
	perBuyer []*kind // those that live inside a buyer
}

func newKinds() *kinds {
	k := &kinds{
		impersonationConfig: impersonationConfigKind(),
		buyerUser:           buyerUserKind(),
		adminUser:           adminUserKind(),
		buyer:               buyerKind(),
		securityProfile:     securityProfileKind(),
		apiClient:           apiClientKind(),
		buyerUserGroup:      buyerUserGroupKind(),
		adminUserGroup:      adminUserGroupKind(),
	}
	// Snapshots and seeds are loaded in this order: what is referred to first.
	k.all = []*kind{
		k.buyer, k.securityProfile, k.adminUser, k.adminUserGroup, k.buyerUser, k.buyerUserGroup,
		k.apiClient, k.impersonationConfig,
	}
	k.perBuyer = []*kind{k.buyerUser, k.buyerUserGroup}
	for _, each := range k.all {
		each.segment = each.template[strings.LastIndexByte(each.template, '/')+1:]
		if each.key == nil {
			each.key = idKey
		}
		if each.newID == nil {
			each.newID = newObjectID
		}
	}
	return k
}

// newObjectID makes an ID as the server does for an object that is created
// without one: 22 characters of base64url [I].
func newObjectID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails; see crypto/rand
	return base64.RawURLEncoding.EncodeToString(raw)
}

// newClientID makes the ID of an API client: a GUID in upper case [I].
func newClientID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails; see crypto/rand
	return fmt.Sprintf("%X-%X-%X-%X-%X", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
}

func idField() field { return field{name: "ID", kind: text, maxLength: 100} }

func nameField() field { return field{name: "Name", kind: text, maxLength: 100, required: true} }

func xpField() field { return field{name: "xp", kind: document} }

func impersonationConfigKind() *kind {
	names := []string{
		"ImpersonationBuyerID", "ImpersonationGroupID", "ImpersonationUserID",
		"BuyerID", "GroupID", "UserID", "SecurityProfileID", "ClientID", "ID",
	}
	return &kind{
		objectType: "ImpersonationConfig",
		template:   "impersonationconfig",
		parameter:  "impersonationConfigID",
		fields: []field{
			idField(),
			{name: "ImpersonationBuyerID", kind: text},
			{name: "ImpersonationGroupID", kind: text},
			{name: "ImpersonationUserID", kind: text},
			{name: "BuyerID", kind: text},
			{name: "GroupID", kind: text},
			{name: "UserID", kind: text},
			{name: "SecurityProfileID", kind: text, required: true},
			{name: "ClientID", kind: text, required: true},
		},
		searchable: names,
		sortable:   names,
		// Reading needs the role that writing needs [D].
		readers:    []string{"SetSecurityProfile"},
		writers:    []string{"SetSecurityProfile"},
		sellerOnly: true,
		prepare:    prepareConfig,
	}
}

func userFields() []field {
	return []field{
		idField(),
		{name: "CompanyID", kind: text, readOnly: true},
		{name: "Username", kind: text, maxLength: 100, required: true},
		{name: "Password", kind: text, secret: true},
		{name: "FirstName", kind: text, maxLength: 100, required: true},
		{name: "LastName", kind: text, maxLength: 100, required: true},
		{name: "Email", kind: text, maxLength: 200, required: true},
		{name: "Phone", kind: text, maxLength: 100},
		{name: "TermsAccepted", kind: instant},
		{name: "Active", kind: flag, required: true, fallback: false},
		xpField(),
		{name: "AvailableRoles", kind: textList, readOnly: true},
		{name: "Locale", kind: settings, readOnly: true},
		{name: "DateCreated", kind: instant, readOnly: true},
		{name: "LastActive", kind: instant, readOnly: true},
		{name: "FailedLoginAttempts", kind: whole, readOnly: true},
		{name: "PasswordLastSetDate", kind: instant, readOnly: true},
	}
}

func userKind(objectTemplate, reader, writer string) *kind {
	return &kind{
		objectType: "User",
		template:   objectTemplate,
		parameter:  "userID",
		fields:     userFields(),
		searchable: []string{"ID", "Username", "LastName", "FirstName", "Email"},
		sortable: []string{
			"LastName", "FirstName", "Username", "ID", "Email", "DateCreated", "PasswordLastSetDate",
		},
		readers:  []string{writer, reader},
		writers:  []string{writer},
		prepare:  prepareUser,
		guard:    guardUser,
		computed: computedUser,
	}
}

func buyerUserKind() *kind {
	return userKind("buyers/{buyerID}/users", "BuyerUserReader", "BuyerUserAdmin")
}

func adminUserKind() *kind {
	admin := userKind("adminusers", "AdminUserReader", "AdminUserAdmin")
	admin.sellerOnly = true
	return admin
}

func buyerKind() *kind {
	return &kind{
		objectType: "Buyer",
		template:   "buyers",
		parameter:  "buyerID",
		fields: []field{
			idField(),
			nameField(),
			{name: "DefaultCatalogID", kind: text},
			{name: "Active", kind: flag, fallback: false},
			{name: "DateCreated", kind: instant, readOnly: true},
			xpField(),
		},
		searchable: []string{"Name", "ID"},
		sortable:   []string{"ID", "Name", "DateCreated"},
		readers:    []string{"BuyerAdmin", "BuyerReader"},
		writers:    []string{"BuyerAdmin"},
		sellerOnly: true,
		prepare:    prepareBuyer,
		guard:      guardBuyer,
	}
}

func prepareBuyer(change *change) *refusal {
	if change.previous == nil {
		change.next.fields["DateCreated"] = formatInstant(change.now)
	}
	return nil
}

func securityProfileKind() *kind {
	return &kind{
		objectType: "SecurityProfile",
		template:   "securityprofiles",
		parameter:  "securityProfileID",
		fields: []field{
			idField(),
			nameField(),
			{name: "Roles", kind: textList, fallback: []any{}},
			{name: "CustomRoles", kind: textList, fallback: []any{}},
			{name: "PasswordConfig", kind: settings},
		},
		searchable: []string{"ID", "Name"},
		sortable:   []string{"ID", "Name"},
		readers:    []string{"SecurityProfileAdmin", "SetSecurityProfile", "SecurityProfileReader"},
		writers:    []string{"SecurityProfileAdmin", "SetSecurityProfile"},
		sellerOnly: true,
		guard:      guardSecurityProfile,
	}
}

func buyerUserGroupKind() *kind {
	return userGroupKind("buyers/{buyerID}/usergroups", "UserGroupReader", "UserGroupAdmin")
}

func adminUserGroupKind() *kind {
	admin := userGroupKind("usergroups", "AdminUserGroupReader", "AdminUserGroupAdmin")
	admin.sellerOnly = true
	return admin
}

func userGroupKind(objectTemplate, reader, writer string) *kind {
	return &kind{
		objectType: "UserGroup",
		template:   objectTemplate,
		parameter:  "userGroupID",
		fields: []field{
			idField(),
			nameField(),
			{name: "Description", kind: text, maxLength: 2000},
			xpField(),
		},
		searchable: []string{"ID", "Name", "Description"},
		sortable:   []string{"Name", "ID"},
		readers:    []string{writer, reader},
		writers:    []string{writer},
		guard:      guardParty,
	}
}
