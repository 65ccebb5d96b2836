// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// useCredentials gives the Marketplace's Secret these.
func (s *story) useCredentials(clientID, clientSecret string) {
	GinkgoHelper()
	change(s, credentials(s.namespace, "", ""), func(secret *corev1.Secret) {
		secret.Data = map[string][]byte{"clientID": []byte(clientID), "clientSecret": []byte(clientSecret)}
	})
}

// victimOf makes a user of the same path in the marketplace of another seller.
func victimOf(another *sandbox.Sandbox) {
	GinkgoHelper()
	Expect(another.Mutate(sandbox.Mutation{Method: http.MethodPost, Path: "buyers/acme/users", Body: map[string]any{
		"ID": "jdoe", "Username": "victim", "FirstName": "Vic", "LastName": "Tim", "Email": "victim@acme.example", "Active": true,
	}})).To(Succeed())
}

func expectVictim(another *sandbox.Sandbox) {
	GinkgoHelper()
	found, exists := another.Object(jdoe)
	Expect(exists).To(BeTrue(), "the other seller's user was deleted")
	Expect(found).To(HaveKeyWithValue("Username", "victim"))
	for route := range another.Stats().Calls {
		Expect(route).To(BeElementOf("POST /oauth/token", "GET /v1/me"), "the other seller's marketplace was used")
	}
}

var _ = Describe("The seller of a Marketplace", func() {
	It("is told, and so is who the operator is there", func(ctx SpecContext) {
		s := begin(ctx)
		declared := s.marketplace("default")
		s.eventuallyReady(declared, v1alpha1.ReasonInSync)
		Expect(declared.Status.SellerID).To(Equal("sandbox-marketplace"))
		Expect(declared.Status.User).To(Equal(&v1alpha1.MarketplaceUser{ID: "operator", Username: "operator@shop.example"}))
	})

	It("does not change with the credentials: another seller's user at the same URL is neither overwritten nor deleted", func(ctx SpecContext) {
		s, another := beginInRegion(ctx)
		user, declared := s.user("jdoe"), s.marketplace("default")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		victimOf(another)

		s.useCredentials(another.Credentials())
		Expect(s.eventuallyFails(declared, v1alpha1.ReasonSellerChanged)).To(SatisfyAll(
			ContainSubstring(`"another-seller"`), ContainSubstring(`"sandbox-marketplace"`), ContainSubstring("spec.sellerID")))
		s.eventuallyHas(declared, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonSellerChanged)
		Expect(declared.Status.SellerID).To(Equal("sandbox-marketplace"))
		s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonMarketplaceNotReady)
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.FirstName = "Jane" })
		s.eventuallyFails(user, v1alpha1.ReasonMarketplaceNotReady)
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonMarketplaceNotReady)
		expectVictim(another)

		// With the right credentials the deletion goes on where the user is.
		s.useCredentials(s.sandbox.Credentials())
		s.eventuallyGone(user)
		Expect(s.missing(jdoe)).To(BeTrue())
		expectVictim(another)
	})

	It("changes when spec.sellerID says so", func(ctx SpecContext) {
		s, another := beginInRegion(ctx)
		declared := s.marketplace("default")
		s.useCredentials(another.Credentials())
		s.eventuallyFails(declared, v1alpha1.ReasonSellerChanged)
		change(s, declared, func(declared *v1alpha1.Marketplace) { declared.Spec.SellerID = "another-seller" })
		s.eventuallyReady(declared, v1alpha1.ReasonInSync)
		Expect(declared.Status.SellerID).To(Equal("another-seller"))
		change(s, declared, func(declared *v1alpha1.Marketplace) { declared.Spec.SellerID = "" })
		s.eventuallyReady(declared, v1alpha1.ReasonInSync)
		Expect(declared.Status.SellerID).To(Equal("another-seller"))
	})

	It("is the declared one from the first moment", func(ctx SpecContext) {
		s := beginWithoutMarketplace(ctx)
		clientID, clientSecret := s.sandbox.Credentials()
		s.create(credentials(s.namespace, clientID, clientSecret))
		declared, user := s.marketplace("default"), s.user("jdoe")
		declared.Spec.SellerID = "acme-shop"
		s.create(declared)
		s.create(user)
		s.eventuallyFails(declared, v1alpha1.ReasonSellerChanged)
		Expect(declared.Status.SellerID).To(BeEmpty())
		Expect(s.eventuallyFails(user, v1alpha1.ReasonMarketplaceNotReady)).To(ContainSubstring(`"acme-shop"`))
		Expect(s.missing(jdoe)).To(BeTrue())
	})

	It("is proven before a Marketplace is Ready: one that is pointed to a URL which answers 503 is not", func(ctx SpecContext) {
		s := begin(ctx)
		declared := s.marketplace("default")
		url := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
		change(s, declared, func(declared *v1alpha1.Marketplace) { declared.Spec.URL = url })
		Expect(s.eventuallyFails(declared, v1alpha1.ReasonUnavailable)).To(ContainSubstring(url))
		Expect(declared.Status.URL).To(Equal(url))
	})
})

