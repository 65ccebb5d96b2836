// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// refreshes is how often a token is seen to be replaced.
const refreshes = 20

// shortLife is the lifetime of the tokens that are replaced that often, in the time
// that other specs take.
const shortLife = 10 * time.Second

// witness watches the Secret of a token from the beginning of the suite.
var witness watch.Interface

func startWitness(ctx SpecContext) {
	GinkgoHelper()
	s := beginTokens(ctx, sandbox.WithTokenLifetime(shortLife))
	s.allowTokens()
	admin, err := client.NewWithWatch(suite.plane.AdminConfig, client.Options{Scheme: suite.scheme})
	Expect(err).NotTo(HaveOccurred())
	// The context of a setup node ends with the node.
	witness, err = admin.Watch(context.WithoutCancel(ctx), &corev1.SecretList{}, client.InNamespace(s.namespace),
		client.MatchingFields{"metadata.name": "walk-in"})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(witness.Stop)
	s.create(s.token("walk-in"))
}

// beginTokens begins a story in whose namespace the operator may write Secrets.
func beginTokens(ctx SpecContext, options ...sandbox.Option) *story {
	GinkgoHelper()
	s := begin(ctx, options...)
	Expect(suite.plane.GrantTokens(ctx, s.namespace)).To(Succeed())
	return s
}

// token is one for the user walk-in of acme.
func (s *story) token(name string) *v1alpha1.ImpersonationToken {
	return &v1alpha1.ImpersonationToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec: v1alpha1.ImpersonationTokenSpec{
			BuyerID: "acme", UserID: "walk-in", ClientName: "Storefront", Roles: []v1alpha1.Role{"Shopper"},
		},
	}
}

// allowTokens lets the operator's user act as the users of acme.
func (s *story) allowTokens() {
	GinkgoHelper()
	s.mutate(http.MethodPost, "impersonationconfig", map[string]any{
		"ID": "tokens", "ImpersonationUserID": "operator", "BuyerID": "acme",
		"SecurityProfileID": "cs-rep", "ClientID": s.clientID("Storefront"),
	})
}

func (s *story) secret(name string) *corev1.Secret {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(suite.admin.Get(s, client.ObjectKey{Namespace: s.namespace, Name: name}, secret)).To(Succeed())
	return secret
}

// whoIs is the user whom a token stands for, as OrderCloud says; empty when it takes
// the token for none.
func (s *story) whoIs(token []byte) string {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(s, http.MethodGet, s.url+"/v1/me", http.NoBody)
	Expect(err).NotTo(HaveOccurred())
	request.Header.Set("Authorization", "Bearer "+string(token))
	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	var me struct {
		ID string `json:"ID"`
	}
	Expect(json.NewDecoder(response.Body).Decode(&me)).To(Succeed())
	return me.ID
}

