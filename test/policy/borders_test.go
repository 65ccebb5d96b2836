// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// What the policies say, with the parameters of the overlay.
const (
	buyerRefused        = `spec.buyerID: "initech" may not be named in namespace "shop": choose one of acme, globex-*, or have it added to the annotation ordercloud.io/allowed-buyers of namespace "ordercloud-policy"`
	impersonatorsListed = `may not impersonate by a grant in namespace "shop": choose one of admin-group:customer-service, or have it added to the annotation ordercloud.io/allowed-impersonators of namespace "ordercloud-policy"`
	impersonatorRefused = `spec.impersonationUserID: "admin-user:jdoe" ` + impersonatorsListed
	rolesListed         = `may not be asked for in namespace "shop": choose one of Shopper, MeAdmin, or have it added to the annotation ordercloud.io/allowed-token-roles of namespace "ordercloud-policy"`
	roleRefused         = `spec.roles: "FullAccess" ` + rolesListed
)

var _ = Describe("A buyer, an impersonator or a role", Ordered, func() {
	BeforeAll(func(ctx SpecContext) { install(ctx) })

	DescribeTable("is refused", func(ctx SpecContext, object client.Object, policy, message string) {
		Expect(dryRun(ctx, object)).To(beRefused(resourceOf(object), object.GetName(), policy, message))
	},
		Entry("when a user is of a buyer that is not listed", user("shop", userOf("initech")), buyers, buyerRefused),
		Entry("when such a user is only to be looked at", user("shop", userOf("initech"), userObserved), buyers, buyerRefused),
		Entry("when a grant is over such a buyer", grant("shop", over("initech")), buyers, buyerRefused),
		Entry("when such a grant is only to be looked at", grant("shop", over("initech"), observing), buyers, buyerRefused),
		Entry("when a token is for a user of such a buyer", token("shop", tokenOf("initech")), buyers, buyerRefused),
		Entry("when such a token is suspended", token("shop", tokenOf("initech"), suspended), buyers, buyerRefused),
		Entry("when the grant goes to an admin user", grant("shop", toAdminUser), impersonators, impersonatorRefused),
		Entry("when the grant goes to another group", grant("shop", toGroup("buyers")), impersonators,
			`spec.impersonationGroupID: "admin-group:buyers" `+impersonatorsListed),
		Entry("when the grant goes to users of a buyer", grant("shop", toBuyer("acme")), impersonators,
			`spec.impersonationBuyerID: "buyer:acme" `+impersonatorsListed),
		Entry("when the grant goes to a group of a buyer that is named like an admin group",
			grant("shop", toBuyer("acme"), toGroup("customer-service")), impersonators,
			`spec.impersonationBuyerID: "buyer:acme" `+impersonatorsListed),
		Entry("when the grant goes to a BuyerUser", grant("shop", toBuyerUser), impersonators,
			`spec.impersonationUserRef: a user of a buyer `+impersonatorsListed),
		Entry("when the grant goes to every admin user", grant("shop", toAnyAdmin), impersonators,
			`spec.impersonationGroupID: without a group or a user it is "any-admin", every admin user, who `+impersonatorsListed),
		Entry("when a role is not listed", token("shop", asking("Shopper", "FullAccess")), tokenRoles, roleRefused),
		Entry("when roles are not listed", token("shop", asking("FullAccess", "OrderAdmin")), tokenRoles, `spec.roles: "FullAccess", "OrderAdmin" `+rolesListed),
		Entry("when a custom role is not listed", token("shop", askingCustom("PriceReader")), tokenRoles, `spec.customRoles: "PriceReader" `+rolesListed),
	)

	DescribeTable("is refused though it looks like what is listed", func(ctx SpecContext, object client.Object, policy string) {
		Expect(dryRun(ctx, object)).To(beRefusedBy(policy))
	},
		Entry("a buyer in another case", user("shop", userOf("ACME")), buyers),
		Entry("with more behind it", user("shop", userOf("acme-2")), buyers),
		Entry("the asterisk of an ID", user("shop", userOf("globex")), buyers),
		Entry("a group that begins like a listed one", grant("shop", toGroup("customer-service-2")), impersonators),
		Entry("a role in another case", token("shop", asking("shopper")), tokenRoles),
	)

	DescribeTable("is accepted", func(ctx SpecContext, object client.Object) {
		Expect(dryRun(ctx, object)).To(Succeed())
	},
		Entry("when the buyer of a user is listed", user("shop")),
		Entry("when the buyer of a user has a listed beginning", user("shop", userOf("globex-eu"))),
		Entry("when the buyer of a grant is listed", grant("shop", over("globex-eu"))),
		Entry("when userRef names the user of a grant", grant("shop", overAnyBuyer, overUser)),
		Entry("when userRef names the user of a token", token("shop", tokenOfRef)),
		Entry("when the roles of a token are listed", token("shop", asking("Shopper", "MeAdmin"), askingCustom("Shopper"))),
		Entry("when a grant to everybody is only looked at", grant("shop", toAnyAdmin, observing)),
		Entry("when a token with other roles is suspended", token("shop", asking("FullAccess"), suspended)),
	)

	DescribeTable("is decided by the namespace's own list", func(ctx SpecContext, annotation, listed string, accepted, refused client.Object, policy string) {
		DeferCleanup(func(ctx SpecContext) {
			annotate(ctx, "shop", map[string]any{annotation: nil})
			Eventually(dryRun).WithArguments(ctx, violations()[policy]).Should(beRefusedBy(policy))
		})
		annotate(ctx, "shop", map[string]any{annotation: listed})
		Eventually(dryRun).WithArguments(ctx, accepted).Should(Succeed())
		Eventually(dryRun).WithArguments(ctx, refused).Should(MatchError(ContainSubstring(`added to the annotation %s of namespace "shop"`, annotation)))
	},
		Entry("of buyers", buyersAnnotation, "initech # the sister", user("shop", userOf("initech")), user("shop"), buyers),
		Entry("of no buyer", buyersAnnotation, "", token("shop", tokenOfRef), token("shop"), buyers),
		Entry("with every admin group", impersonatorsAnnotation, "admin-group:*", grant("shop", toGroup("buyers")), grant("shop", toAdminUser), impersonators),
		Entry("with every admin user", impersonatorsAnnotation, "admin-user:*", grant("shop", toAdminUser), grant("shop", toAnyAdmin), impersonators),
		Entry("with admins who are not named", impersonatorsAnnotation, "any-admin", grant("shop", toAnyAdmin), grant("shop", toAdminUser), impersonators),
		Entry("with one buyer", impersonatorsAnnotation, "buyer:acme", grant("shop", toBuyer("acme")), grant("shop", toBuyer("globex")), impersonators),
		Entry("with a buyer, for a reference", impersonatorsAnnotation, "buyer:acme-*", grant("shop", toBuyerUser), grant("shop"), impersonators),
		Entry("of roles", tokenRolesAnnotation, "Me*", token("shop", asking("MeAdmin", "MeXpAdmin")), token("shop"), tokenRoles),
	)

	It("may be one of thousands that are listed", func(ctx SpecContext) {
		listed, asked := make([]string, 2000), make([]v1alpha1.Role, 200)
		for i := range listed {
			listed[i] = fmt.Sprintf("entry-%04d-%s", i, strings.Repeat("x", 80))
		}
		for i := range asked {
			asked[i] = v1alpha1.Role(listed[len(listed)-1-i])
		}
		DeferCleanup(annotate, "shop", map[string]any{buyersAnnotation: nil, tokenRolesAnnotation: nil})
		annotate(ctx, "shop", map[string]any{buyersAnnotation: "acme " + strings.Join(listed, " ")})
		Eventually(dryRun).WithArguments(ctx, user("shop", userOf(v1alpha1.ID(listed[1999])))).Should(Succeed())
		annotate(ctx, "shop", map[string]any{buyersAnnotation: nil, tokenRolesAnnotation: strings.Join(listed, " ")})
		Eventually(dryRun).WithArguments(ctx, token("shop", asking(asked...), askingCustom(asked...))).Should(Succeed())
		asked[0] = "FullAccess"
		Expect(dryRun(ctx, token("shop", asking(asked...), askingCustom(asked[1:]...)))).To(MatchError(ContainSubstring(
			`spec.roles: "FullAccess" may not be asked for in namespace "shop": choose one of the 2000 that are, or have it added to the annotation `)))
	})
})

