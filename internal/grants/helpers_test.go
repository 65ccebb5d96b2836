// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/grants"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

const (
	storefront = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1" // any buyer
	portal     = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B2" // acme only
	retired    = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B3" // not active
	unknown    = "5A3D0C5E-1D7B-4C0E-9A43-0000000000FF"
)

// shop is a marketplace in which names repeat: a jdoe and a group purchasers in each
// buyer and at the seller.
func shop(configs ...ordercloud.ImpersonationConfig) grants.Snapshot {
	impersonates := []string{"BuyerImpersonation", "BuyerUserReader"}
	return grants.Snapshot{
		Configs: configs,
		SecurityProfiles: []ordercloud.SecurityProfile{
			{ID: "cs-rep", Roles: []string{"Shopper", "OrderReader"}, CustomRoles: []string{"Desk"}},
			{ID: "shopper", Roles: []string{"Shopper", "MeAdmin"}},
			{ID: "custom-only", CustomRoles: []string{"Gold"}},
			{ID: "empty"},
		},
		APIClients: []ordercloud.APIClient{
			{ID: storefront, Active: true, AllowAnyBuyer: true},
			{ID: portal, Active: true},
			{ID: retired, AllowAnyBuyer: true},
		},
		ClientAssignments: []grants.ClientAssignment{{ClientID: strings.ToLower(portal), BuyerID: "acme"}},
		Buyers: []ordercloud.Buyer{
			{ID: "acme", Active: true}, {ID: "globex", Active: true}, {ID: "closed"},
		},
		BuyerUsers: []ordercloud.BuyerUser{
			{CompanyID: "acme", ID: "jdoe", Active: true},
			{CompanyID: "acme", ID: "asmith", Active: true, AvailableRoles: impersonates},
			{CompanyID: "acme", ID: "left", AvailableRoles: impersonates},
			{CompanyID: "globex", ID: "jdoe", Active: true},
			{CompanyID: "globex", ID: "gil", Active: true, AvailableRoles: impersonates},
			{CompanyID: "closed", ID: "ian", Active: true, AvailableRoles: impersonates},
		},
		AdminUsers: []ordercloud.AdminUser{
			{ID: "jane", Active: true, AvailableRoles: impersonates},
			{ID: "jdoe", Active: true, AvailableRoles: impersonates},
			{ID: "root", Active: true, AvailableRoles: []string{"FullAccess"}},
			{ID: "olga", Active: true, AvailableRoles: []string{"BuyerUserAdmin"}},
			{ID: "left", AvailableRoles: impersonates},
		},
		GroupMembers: []grants.GroupMember{
			{GroupID: "desk", UserID: "jane"}, {GroupID: "desk", UserID: "olga"}, {GroupID: "purchasers", UserID: "root"},
			{BuyerID: "acme", GroupID: "purchasers", UserID: "jdoe"}, {BuyerID: "acme", GroupID: "leads", UserID: "asmith"},
			{BuyerID: "globex", GroupID: "purchasers", UserID: "gil"}, {BuyerID: "globex", GroupID: "purchasers", UserID: "nobody"},
		},
	}
}

// config reads a config from words such as "BuyerID=acme". Without others it is for the
// storefront and gives the roles of cs-rep.
func config(t *testing.T, words string) ordercloud.ImpersonationConfig {
	t.Helper()
	id, rest, _ := strings.Cut(words, ":")
	fields := map[string]string{"ID": id, "SecurityProfileID": "cs-rep", "ClientID": strings.ToLower(storefront)}
	for field := range strings.FieldsSeq(rest) {
		name, value, _ := strings.Cut(field, "=")
		fields[name] = value
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var read ordercloud.ImpersonationConfig
	if err := json.Unmarshal(raw, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func configs(t *testing.T, lines ...string) []ordercloud.ImpersonationConfig {
	t.Helper()
	read := make([]ordercloud.ImpersonationConfig, 0, len(lines))
	for _, line := range lines {
		read = append(read, config(t, line))
	}
	return read
}

// user reads "jane", an admin user, and "acme/jdoe".
func user(path string) grants.User {
	buyerID, userID, inBuyer := strings.Cut(path, "/")
	if !inBuyer {
		return grants.User{UserID: path}
	}
	return grants.User{BuyerID: buyerID, UserID: userID}
}

// told is a decision in short: "cs-desk [Shopper]", "NoConfig OtherUser=cs-globex".
func told(decision grants.Decision) string {
	if decision.Refusal == nil {
		return fmt.Sprintf("%s %v", decision.Config.ID, decision.Roles)
	}
	text := string(decision.Refusal.Reason)
	for _, each := range decision.Refusal.Closest {
		text += fmt.Sprintf(" %s=%s", each.Differs, each.Config.ID)
	}
	return text
}

// listed are grants in short: "jane as acme/jdoe in 5A3D…: cs-desk [Shopper]".
func listed(found []grants.Grant) []string {
	lines := []string{}
	for _, each := range found {
		lines = append(lines, fmt.Sprintf("%s as %s in %s: %s %v",
			each.Impersonator, each.User, each.ClientID[len(each.ClientID)-2:], each.ConfigID, each.Roles))
	}
	return lines
}