var _ = Describe("An ImpersonationToken", func() {
	It("keeps a token of a declared user in a Secret, granted by a declared config", func(ctx SpecContext) {
		s := beginTokens(ctx)
		token, user, config := s.token("jdoe"), s.user("jdoe"), s.config("tokens")
		token.Spec.BuyerID, token.Spec.UserID, token.Spec.UserRef = "", "", &v1alpha1.BuyerUserReference{Name: "jdoe"}
		token.Spec.SecretName = "jdoe-token"
		s.create(token)
		s.eventuallyFails(token, v1alpha1.ReasonReferenceNotFound)
		s.create(user)
		message := s.eventuallyFails(token, v1alpha1.ReasonNotGranted)
		Expect(message).To(ContainSubstring("declare an ImpersonationConfig"))

		By("declaring the config, which wakes it")
		config.Spec.ImpersonationGroupID, config.Spec.ImpersonationUserID = "", "operator"
		s.create(config)
		s.eventuallyReady(token, v1alpha1.ReasonIssued)
		secret := s.secret("jdoe-token")
		Expect(s.whoIs(secret.Data["token"])).To(Equal("jdoe"))
		Expect(string(secret.Data["url"])).To(Equal(s.url))
		Expect(metav1.IsControlledBy(secret, token)).To(BeTrue())
		Expect(token.Status.Roles).To(Equal([]string{"Shopper"}))
		Expect(token.Status.Username).To(Equal("jdoe@acme.example"))
		Expect(token.Status.Impersonator).To(Equal("operator@shop.example"))
		Expect(token.Status.User).To(Equal("buyers/acme/users/jdoe"))
		Expect(s.eventReasons(token)).To(ContainElement("Normal TokenIssued"))
		s.expectUntold(string(secret.Data["token"]), token)
	})

	It("writes another token at once when the Secret is deleted, or emptied", func(ctx SpecContext) {
		s := beginTokens(ctx)
		s.allowTokens()
		token := s.token("walk-in")
		s.create(token)
		s.eventuallyReady(token, v1alpha1.ReasonIssued)
		first := s.secret("walk-in")
		Expect(suite.admin.Delete(s, first)).To(Succeed())
		s.eventuallyHolds("walk-in")

		second := s.secret("walk-in")
		Expect(second.UID).NotTo(Equal(first.UID))
		change(s, second, func(secret *corev1.Secret) { secret.Data = nil })
		s.eventuallyHolds("walk-in")
	})

	It("replaces a revoked token when somebody asks for a look", func(ctx SpecContext) {
		s := beginTokens(ctx)
		s.allowTokens()
		token := s.token("walk-in")
		s.create(token)
		s.eventuallyReady(token, v1alpha1.ReasonIssued)
		s.mutate(http.MethodDelete, "buyers/acme/users/walk-in/tokens", nil)
		Expect(s.whoIs(s.secret("walk-in").Data["token"])).To(BeEmpty())
		s.lookNow(token)
		s.eventuallyHolds("walk-in")
		s.eventuallyReady(token, v1alpha1.ReasonIssued)
	})

	It("does not touch a Secret of somebody else, and takes over when that is gone", func(ctx SpecContext) {
		s := beginTokens(ctx)
		s.allowTokens()
		foreign := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "walk-in"}, StringData: map[string]string{"token": "theirs"},
		}
		s.create(foreign)
		token := s.token("walk-in")
		s.create(token)
		Expect(s.eventuallyFails(token, v1alpha1.ReasonNotOwned)).To(ContainSubstring("it is not touched"))
		Expect(string(s.secret("walk-in").Data["token"])).To(Equal("theirs"))
		Expect(suite.admin.Delete(s, foreign)).To(Succeed())
		s.eventuallyReady(token, v1alpha1.ReasonIssued)
	})

	It("says which right is missing where nobody lets the operator write Secrets", func(ctx SpecContext) {
		s := begin(ctx)
		s.allowTokens()
		token := s.token("walk-in")
		s.create(token)
		Expect(s.eventuallyFails(token, v1alpha1.ReasonAccessDenied)).To(ContainSubstring("impersonation-token-writer-role"))
		Expect(s.sandbox.Stats().Calls["POST /v1/buyers/{buyerID}/users/{userID}/accesstoken"]).To(BeZero())
		Expect(suite.plane.GrantTokens(ctx, s.namespace)).To(Succeed())
		s.lookNow(token)
		s.eventuallyReady(token, v1alpha1.ReasonIssued)
	})

	It("moves the token when it names another Secret", func(ctx SpecContext) {
		s := beginTokens(ctx)
		s.allowTokens()
		token := s.token("walk-in")
		s.create(token)
		s.eventuallyReady(token, v1alpha1.ReasonIssued)
		change(s, token, func(token *v1alpha1.ImpersonationToken) { token.Spec.SecretName = "walk-in-other" })
		s.eventuallyReady(token, v1alpha1.ReasonIssued)
		s.eventuallyHolds("walk-in-other")
		Eventually(func() bool {
			return apierrors.IsNotFound(suite.admin.Get(s, client.ObjectKey{Namespace: s.namespace, Name: "walk-in"}, &corev1.Secret{}))
		}).WithContext(s).Should(BeTrue())
	})

	It("takes no other Secret's name, unless the namespace allows it", func(ctx SpecContext) {
		s := beginTokens(ctx)
		s.allowTokens()
		token := s.token("walk-in")
		token.Spec.SecretName = "db-credentials"
		s.create(token)
		Expect(s.eventuallyFails(token, v1alpha1.ReasonRejected)).To(ContainSubstring(v1alpha1.TokenSecretPrefixLabel))
		Expect(s.sandbox.Stats().Calls["POST /v1/buyers/{buyerID}/users/{userID}/accesstoken"]).To(BeZero())
		Expect(apierrors.IsNotFound(suite.admin.Get(s, client.ObjectKey{Namespace: s.namespace, Name: "db-credentials"}, &corev1.Secret{}))).To(BeTrue())

		By("labelling the namespace, which wakes it")
		label := fmt.Appendf(nil, `{"metadata":{"labels":{%q:"db"}}}`, v1alpha1.TokenSecretPrefixLabel)
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}}
		Expect(suite.admin.Patch(s, namespace, client.RawPatch(types.MergePatchType, label))).To(Succeed())
		s.eventuallyReady(token, v1alpha1.ReasonIssued)
		s.eventuallyHolds("db-credentials")
	})

	It("is replaced in time, twenty times in a row", NodeTimeout(10*time.Minute), func(ctx SpecContext) {
		var expires time.Time
		versions, late := 0, 0
		for versions <= refreshes {
			var seen watch.Event
			Eventually(witness.ResultChan()).WithContext(ctx).WithTimeout(2 * time.Minute).Should(Receive(&seen))
			secret, ok := seen.Object.(*corev1.Secret)
			Expect(ok).To(BeTrue())
			written := secret.ManagedFields[len(secret.ManagedFields)-1].Time.Time
			if versions > 0 && written.After(expires) {
				late++
			}
			Expect(secret.Data).To(HaveKey("token"), "the Secret was emptied")
			var err error
			expires, err = time.Parse(time.RFC3339, string(secret.Data["expiration"]))
			Expect(err).NotTo(HaveOccurred())
			versions++
		}
		Expect(late).To(BeZero(), "the Secret held an expired token")
		GinkgoWriter.Printf("%d refreshes of tokens that live %s, and no gap\n", versions-1, shortLife)
	})
})

// eventuallyHolds waits until a Secret holds a token that stands for walk-in.
func (s *story) eventuallyHolds(secret string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		held := &corev1.Secret{}
		g.Expect(suite.admin.Get(s, client.ObjectKey{Namespace: s.namespace, Name: secret}, held)).To(Succeed())
		g.Expect(s.whoIs(held.Data["token"])).To(Equal("walk-in"))
	}).WithContext(s).Should(Succeed())
}

// expectUntold says that neither the object nor an event tells the secret.
func (s *story) expectUntold(secret string, object client.Object) {
	GinkgoHelper()
	Expect(suite.admin.Get(s, client.ObjectKeyFromObject(object), object)).To(Succeed())
	var list eventsv1.EventList
	Expect(suite.admin.List(s, &list, client.InNamespace(s.namespace))).To(Succeed())
	said, err := json.Marshal([]any{object, list.Items})
	Expect(err).NotTo(HaveOccurred())
	signature := secret[strings.LastIndex(secret, ".")+1:]
	Expect(string(said)).NotTo(ContainSubstring(signature))
}
