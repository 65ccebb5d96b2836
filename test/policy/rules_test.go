// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// What the policies say, with the parameters of the overlay.
const (
	profileRefused    = `spec.securityProfileID: "operator" may not be granted in namespace "shop": choose one of cs-rep, shopper, or have it added to the annotation ordercloud.io/allowed-security-profiles of namespace "ordercloud-policy"`
	ownProfileRefused = `spec.securityProfileID: "operator" may not be granted in namespace "service-desk": choose one of cs-*, or have it added to the annotation ordercloud.io/allowed-security-profiles of namespace "service-desk"`
	anyBuyerRefused   = `spec.buyerID: a grant over the users of any buyer is not allowed in namespace "shop": set buyerID or userRef, or have the namespace annotated with ordercloud.io/any-buyer=Allowed`
	deletionRefused   = `spec.deletionPolicy: Delete, which is also the default, is not allowed in the production namespace %q: set deletionPolicy: Retain`
)

var _ = Describe("What is created", Ordered, func() {
	BeforeAll(func(ctx SpecContext) { install(ctx) })

	DescribeTable("is refused", func(ctx SpecContext, object client.Object, policy, message string) {
		Eventually(dryRun).WithArguments(ctx, object).Should(beRefused(resourceOf(object), object.GetName(), policy, message))
	},
		Entry("when the profile is not listed", grant("shop", profile("operator")), securityProfiles, profileRefused),
		Entry("when the namespace's own list has other profiles", grant("service-desk", profile("operator")), securityProfiles, ownProfileRefused),
		Entry("when it reaches any buyer", grant("shop", overAnyBuyer), anyBuyer, anyBuyerRefused),
		Entry("when a grant in production says Delete", grant("shop-production", deleting), deletionPolicy, fmt.Sprintf(deletionRefused, "shop-production")),
		Entry("when a grant in production says nothing", grant("shop-production", byDefault), deletionPolicy, fmt.Sprintf(deletionRefused, "shop-production")),
		Entry("when a user in production says Delete", user("shop-production", userDeleting), deletionPolicy, fmt.Sprintf(deletionRefused, "shop-production")),
		Entry("when a user in production says nothing", user("shop-production", userByDefault), deletionPolicy, fmt.Sprintf(deletionRefused, "shop-production")),
		Entry("when production is written like a Marketplace's environment", user("shop-capital", userDeleting), deletionPolicy, fmt.Sprintf(deletionRefused, "shop-capital")),
	)

	DescribeTable("is refused though it looks like what is listed", func(ctx SpecContext, namespace string, id v1alpha1.ID) {
		Eventually(dryRun).WithArguments(ctx, grant(namespace, profile(id))).Should(beRefusedBy(securityProfiles))
	},
		Entry("in another case", "shop", v1alpha1.ID("CS-REP")),
		Entry("only its beginning", "shop", v1alpha1.ID("cs-")),
		Entry("with more behind it", "shop", v1alpha1.ID("cs-rep-2")),
		Entry("a word of a comment", "shop", v1alpha1.ID("desk")),
		Entry("what another namespace lists", "shop", v1alpha1.ID("cs-lead")),
		Entry("the beginning of an asterisk, elsewhere", "service-desk", v1alpha1.ID("my-cs-rep")),
		Entry("what is listed for all, in a namespace with a list of its own", "service-desk", v1alpha1.ID("shopper")),
	)

	DescribeTable("is accepted", func(ctx SpecContext, object client.Object) {
		Eventually(dryRun).WithArguments(ctx, object).Should(Succeed())
	},
		Entry("when the profile is listed", grant("shop")),
		Entry("when the profile is the last that is listed", grant("shop", profile("shopper"))),
		Entry("when the namespace's own list has an asterisk", grant("service-desk", profile("cs-lead"))),
		Entry("when it only observes a profile that is not listed", grant("shop", profile("operator"), observing)),
		Entry("when the namespace may reach any buyer", grant("service-desk", overAnyBuyer)),
		Entry("when it only observes a grant over any buyer", grant("shop", overAnyBuyer, observing)),
		Entry("when userRef names who is impersonated", grant("shop", overAnyBuyer, overUser)),
		Entry("when a grant in production says Retain", grant("shop-production")),
		Entry("when a user in production says Retain", user("shop-production")),
		Entry("when a user in production is only observed", user("shop-production", userDeleting, userObserved)),
		Entry("when a user in staging says Delete", user("shop-staging", userDeleting)),
		Entry("when a grant in a namespace without a label says Delete", grant("shop", deleting)),
	)
})

var _ = Describe("What is changed", Ordered, func() {
	BeforeAll(func(ctx SpecContext) { install(ctx) })

	DescribeTable("is refused", func(ctx SpecContext, object client.Object, patch, policy string) {
		create(ctx, object)
		Expect(mergePatch(ctx, suite.admin, object, patch)).To(beRefusedBy(policy))
	},
		Entry("when another profile is granted", grant("shop"), `{"spec":{"securityProfileID":"operator"}}`, securityProfiles),
		Entry("when the grant is widened to any buyer", grant("shop"), `{"spec":{"buyerID":null}}`, anyBuyer),
		Entry("when Observe ends with a profile that is not listed", grant("shop", profile("operator"), observing),
			`{"spec":{"managementPolicy":"Enforce"}}`, securityProfiles),
		Entry("when Observe ends with a grant over any buyer", grant("shop", overAnyBuyer, observing),
			`{"spec":{"managementPolicy":null}}`, anyBuyer),
		Entry("when Observe ends with Delete in production", user("shop-production", userDeleting, userObserved),
			`{"spec":{"managementPolicy":"Enforce"}}`, deletionPolicy),
		Entry("when a grant in production is to be deleted", grant("shop-production"), `{"spec":{"deletionPolicy":"Delete"}}`, deletionPolicy),
		Entry("when a user in production falls back on the default", user("shop-production"), `{"spec":{"deletionPolicy":null}}`, deletionPolicy),
	)

	DescribeTable("is accepted", func(ctx SpecContext, object client.Object, patch string) {
		create(ctx, object)
		Expect(mergePatch(ctx, suite.admin, object, patch)).To(Succeed())
	},
		Entry("when another listed profile is granted", grant("shop"), `{"spec":{"securityProfileID":"shopper"}}`),
		Entry("when a grant is narrowed", grant("service-desk", overAnyBuyer), `{"spec":{"buyerID":"acme"}}`),
		Entry("when a user in production gets another address", user("shop-production"), `{"spec":{"email":"joan@acme.example"}}`),
	)
})

// byDefault leaves deletionPolicy out.
func byDefault(spec *v1alpha1.ImpersonationConfigSpec) { spec.DeletionPolicy = "" }

// overUser names who is impersonated.
func overUser(spec *v1alpha1.ImpersonationConfigSpec) {
	spec.UserRef = &v1alpha1.BuyerUserReference{Name: "jdoe"}
}

// userByDefault leaves deletionPolicy out.
func userByDefault(spec *v1alpha1.BuyerUserSpec) { spec.DeletionPolicy = "" }

// userDeleting says deletionPolicy: Delete.
func userDeleting(spec *v1alpha1.BuyerUserSpec) { spec.DeletionPolicy = v1alpha1.DeletionDelete }

// userObserved only looks.
func userObserved(spec *v1alpha1.BuyerUserSpec) {
	spec.ManagementPolicy = v1alpha1.ManagementObserve
}