// Everything here violates a policy, and was there before it.
var _ = Describe("What is older than the policies about buyers, impersonators and roles", Ordered, func() {
	older := map[string]client.Object{
		"user":  user("shop-staging", userOf("initech")),
		"grant": grant("shop-staging", over("initech"), toAdminUser),
		"token": token("shop-staging", tokenOf("initech"), asking("FullAccess")),
	}
	patch := func(ctx SpecContext, name, changes string) error {
		return mergePatch(ctx, suite.admin, older[name], changes)
	}

	BeforeAll(func(ctx SpecContext) {
		for _, object := range older {
			object.SetFinalizers([]string{"example.org/keep"})
			create(ctx, object)
			DeferCleanup(func(ctx SpecContext) {
				Expect(client.IgnoreNotFound(mergePatch(ctx, suite.admin, object, `{"metadata":{"finalizers":null}}`))).To(Succeed())
			})
		}
		install(ctx)
	})

	It("keeps its finalizers, labels and annotations to itself", func(ctx SpecContext) {
		for name := range older {
			Expect(patch(ctx, name, `{"metadata":{"labels":{"team":"care"},"annotations":{"ordercloud.io/reconcile-at":"now"}}}`)).To(Succeed(), name)
		}
	})

	DescribeTable("has to meet them when its spec changes", func(ctx SpecContext, name, changes, policy string) {
		Expect(patch(ctx, name, changes)).To(beRefusedBy(policy))
	},
		Entry("a user", "user", `{"spec":{"lastName":"Roe"}}`, buyers),
		Entry("a grant", "grant", `{"spec":{"impersonationUserID":null,"impersonationGroupID":"customer-service"}}`, buyers),
		Entry("a grant of a listed buyer", "grant", `{"spec":{"buyerID":"acme"}}`, impersonators),
		Entry("a token", "token", `{"spec":{"roles":["Shopper"]}}`, buyers),
		Entry("a token of a listed buyer", "token", `{"spec":{"buyerID":"acme"}}`, tokenRoles),
		Entry("a user that is to be looked at, of yet another buyer", "user", `{"spec":{"managementPolicy":"Observe","buyerID":"hooli"}}`, buyers),
		Entry("a token that is suspended, of yet another buyer", "token", `{"spec":{"suspend":true,"buyerID":"hooli"}}`, buyers),
	)

	DescribeTable("can be stopped without meeting them, and not started again", func(ctx SpecContext, name, stop, start string) {
		Expect(patch(ctx, name, stop)).To(Succeed())
		// Two policies refuse it, and the API server tells either.
		Expect(patch(ctx, name, start)).To(Satisfy(apierrors.IsForbidden))
	},
		Entry("a user", "user", `{"spec":{"managementPolicy":"Observe"}}`, `{"spec":{"managementPolicy":"Enforce"}}`),
		Entry("a grant", "grant", `{"spec":{"managementPolicy":"Observe"}}`, `{"spec":{"managementPolicy":"Enforce"}}`),
		Entry("a token", "token", `{"spec":{"suspend":true}}`, `{"spec":{"suspend":false}}`),
	)

	It("can be told to stay in OrderCloud while it is being deleted, gets no other buyer then, and goes", func(ctx SpecContext) {
		for _, object := range older {
			Expect(suite.admin.Delete(ctx, object)).To(Succeed())
		}
		Expect(patch(ctx, "user", `{"spec":{"managementPolicy":"Enforce","deletionPolicy":"Retain"}}`)).To(Succeed())
		Expect(patch(ctx, "grant", `{"spec":{"managementPolicy":"Enforce","deletionPolicy":"Retain"}}`)).To(Succeed())
		Expect(patch(ctx, "user", `{"spec":{"buyerID":"hooli"}}`)).To(beRefusedBy(buyers))
		for name, object := range older {
			Expect(patch(ctx, name, `{"metadata":{"finalizers":null}}`)).To(Succeed(), name)
			eventuallyGone(ctx, object)
		}
	})
})

