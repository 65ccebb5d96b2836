// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

// rotated gives the API client another secret, which makes the old one and its
// tokens useless.
func (m *market) rotated(clientSecret string) {
	GinkgoHelper()
	clientID, _ := m.box.Credentials()
	Expect(m.box.Mutate(sandbox.Mutation{
		Method: http.MethodPatch, Path: "apiclients/" + clientID, Body: map[string]any{"ClientSecret": clientSecret},
	})).To(Succeed())
	m.box.RevokeTokens()
}

func (s *story) password(namespace, value string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespaces[namespace], Name: "jdoe"},
		StringData: map[string]string{"password": value},
	}
}

// withPassword makes a user's password the Secret's.
func withPassword(user *v1alpha1.BuyerUser, secret string) *v1alpha1.BuyerUser {
	user.Spec.PasswordSecretRef = &v1alpha1.SecretKeyReference{Name: secret}
	user.Spec.PasswordPolicy = v1alpha1.PasswordEnforce
	return user
}

var _ = Describe("An operator that may only get Secrets", func() {
	for name, manifests := range map[string]func() string{
		"in the whole cluster":         func() string { return "config/unwatched-secrets" },
		"with Roles in two namespaces": func() string { return combine("config/namespaced", "config/components/unwatched-secrets") },
	} {
		It("sees rotations at the next interval, "+name, func(ctx SpecContext) {
			objects := build(ctx, manifests())
			s := install(ctx, objects)
			shop := s.open("shop", time.Second, v1alpha1.AllowedNamespaces{})
			s.start(objects, []*market{shop})
			secret := s.password("shop", "First-Horse-71")
			user := withPassword(s.jdoe("shop", "shop"), secret.Name)
			s.create(secret, user)
			s.eventually(user, v1alpha1.ReadyCondition, "True Created")
			s.eventually(shop.Marketplace, v1alpha1.ReadyCondition, "True InSync")

			By("another password")
			secret.StringData = map[string]string{"password": "Second-Horse-72"}
			Expect(suite.admin.Update(s, secret)).To(Succeed())
			s.eventually(user, v1alpha1.ReadyCondition, "True Updated")
			set, _ := shop.box.Password(jdoe)
			Expect(set).To(Equal("Second-Horse-72"))

			By("refused credentials, and then the new ones")
			shop.rotated("another-client-secret")
			s.eventually(shop.Marketplace, v1alpha1.ReadyCondition, "False CredentialsInvalid")
			s.eventually(user, v1alpha1.SyncedCondition, "False CredentialsInvalid")
			shop.secret.StringData = map[string]string{"clientSecret": "another-client-secret"}
			Expect(suite.admin.Update(s, shop.secret)).To(Succeed())
			s.eventually(shop.Marketplace, v1alpha1.ReadyCondition, "True InSync")
			s.eventually(user, v1alpha1.SyncedCondition, "True")

			By("a Secret that is gone, and comes back")
			Expect(suite.admin.Delete(s, shop.secret)).To(Succeed())
			s.eventually(shop.Marketplace, v1alpha1.ReadyCondition, "False CredentialsInvalid: Secret")
			shop.secret.ResourceVersion, shop.secret.UID = "", ""
			s.create(shop.secret)
			s.eventually(shop.Marketplace, v1alpha1.ReadyCondition, "True InSync")

			By("nothing else was read")
			for _, each := range reads(s.user) {
				if each.Resource == "secrets" {
					Expect(each.Verb).To(Equal("get"), "%+v", each)
					Expect(each.Namespace + "/" + each.Name).To(BeElementOf(s.namespaces["shop"]+"/ordercloud", s.namespaces["shop"]+"/jdoe"))
				}
			}
			s.operator.expectNothingRefused()
		})
	}

	It("reads no Secret because of an object in another namespace", func(ctx SpecContext) {
		objects := build(ctx, "config/unwatched-secrets")
		s := install(ctx, objects)
		shop := s.open("shop", time.Second, v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll})
		other := s.open("other", time.Second, v1alpha1.AllowedNamespaces{})
		s.start(objects, []*market{shop})

		By("naming the Secret that the Marketplace of another namespace has")
		borrowing := withPassword(s.jdoe("support", "shop"), "ordercloud")
		borrowing.Spec.PasswordSecretRef.Key = "clientSecret"
		s.create(borrowing)
		s.eventually(borrowing, v1alpha1.SyncedCondition,
			"False ReferenceNotFound: Secret "+s.namespaces["support"]+"/ordercloud, which passwordSecretRef names, does not exist")

		By("naming a Marketplace that lets nobody in, and whose host is not allowed either")
		intruding := s.jdoe("support", "other")
		intruding.Name = "intruding"
		s.create(intruding)
		s.eventually(intruding, v1alpha1.SyncedCondition, "False NamespaceNotAllowed")

		secrets := map[string]int{}
		for _, each := range reads(s.user) {
			if each.Resource == "secrets" {
				secrets[each.Namespace+"/"+each.Name]++
			}
		}
		Expect(secrets).To(And(HaveLen(2), HaveKey(s.namespaces["shop"]+"/ordercloud"), HaveKey(s.namespaces["support"]+"/ordercloud")))
		Expect(other.box.Stats().Total).To(BeZero())
	})
})

var _ = Describe("An operator whose flags need more than its roles allow", func() {
	It("is not ready, and shows for which kind", func(ctx SpecContext) {
		s := install(ctx, build(ctx, "config/unwatched-secrets"))
		started := launchOperator(s.user, shipped.Options{Namespace: s.namespaces["ordercloud-system"]})
		for _, kind := range []string{"marketplaces", "buyerusers", "impersonationconfigs", "namespaces"} {
			Eventually(func() error { return started.CheckReady(ctx, kind+"-synced") }).WithContext(ctx).Should(Succeed(), kind)
		}
		Eventually(started.log).WithContext(ctx).Should(gbytes.Say("secrets is forbidden"))
		Expect(started.CheckReady(ctx, "secrets-synced")).To(MatchError(ContainSubstring("500")))
		Expect(started.CheckReady(ctx)).To(MatchError(ContainSubstring("500")))
	})
})

var _ = Describe("A Secret that no role lets the operator read", func() {
	It("is named in the status of the Marketplace and of the user", func(ctx SpecContext) {
		objects := build(ctx, combine("config/namespaced", "config/components/unwatched-secrets"))
		for _, rules := range rulesOf(objects) {
			for index := range rules {
				if rules[index].Resources[0] == "secrets" {
					rules[index].ResourceNames = []string{"ordercloud"}
				}
			}
		}
		s := install(ctx, objects)
		shop := s.open("shop", time.Second, v1alpha1.AllowedNamespaces{})
		s.start(objects, []*market{shop})
		secret := s.password("shop", "First-Horse-71")
		user := withPassword(s.jdoe("shop", "shop"), secret.Name)
		s.create(secret, user)
		s.eventually(user, v1alpha1.SyncedCondition, "False AccessDenied: the API server does not let the operator read Secret "+s.namespaces["shop"]+"/jdoe")
		s.eventually(shop.Marketplace, v1alpha1.ReadyCondition, "True InSync")

		change(s, shop.Marketplace, func(declared *v1alpha1.Marketplace) { declared.Spec.CredentialsSecretRef.Name = "jdoe" })
		s.eventually(shop.Marketplace, v1alpha1.ReadyCondition, "False AccessDenied: the API server does not let the operator read Secret "+s.namespaces["shop"]+"/jdoe")
	})
})
