// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant_test

import (
	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// storefront is the API client of the example, which has the AppName Storefront.
var storefront = tenant.Application{ID: "5a3d0c5e-1d7b-4c0e-9a43-0000000000b1", Names: []string{"Storefront"}}

// user is a declared user of a buyer.
func user(buyerID string) tenant.Declaration {
	return tenant.Declaration{Kind: v1alpha1.TenantBuyerUser, BuyerID: buyerID}
}

// grant is what team b of the example may grant, changed.
func grant(change func(*tenant.Declaration)) tenant.Declaration {
	declared := tenant.Declaration{
		Kind: v1alpha1.TenantImpersonationConfig, BuyerID: "acme", Impersonator: tenant.Impersonator{GroupID: "desk"},
		SecurityProfileID: "shopper", Application: storefront,
	}
	change(&declared)
	return declared
}

// token is what team b of the example may ask for, changed.
func token(change func(*tenant.Declaration)) tenant.Declaration {
	declared := tenant.Declaration{
		Kind: v1alpha1.TenantImpersonationToken, BuyerID: "acme", Application: storefront, Roles: []string{"Shopper"},
	}
	change(&declared)
	return declared
}

func asIs(*tenant.Declaration) {}

func to(buyerID, groupID, userID string) func(*tenant.Declaration) {
	return func(declared *tenant.Declaration) {
		declared.Impersonator = tenant.Impersonator{BuyerID: buyerID, GroupID: groupID, UserID: userID}
	}
}

func over(buyerID string) func(*tenant.Declaration) {
	return func(declared *tenant.Declaration) { declared.BuyerID = buyerID }
}

func with(profileID string) func(*tenant.Declaration) {
	return func(declared *tenant.Declaration) { declared.SecurityProfileID = profileID }
}

func in(id string, names ...string) func(*tenant.Declaration) {
	return func(declared *tenant.Declaration) { declared.Application = tenant.Application{ID: id, Names: names} }
}

func asking(roles ...string) func(*tenant.Declaration) {
	return func(declared *tenant.Declaration) { declared.Roles = roles }
}

// cases are what a namespace with a label declares through the example's Marketplace, and
// what the answer is: empty if it is allowed.
var cases = []struct {
	team     string
	what     string
	declared tenant.Declaration
	refused  string
}{
	{"b", "a user of acme", user("acme"), ""},
	{"b", "a user of globex", user("globex"), "buyers of its entry 0 does not list globex"},
	{"b", "a user of Acme, in another letter case", user("Acme"), "buyers of its entry 0 does not list Acme"},
	{"b", "a grant to admin group desk over acme with shopper in Storefront", grant(asIs), ""},
	{"b", "the same over globex", grant(over("globex")), "buyers of its entry 0 does not list globex"},
	{"b", "the same over any buyer", grant(over("")), "its entry 0 does not allow anyBuyer"},
	{"b", "the same to admin group managers", grant(to("", "managers", "")), "impersonators.adminGroups of its entry 0 does not list managers"},
	{"b", "the same to admin user jane", grant(to("", "", "jane")), ""},
	{"b", "the same to admin user operator", grant(to("", "", "operator")), "impersonators.adminUsers of its entry 0 does not list operator"},
	{"b", "the same to any admin", grant(to("", "", "")), "its entry 0 does not allow impersonators.anyAdmin"},
	{"b", "the same to all users of acme", grant(to("acme", "", "")), ""},
	{"b", "the same to a group of acme", grant(to("acme", "desk", "")), ""},
	{"b", "the same to a user of acme", grant(to("acme", "", "jdoe")), ""},
	{"b", "the same to a user of globex", grant(to("globex", "", "jdoe")), "impersonators.buyers of its entry 0 does not list globex"},
	{"b", "the same with profile cs-rep", grant(with("cs-rep")), "securityProfiles of its entry 0 does not list cs-rep"},
	{"b", "the same in Storefront, by its ID", grant(in("5A3D0C5E-1D7B-4C0E-9A43-0000000000B1", "Storefront")), ""},
	{"b", "the same in Admin", grant(in("5a3d0c5e-1d7b-4c0e-9a43-0000000000c1", "Admin")), "clients of its entry 0 does not list Admin"},
	{"b", "the same in Mobile, which is listed by its ID", grant(in("5A3D0C5E-1D7B-4C0E-9A43-0000000000D1", "Mobile")), ""},
	{"b", "a grant whose userRef stands for nobody", grant(func(declared *tenant.Declaration) { declared.Unresolved = true }), "its entry 0 does not allow a reference that is not resolved"},
	{"b", "a token of acme with Shopper in Storefront", token(asIs), ""},
	{"b", "the same with Shopper and MeAdmin", token(asking("Shopper", "MeAdmin")), ""},
	{"b", "the same with Shopper and OrderAdmin", token(asking("Shopper", "OrderAdmin")), "tokenRoles of its entry 0 does not list OrderAdmin"},
	{"b", "the same of globex", token(over("globex")), "buyers of its entry 0 does not list globex"},
	{"b", "the same in Admin", token(in("5a3d0c5e-1d7b-4c0e-9a43-0000000000c1", "Admin")), "clients of its entry 0 does not list Admin"},
	{"c", "a user of globex", user("globex"), ""},
	{"c", "a user of acme", user("acme"), "buyers of its entry 1 does not list acme"},
	{"c", "a grant", grant(over("globex")), "kinds of its entry 1 does not list ImpersonationConfig"},
	{"c", "a token", token(over("globex")), "kinds of its entry 1 does not list ImpersonationToken"},
	{"desk", "a grant to any admin over any buyer with any profile, anywhere", grant(func(declared *tenant.Declaration) {
		declared.BuyerID, declared.Impersonator, declared.SecurityProfileID = "", tenant.Impersonator{}, "cs-rep"
		declared.Application = tenant.Application{ID: "5a3d0c5e-1d7b-4c0e-9a43-0000000000c1"}
	}), ""},
	{"desk", "the same over acme", grant(func(declared *tenant.Declaration) { declared.Impersonator = tenant.Impersonator{} }), ""},
	{"desk", "the same to any admin user by name", grant(to("", "", "operator")), ""},
	{"desk", "the same to a user of a buyer", grant(to("acme", "", "jdoe")), "impersonators.buyers of its entry 2 does not list acme"},
	{"desk", "a user", user("acme"), "kinds of its entry 2 does not list BuyerUser"},
	{"desk", "a token with any role", token(asking("OrderAdmin")), ""},
	{"twice", "a user of acme, by one entry", user("acme"), ""},
	{"twice", "a user of globex, by the other", user("globex"), ""},
	{"twice", "a grant over globex, which takes both", grant(over("globex")), "buyers of its entry 3 does not list globex"},
	{"nobody", "a user", user("acme"), "none of its entries is for this namespace"},
	{"nobody", "a grant", grant(asIs), "none of its entries is for this namespace"},
	{"nobody", "a token", token(asIs), "none of its entries is for this namespace"},
	{"owner", "a user of any buyer", user("globex"), ""},
	{"owner", "a grant to any admin over any buyer", grant(func(declared *tenant.Declaration) { *declared = tenant.Declaration{Kind: declared.Kind} }), ""},
	{"owner", "a token with any role", token(asking("OrderAdmin")), ""},
}