// attacker is a namespace whose Marketplace has the owner's URL and client ID, which
// are no secrets, and a wrong secret.
func (s *story) attacker() (namespace string) {
	GinkgoHelper()
	clientID, _ := s.sandbox.Credentials()
	namespace = s.newNamespace(nil)
	s.create(credentials(namespace, clientID, "guessed"))
	declared := s.marketplace("default")
	declared.Namespace = namespace
	s.create(declared)
	s.eventuallyFails(declared, v1alpha1.ReasonCredentialsInvalid)
	return namespace
}

// forged declares the user jdoe with what earlier versions took for a claim.
func (s *story) forged(namespace string) *v1alpha1.BuyerUser {
	forged := s.namesake("forged")
	forged.Namespace = namespace
	forged.Finalizers = []string{v1alpha1.ClaimFinalizer}
	forged.Annotations = map[string]string{v1alpha1.ClaimedInAnnotation: s.url}
	return forged
}

var _ = Describe("A Marketplace of another namespace with the same client ID and a wrong secret", func() {
	It("hides no rogue grant from the owner's GrantsDeclared", func(ctx SpecContext) {
		s, declared := reporting(ctx)
		s.grant("rogue", "acme")
		s.eventuallyUnmanaged(declared, "rogue")
		config := s.config("rogue")
		config.Namespace = s.attacker()
		s.create(config)
		s.eventuallyFails(config, v1alpha1.ReasonCredentialsInvalid)
		s.afterAnotherList(declared)
		s.eventuallyUnmanaged(declared, "rogue")
		Expect(s.eventReasons(declared)).NotTo(ContainElement("Normal GrantDeclared"))

		// With the right secret it is the same marketplace, and the grant is declared.
		_, right := s.sandbox.Credentials()
		change(s, credentials(config.Namespace, "", ""), func(secret *corev1.Secret) { secret.Data["clientSecret"] = []byte(right) })
		s.eventuallyUnmanaged(declared)
	})

	It("inherits no user whose deletion was asked for", func(ctx SpecContext) {
		s := begin(ctx)
		s.useGrace(time.Second)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		namespace := s.attacker()
		heir, forged := s.user("jdoe"), s.forged(namespace)
		heir.Namespace = namespace
		for _, object := range []*v1alpha1.BuyerUser{heir, forged} {
			s.create(object)
			s.eventuallyFails(object, v1alpha1.ReasonCredentialsInvalid)
		}

		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		Expect(s.missing(jdoe)).To(BeTrue(), "the user was handed over instead of deleted")
		for _, object := range []*v1alpha1.BuyerUser{heir, forged} {
			Expect(suite.admin.Get(s, client.ObjectKeyFromObject(object), object)).To(Succeed())
			expectNoClaim(object)
		}
	})

	It("keeps no object in Conflict by a forged finalizer and annotation, and deletes nothing with it", func(ctx SpecContext) {
		s := begin(ctx)
		forged := s.forged(s.attacker())
		s.create(forged)
		s.eventuallyFails(forged, v1alpha1.ReasonCredentialsInvalid)
		expectNoClaim(forged)

		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.lookNow(forged)
		expectNoClaim(forged)
		Expect(suite.admin.Delete(s, forged)).To(Succeed())
		s.eventuallyGone(forged)

		// Not even with the right secret.
		before := s.inOrderCloud(jdoe)
		_, right := s.sandbox.Credentials()
		again := s.forged(forged.Namespace)
		change(s, credentials(again.Namespace, "", ""), func(secret *corev1.Secret) { secret.Data["clientSecret"] = []byte(right) })
		s.create(again)
		s.eventuallyFails(again, v1alpha1.ReasonConflict)
		Expect(suite.admin.Delete(s, again)).To(Succeed())
		s.eventuallyGone(again)
		s.lookNow(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		Expect(s.inOrderCloud(jdoe)).To(Equal(before))
		Expect(s.sandbox.Stats().Writes()).To(Equal(1))
	})
})