// userOf changes the buyer of a user.
func userOf(buyer v1alpha1.ID) func(*v1alpha1.BuyerUserSpec) {
	return func(spec *v1alpha1.BuyerUserSpec) { spec.BuyerID = buyer }
}

// over changes the buyer whose users are impersonated.
func over(buyer v1alpha1.ID) func(*v1alpha1.ImpersonationConfigSpec) {
	return func(spec *v1alpha1.ImpersonationConfigSpec) { spec.BuyerID = buyer }
}

// toGroup changes the group that may impersonate.
func toGroup(group v1alpha1.ID) func(*v1alpha1.ImpersonationConfigSpec) {
	return func(spec *v1alpha1.ImpersonationConfigSpec) { spec.ImpersonationGroupID = group }
}

// toBuyer lets all users of a buyer impersonate.
func toBuyer(buyer v1alpha1.ID) func(*v1alpha1.ImpersonationConfigSpec) {
	return func(spec *v1alpha1.ImpersonationConfigSpec) {
		spec.ImpersonationBuyerID, spec.ImpersonationGroupID = buyer, ""
	}
}

// toAdminUser lets one admin user impersonate.
func toAdminUser(spec *v1alpha1.ImpersonationConfigSpec) {
	spec.ImpersonationGroupID, spec.ImpersonationUserID = "", "jdoe"
}

