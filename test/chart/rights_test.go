// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// right is something that somebody may do or not, as "VERB RESOURCE in NAMESPACE";
// without a namespace, in all of them.
type right string

// isGiven asks the API server's authorizer.
func (r right) isGiven(ctx SpecContext, account string) bool {
	GinkgoHelper()
	asked, namespace, _ := strings.Cut(string(r), " in ")
	verb, resource, _ := strings.Cut(asked, " ")
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: "system:serviceaccount:" + system + ":" + account, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + system},
	}}
	if strings.HasPrefix(resource, "/") {
		review.Spec.NonResourceAttributes = &authorizationv1.NonResourceAttributes{Verb: verb, Path: resource}
	} else {
		resource, subresource, _ := strings.Cut(resource, "/")
		resource, group, _ := strings.Cut(resource, ".")
		review.Spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
			Verb: verb, Group: group, Resource: resource, Subresource: subresource, Namespace: namespace,
		}
	}
	Expect(suite.admin.Create(ctx, review)).To(Succeed())
	return review.Status.Allowed
}

var _ = DescribeTable("What the operator may do",
	func(ctx SpecContext, values string, given, denied []right) {
		// Names of its own, so that no other entry's bindings count.
		name := "rights-" + values
		for _, object := range suite.helms["Helm 4"].render(ctx, name, system, "--values", set(values), "--set", "crds.enabled=false") {
			if !strings.HasSuffix(object.GetKind(), "Role") && !strings.HasSuffix(object.GetKind(), "RoleBinding") {
				continue
			}
			apply(ctx, object)
			DeferCleanup(func(ctx SpecContext) { Expect(client.IgnoreNotFound(suite.admin.Delete(ctx, object))).To(Succeed()) })
		}
		for _, each := range given {
			// The authorizer hears of a binding by a watch.
			Eventually(each.isGiven).WithContext(ctx).WithArguments(name+"-operator").Should(BeTrue(), fmt.Sprint(each))
		}
		for _, each := range denied {
			Expect(each.isGiven(ctx, name+"-operator")).To(BeFalse(), fmt.Sprint(each))
		}
	},
	Entry("with ImpersonationTokens in no namespace", "unwatched-secrets",
		[]right{"get secrets in shop", "list buyerusers.ordercloud.io", "watch namespaces", "create tokenreviews.authentication.k8s.io", "update leases.coordination.k8s.io in " + system},
		[]right{"list secrets", "watch secrets in shop", "create secrets in shop", "update secrets in shop", "delete secrets in shop", "get /metrics"}),
	Entry("with ImpersonationTokens in one namespace", "tokens",
		[]right{"create secrets in shop", "update secrets in shop", "delete secrets in shop", "list secrets"},
		[]right{"create secrets in support", "update secrets in support", "delete secrets in kube-system", "create secrets", "patch secrets in shop"}),
	Entry("with ImpersonationTokens everywhere", "tokens-everywhere",
		[]right{"create secrets", "update secrets", "delete secrets"},
		[]right{"create serviceaccounts", "create secrets/finalizers"}),
	Entry("with ImpersonationTokens in one of two watched namespaces", "tokens-namespaced",
		[]right{"create secrets in shop", "list secrets in shop", "list secrets in support", "get namespaces in support"},
		[]right{"create secrets in support", "create secrets", "list secrets", "list buyerusers.ordercloud.io", "list buyerusers.ordercloud.io in monitoring", "watch namespaces"}),
	Entry("with ImpersonationTokens in all watched namespaces", "tokens-everywhere-namespaced",
		[]right{"create secrets in shop", "delete secrets in support"},
		[]right{"create secrets in " + system, "create secrets in monitoring", "create secrets"}),
	Entry("with as little as possible", "namespaced-unwatched-secrets",
		[]right{"get secrets in shop", "patch marketplaces.ordercloud.io in shop", "patch marketplaces.ordercloud.io/status in shop"},
		[]right{"list secrets in shop", "get secrets in support", "get marketplaces.ordercloud.io in support", "create tokenreviews.authentication.k8s.io"}),
)

var _ = DescribeTable("Nothing is granted outside the namespaces", func(ctx SpecContext, values string, namespaces ...string) {
	objects := rendered(ctx, "--values", set(values))
	Expect(objects).NotTo(BeEmpty())
	for _, object := range objects {
		Expect(namespaces).To(ContainElement(object.GetNamespace()), "%s %s", object.GetKind(), object.GetName())
	}
},
	Entry("that are watched, and the operator's own", "namespaced", "shop", "support", system),
	Entry("that is watched, and the operator's own", "namespaced-unwatched-secrets", "shop", system),
)
