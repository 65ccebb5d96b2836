// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// byLabel lets namespaces in that have the label.
func byLabel() v1alpha1.AllowedNamespaces {
	return v1alpha1.AllowedNamespaces{
		From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{MatchLabels: allowed},
	}
}

var allowed = map[string]string{"shop": "allowed"}

var _ = Describe("An operator with Roles in two namespaces and no ClusterRole", func() {
	It("manages both, leads, and leaves a third alone", func(ctx SpecContext) {
		objects := build(ctx, "config/namespaced")
		s := install(ctx, objects)
		system := s.namespaces["ordercloud-system"]
		everyone := v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll}
		shop, support, other := s.open("shop", time.Second, everyone), s.open("support", time.Second, everyone), s.open("other", time.Second, everyone)
		s.start(objects, []*market{shop, support, other})

		own, another, foreign := s.jdoe("shop", "shop"), s.jdoe("support", "support"), s.jdoe("other", "other")
		across, astray := s.jdoe("support", "shop"), s.jdoe("support", "other")
		across.Name, across.Spec.Username = "across", "across@acme.example"
		astray.Name = "astray"
		s.create(own, another, foreign, across, astray)
		for _, user := range []*v1alpha1.BuyerUser{own, another, across} {
			s.eventually(user, v1alpha1.ReadyCondition, "True Created")
		}
		s.eventually(shop.Marketplace, v1alpha1.ReadyCondition, "True InSync")
		s.eventually(astray, v1alpha1.SyncedCondition, "False MarketplaceNotFound: Marketplace "+s.namespaces["other"]+"/default is in a namespace that the operator does not watch")

		By("a rotation of a Secret is seen at once")
		change(s, shop.Marketplace, func(declared *v1alpha1.Marketplace) { declared.Spec.Interval.Duration = time.Hour })
		delete(shop.secret.Data, "clientID")
		Expect(suite.admin.Update(s, shop.secret)).To(Succeed())
		s.eventually(shop.Marketplace, v1alpha1.SyncedCondition, "False CredentialsInvalid")

		By("the third namespace has not been touched")
		Expect(suite.admin.Get(s, client.ObjectKeyFromObject(foreign), foreign)).To(Succeed())
		Expect(foreign.Status.ObservedGeneration).To(Equal(int64(-1)))
		Expect(other.box.Stats().Total).To(BeZero())
		for _, each := range reads(s.user) {
			Expect(each.Namespace).To(BeElementOf(s.namespaces["shop"], s.namespaces["support"]), "%+v", each)
		}

		By("its lease and its events are where its Roles are")
		lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "ordercloud-operator.ordercloud.io"}}
		Expect(suite.admin.Get(s, client.ObjectKeyFromObject(lease), lease)).To(Succeed())
		Eventually(func(g Gomega) {
			var events eventsv1.EventList
			g.Expect(suite.admin.List(s, &events, client.InNamespace(s.namespaces["support"]))).To(Succeed())
			g.Expect(events.Items).NotTo(BeEmpty())
		}).WithContext(s).Should(Succeed())
		s.operator.expectNothingRefused()
	})

	It("asks for the labels of its namespaces, and says when it may not", func(ctx SpecContext) {
		objects := build(ctx, "config/namespaced")
		s := install(ctx, objects)
		shop := s.open("shop", time.Second, byLabel())
		s.start(objects, []*market{shop})
		user := s.jdoe("support", "shop")
		s.create(user)
		s.eventually(user, v1alpha1.SyncedCondition, "False NamespaceNotAllowed: Marketplace "+s.namespaces["shop"]+"/default does not let namespace")

		s.label(allowed)
		s.eventually(user, v1alpha1.ReadyCondition, "True Created")
		s.label(nil)
		s.eventually(user, v1alpha1.SyncedCondition, "False NamespaceNotAllowed: Marketplace "+s.namespaces["shop"]+"/default does not let namespace")
		s.eventually(user, v1alpha1.ReadyCondition, "True Created")

		By("its Role does not let it get the namespace any more")
		s.label(allowed)
		s.eventually(user, v1alpha1.SyncedCondition, "True")
		s.operator.expectNothingRefused()
		role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespaces["support"], Name: "ordercloud-manager-role"}}
		change(s, role, func(role *rbacv1.Role) { role.Rules = without(role.Rules, "namespaces") })
		s.eventually(user, v1alpha1.SyncedCondition, fmt.Sprintf("False NamespaceNotAllowed: Marketplace %s/default lets namespaces in by their labels, "+
			"and the API server does not let the operator read those of namespace %q: grant its role get on namespaces there", s.namespaces["shop"], s.namespaces["support"]))

		By("everybody is let in, whatever the labels are")
		change(s, shop.Marketplace, func(declared *v1alpha1.Marketplace) {
			declared.Spec.AllowedNamespaces = v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll}
		})
		s.eventually(user, v1alpha1.SyncedCondition, "True")
	})
})