// toBuyerUser lets a user impersonate whom a BuyerUser declares.
func toBuyerUser(spec *v1alpha1.ImpersonationConfigSpec) {
	spec.ImpersonationGroupID, spec.ImpersonationUserRef = "", &v1alpha1.BuyerUserReference{Name: "jdoe"}
}

// toAnyAdmin names nobody who may impersonate.
func toAnyAdmin(spec *v1alpha1.ImpersonationConfigSpec) { spec.ImpersonationGroupID = "" }

// tokenOf changes the buyer of the user whom a token is for.
func tokenOf(buyer v1alpha1.ID) func(*v1alpha1.ImpersonationTokenSpec) {
	return func(spec *v1alpha1.ImpersonationTokenSpec) { spec.BuyerID = buyer }
}

// tokenOfRef names the user by a BuyerUser.
func tokenOfRef(spec *v1alpha1.ImpersonationTokenSpec) {
	spec.BuyerID, spec.UserID, spec.UserRef = "", "", &v1alpha1.BuyerUserReference{Name: "jdoe"}
}

// asking changes the roles that are asked for.
func asking(roles ...v1alpha1.Role) func(*v1alpha1.ImpersonationTokenSpec) {
	return func(spec *v1alpha1.ImpersonationTokenSpec) { spec.Roles = roles }
}

// askingCustom asks for custom roles.
func askingCustom(roles ...v1alpha1.Role) func(*v1alpha1.ImpersonationTokenSpec) {
	return func(spec *v1alpha1.ImpersonationTokenSpec) { spec.CustomRoles = roles }
}

// suspended gets no token.
func suspended(spec *v1alpha1.ImpersonationTokenSpec) { spec.Suspend = true }
