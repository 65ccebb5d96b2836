// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenants_test

import (
	"fmt"
	"reflect"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// declaration is one case: who declares what, and what becomes of it.
type declaration struct {
	by, what string
	// make returns the object with a name that no other case uses.
	make func(s *stage, name string) client.Object
	// refused is why it is not permitted; empty if it is.
	refused string
	// isThere says that OrderCloud holds it already, as it is declared.
	isThere bool
}

type (
	userSpec  = v1alpha1.BuyerUser
	grantSpec = v1alpha1.ImpersonationConfigSpec
	tokenSpec = v1alpha1.ImpersonationTokenSpec
)

// aUser declares a user of a buyer.
func aUser(buyerID string, edits ...func(*userSpec)) func(*stage, string) client.Object {
	return func(s *stage, name string) client.Object { return s.user(name, buyerID, edits...) }
}

// aGrant declares a grant over a user of acme whom no other case's grant is over, unless it
// is changed.
func aGrant(edits ...func(*grantSpec)) func(*stage, string) client.Object {
	return func(s *stage, name string) client.Object {
		s.exists("buyers/acme/users/target-of-"+name, userFields("target-of-"+name))
		over := func(spec *grantSpec) { spec.UserID = v1alpha1.ID("target-of-" + name) }
		return s.grant(name, append([]func(*grantSpec){over}, edits...)...)
	}
}

// aToken declares a token for a user of acme, who exists, and is in no other case.
func aToken(edits ...func(*tokenSpec)) func(*stage, string) client.Object {
	return func(s *stage, name string) client.Object {
		s.exists("buyers/acme/users/"+name, userFields(name))
		return s.token(name, name, edits...)
	}
}

// there is an object that is in OrderCloud already.
func there(path string, fields func(name string) map[string]any, declare func(*stage, string) client.Object) func(*stage, string) client.Object {
	return func(s *stage, name string) client.Object {
		declared := declare(s, name)
		s.exists(path+"/"+name, fields(name))
		return declared
	}
}

func observe(user *userSpec)   { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve }
func always(user *userSpec)    { user.Spec.AdoptionPolicy = v1alpha1.AdoptAlways }
func observed(spec *grantSpec) { spec.ManagementPolicy = v1alpha1.ManagementObserve }
func adopted(spec *grantSpec)  { spec.AdoptionPolicy = v1alpha1.AdoptAlways }

// to names another impersonator.
func to(buyerID, groupID, userID string) func(*grantSpec) {
	return func(spec *grantSpec) {
		spec.ImpersonationBuyerID, spec.ImpersonationGroupID, spec.ImpersonationUserID = v1alpha1.ID(buyerID), v1alpha1.ID(groupID), v1alpha1.ID(userID)
	}
}

// over names whom else somebody may act as.
func over(buyerID string) func(*grantSpec) {
	return func(spec *grantSpec) { spec.BuyerID, spec.UserID = v1alpha1.ID(buyerID), "" }
}

func profile(id v1alpha1.ID) func(*grantSpec) {
	return func(spec *grantSpec) { spec.SecurityProfileID = id }
}

func in(name string, id v1alpha1.ID) func(*grantSpec) {
	return func(spec *grantSpec) { spec.ClientName, spec.ClientID = name, id }
}

func tokenIn(name string, id v1alpha1.ID) func(*tokenSpec) {
	return func(spec *tokenSpec) { spec.ClientName, spec.ClientID = name, id }
}

func roles(asked ...v1alpha1.Role) func(*tokenSpec) {
	return func(spec *tokenSpec) { spec.Roles = asked }
}

func custom(asked ...v1alpha1.Role) func(*tokenSpec) {
	return func(spec *tokenSpec) { spec.CustomRoles = asked }
}

func of(buyerID v1alpha1.ID) func(*tokenSpec) {
	return func(spec *tokenSpec) { spec.BuyerID = buyerID }
}

const (
	noEntry  = "none of its entries is for this namespace"
	existing = "take over"
)

// managersGrant is a grant of the portal that b may not declare.
func managersGrant(string) map[string]any {
	return map[string]any{"ImpersonationGroupID": "managers", "BuyerID": "globex", "SecurityProfileID": "cs-rep", "ClientID": adminID}
}

// deskGrant is a grant of the portal that b could have declared.
func deskGrant(name string) map[string]any {
	return map[string]any{
		"ImpersonationGroupID": "desk", "BuyerID": "acme", "UserID": "target-of-" + name, "SecurityProfileID": "shopper", "ClientID": storefrontID,
	}
}

// declarations are the cases, named as in docs/tenants.md where that has them.
var declarations = []declaration{
	{"b", "a user of acme", aUser("acme"), "", false},
	{"b", "a user of initech, of which c may have users, too", aUser("initech"), "", false},
	{"b", "a user of acme that is in OrderCloud", there("buyers/acme/users", userFields, aUser("acme")), "", true},
	{"b", "a user of acme that is in OrderCloud with another name", there("buyers/acme/users", func(name string) map[string]any {
		fields := userFields(name)
		fields["LastName"] = "Roe"
		return fields
	}, aUser("acme", always)), "", false},
	{"b", "a user of acme to observe", there("buyers/acme/users", userFields, aUser("acme", observe)), "", true},
	{"b", "a user of globex", aUser("globex"), "buyers of its entry 0 does not list globex", false},
	{"b", "a user of globex to observe", there("buyers/globex/users", userFields, aUser("globex", observe)), "buyers of its entry 0 does not list globex", false},
	{"b", "a user of Acme, in another letter case", aUser("Acme"), "buyers of its entry 0 does not list Acme", false},

	{"b", "a grant to admin group desk over acme with shopper in Storefront", aGrant(over("acme")), "", false},
	{"b", "a grant over one user of acme", aGrant(), "", false},
	{"b", "a grant over globex", aGrant(over("globex")), "buyers of its entry 0 does not list globex", false},
	{"b", "a grant over any buyer", aGrant(over("")), "its entry 0 does not allow anyBuyer", false},
	{"b", "a grant to admin group managers", aGrant(to("", "managers", "")), "impersonators.adminGroups of its entry 0 does not list managers", false},
	{"b", "a grant to admin user jane", aGrant(to("", "", "jane")), "", false},
	{"b", "a grant to admin user operator", aGrant(to("", "", "operator")), "impersonators.adminUsers of its entry 0 does not list operator", false},
	{"b", "a grant to any admin", aGrant(to("", "", "")), "its entry 0 does not allow impersonators.anyAdmin", false},
	{"b", "a grant to all users of acme", aGrant(to("acme", "", "")), "", false},
	{"b", "a grant to a group of acme", aGrant(to("acme", "purchasers", "")), "", false},
	{"b", "a grant to a user of acme", aGrant(to("acme", "", "walk-in")), "", false},
	{"b", "a grant to all users of globex", aGrant(to("globex", "", "")), "impersonators.buyers of its entry 0 does not list globex", false},
	{"b", "a grant with profile cs-rep", aGrant(profile("cs-rep")), "securityProfiles of its entry 0 does not list cs-rep", false},
	{"b", "a grant in Storefront, by its ID", aGrant(in("", storefrontID)), "", false},
	{"b", "a grant in Mobile, which is listed by its ID", aGrant(in("", mobileID)), "", false},
	{"b", "a grant in Mobile, by its name", aGrant(in("Mobile", "")), "", false},
	{"b", "a grant in Admin", aGrant(in("Admin", "")), "clients of its entry 0 does not list Admin", false},
	{"b", "a grant in Admin, by its ID", aGrant(in("", adminID)), "clients of its entry 0 does not list " + adminID, false},
	{"b", "a grant of the portal that it could have declared", there("impersonationconfig", deskGrant, aGrant(adopted)), "", true},
	{"b", "a grant of the portal, to write over it", there("impersonationconfig", managersGrant, aGrant(adopted)), existing, false},
	{"b", "a grant of the portal, to observe it", there("impersonationconfig", func(name string) map[string]any {
		fields := managersGrant(name)
		fields["ImpersonationGroupID"], fields["ImpersonationUserID"] = nil, "jane"
		return fields
	}, aGrant(observed)), existing, false},

	{"b", "a token of acme with Shopper in Storefront", aToken(), "", false},
	{"b", "a token with Shopper and MeAdmin", aToken(roles("Shopper", "MeAdmin")), "", false},
	{"b", "a token in Storefront, by its ID", aToken(tokenIn("", storefrontID)), "", false},
	{"b", "a token with Shopper and OrderAdmin", aToken(roles("Shopper", "OrderAdmin")), "tokenRoles of its entry 0 does not list OrderAdmin", false},
	{"b", "a token with a custom role", aToken(custom("Auditor")), "tokenRoles of its entry 0 does not list Auditor", false},
	{"b", "a token of globex", aToken(of("globex")), "buyers of its entry 0 does not list globex", false},
	{"b", "a token in Admin", aToken(tokenIn("Admin", "")), "clients of its entry 0 does not list Admin", false},

	{"c", "a user of globex", aUser("globex"), "", false},
	{"c", "a user of initech, of which b may have users, too", aUser("initech"), "", false},
	{"c", "a user of acme", aUser("acme"), "buyers of its entry 1 does not list acme", false},
	{"c", "a grant over globex", aGrant(over("globex")), "kinds of its entry 1 does not list ImpersonationConfig", false},
	{"c", "a token of globex", aToken(of("globex")), "kinds of its entry 1 does not list ImpersonationToken", false},

	{"stranger", "a user", aUser("acme"), noEntry, false},
	{"stranger", "a grant", aGrant(), noEntry, false},
	{"stranger", "a token", aToken(), noEntry, false},

	{"owner", "a user of globex", aUser("globex"), "", false},
	{"owner", "a grant to any admin over any buyer with any profile in Admin", aGrant(over(""), to("", "", ""), profile("cs-rep"), in("Admin", "")), "", false},
	{"owner", "a token with a role that no tenant may ask for, in Admin", aToken(roles("OrderReader"), tokenIn("Admin", "")), "", false},
}

var _ = Describe("Two tenants and the owner of one Marketplace", Ordered, ContinueOnFailure, func() {
	var s *stage
	objects := make([]client.Object, len(declarations))
	of := func(by string) *person {
		return map[string]*person{"b": s.b, "c": s.c, "stranger": s.stranger, "owner": s.owner}[by]
	}

	BeforeAll(func(ctx SpecContext) {
		s = prepare(ctx, "")
		for index, each := range declarations {
			objects[index] = each.make(s, fmt.Sprintf("case-%s-%02d", each.by, index))
			of(each.by).declare(ctx, objects[index])
		}
	})

	for index, each := range declarations {
		if each.refused == "" {
			It(fmt.Sprintf("let %s declare %s", each.by, each.what), func(ctx SpecContext) {
				of(each.by).eventually(ctx, objects[index], v1alpha1.ReadyCondition, "True")
			})
			continue
		}
		It(fmt.Sprintf("do not let %s declare %s", each.by, each.what), func(ctx SpecContext) {
			by, object, kind := of(each.by), objects[index], reflect.TypeOf(objects[index]).Elem().Name()
			if each.refused == existing {
				by.eventuallyRefused(ctx, object, s.refusalToTake(by, "impersonationconfig/"+object.GetName()))
				Expect(object.(*v1alpha1.ImpersonationConfig).Status.Drift).To(BeEmpty())
				return
			}
			by.eventuallyRefused(ctx, object, s.refusal(by, kind, each.refused))
			s.expectCalls(object.GetName(), 0)
		})
	}

	It("have written to OrderCloud what was permitted, and nothing else", func(ctx SpecContext) {
		var want []string
		for index, each := range declarations {
			if each.refused != "" {
				continue
			}
			of(each.by).eventually(ctx, objects[index], v1alpha1.ReadyCondition, "True")
			if !each.isThere {
				want = append(want, writeOf(objects[index]))
			}
		}
		slices.Sort(want)
		Expect(s.writes()).To(Equal(want))
	})
})

// writeOf is the one write that an object takes to become Ready.
func writeOf(object client.Object) string {
	switch typed := object.(type) {
	case *v1alpha1.BuyerUser:
		users := "/v1/buyers/" + string(typed.Spec.BuyerID) + "/users"
		if typed.Spec.AdoptionPolicy == v1alpha1.AdoptAlways {
			return "PATCH " + users + "/" + typed.Name
		}
		return "POST " + users
	case *v1alpha1.ImpersonationToken:
		return "POST /v1/buyers/acme/users/" + typed.Name + "/accesstoken"
	default:
		return "POST /v1/impersonationconfig"
	}
}