// without are the rules that are not about a resource.
func without(rules []rbacv1.PolicyRule, resource string) []rbacv1.PolicyRule {
	var kept []rbacv1.PolicyRule
	for _, rule := range rules {
		if len(rule.Resources) != 1 || rule.Resources[0] != resource {
			kept = append(kept, rule)
		}
	}
	return kept
}

var _ = Describe("A namespace whose labels change", func() {
	It("gets the permission, loses it without losing anything, and gets it back", func(ctx SpecContext) {
		objects := build(ctx, "config/default")
		s := install(ctx, objects)
		shop := s.open("shop", time.Hour, byLabel())
		s.start(objects, []*market{shop})
		user := s.jdoe("support", "shop")
		s.create(user)
		s.eventually(user, v1alpha1.SyncedCondition, "False NamespaceNotAllowed")
		s.label(allowed)
		s.eventually(user, v1alpha1.ReadyCondition, "True Created")

		By("losing it: what is there stays, and nothing is written")
		s.label(nil)
		s.eventually(user, v1alpha1.SyncedCondition, "False NamespaceNotAllowed")
		s.eventually(user, v1alpha1.ReadyCondition, "True Created")
		Expect(user.Finalizers).To(ContainElement(v1alpha1.ClaimFinalizer))
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.FirstName = "Jane" })
		s.eventually(user, v1alpha1.ReadyCondition, "False NamespaceNotAllowed")
		s.eventually(user, v1alpha1.StalledCondition, "True NamespaceNotAllowed")
		kept, exists := shop.box.Object(jdoe)
		Expect(exists).To(BeTrue())
		Expect(kept).To(HaveKeyWithValue("FirstName", "Joan"))

		By("getting it back: what was declared meanwhile is written")
		s.label(allowed)
		s.eventually(user, v1alpha1.ReadyCondition, "True Updated")

		By("losing it again: a deletion waits and says so")
		s.label(nil)
		s.eventually(user, v1alpha1.SyncedCondition, "False NamespaceNotAllowed")
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventually(user, v1alpha1.SyncedCondition, "False NamespaceNotAllowed: the deletion waits: Marketplace")
		_, exists = shop.box.Object(jdoe)
		Expect(exists).To(BeTrue())

		s.label(allowed)
		Eventually(func() error { return suite.admin.Get(s, client.ObjectKeyFromObject(user), user) }).WithContext(s).
			Should(MatchError(ContainSubstring("not found")))
		_, exists = shop.box.Object(jdoe)
		Expect(exists).To(BeFalse())
		s.operator.expectNothingRefused()
	})
})

var _ = Describe("An operator with --no-cross-namespace-refs", func() {
	It("refuses what a Marketplace lets in, says which flag it is, and works on in the Marketplace's own namespace", func(ctx SpecContext) {
		objects := build(ctx, "config/default")
		s := install(ctx, objects)
		shop := s.open("shop", time.Second, v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll})
		s.start(objects, []*market{shop}, "--no-cross-namespace-refs")
		own, across := s.jdoe("shop", "shop"), s.jdoe("support", "shop")
		across.Spec.UserID, across.Spec.Username = "across", "across@acme.example"
		s.create(own, across)
		s.eventually(own, v1alpha1.ReadyCondition, "True Created")
		s.eventually(across, v1alpha1.StalledCondition, fmt.Sprintf("True NamespaceNotAllowed: Marketplace %s/default is in another namespace, "+
			"and the operator's flag --no-cross-namespace-refs forbids such references", s.namespaces["shop"]))
		_, exists := shop.box.Object("buyers/acme/users/across")
		Expect(exists).To(BeFalse())
		s.operator.expectNothingRefused()
	})
})
