// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"net"
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

var _ = Describe("A Marketplace", func() {
	It("shows its URL, the roles of its token and the counts of what refers to it", func(ctx SpecContext) {
		s := begin(ctx)
		marketplace := s.marketplace("default")
		s.eventuallyReady(marketplace, v1alpha1.ReasonInSync)
		Expect(marketplace.Status.URL).To(Equal(s.url))
		Expect(marketplace.Status.Roles).To(ContainElements("SetSecurityProfile", "BuyerUserAdmin", "ApiClientReader"))
		Expect(marketplace.Status.Roles).NotTo(ContainElement("FullAccess"))
		Expect(marketplace.Status.MissingRoles).To(BeEmpty())

		s.create(s.user("jdoe"))
		taken := s.user("asmith")
		taken.Spec.Username = "walk-in@acme.example"
		s.create(taken)
		s.create(s.config("cs-desk"))
		Eventually(func(g Gomega) {
			g.Expect(suite.admin.Get(s, client.ObjectKeyFromObject(marketplace), marketplace)).To(Succeed())
			g.Expect(marketplace.Status.Objects).To(Equal([]v1alpha1.ObjectCounts{
				{Kind: "BuyerUser", Total: 2, Ready: 1, Failed: 1}, {Kind: "ImpersonationConfig", Total: 1, Ready: 1}, {Kind: "ImpersonationToken"},
			}))
		}).WithContext(s).Should(Succeed())
	})

	It("says that its credentials are refused, and recovers when the Secret is corrected", func(ctx SpecContext) {
		s := beginWithoutMarketplace(ctx)
		clientID, clientSecret := s.sandbox.Credentials()
		s.create(credentials(s.namespace, clientID, "wrong"))
		marketplace, user := s.marketplace("default"), s.user("jdoe")
		s.create(marketplace)
		s.create(user)
		message := s.eventuallyFails(marketplace, v1alpha1.ReasonCredentialsInvalid)
		Expect(message).To(ContainSubstring("check clientID and clientSecret"))
		Expect(message).NotTo(ContainSubstring("wrong"))
		s.eventuallyFails(user, v1alpha1.ReasonCredentialsInvalid)
		Expect(s.sandbox.Stats().Calls["POST /oauth/token"]).To(Equal(1), "a refusal is not asked for again and again")

		secret := credentials(s.namespace, "", "")
		change(s, secret, func(secret *corev1.Secret) { secret.Data["clientSecret"] = []byte(clientSecret) })
		s.eventuallyReady(marketplace, v1alpha1.ReasonInSync)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
	})

	It("waits for its Secret, and for the Secret's keys", func(ctx SpecContext) {
		s := beginWithoutMarketplace(ctx)
		clientID, clientSecret := s.sandbox.Credentials()
		marketplace, user := s.marketplace("default"), s.user("jdoe")
		s.create(user)
		Expect(s.eventuallyFails(user, v1alpha1.ReasonMarketplaceNotFound)).To(ContainSubstring(s.namespace + "/default does not exist"))
		s.create(marketplace)
		Expect(s.eventuallyFails(marketplace, v1alpha1.ReasonCredentialsInvalid)).To(ContainSubstring("does not exist"))
		s.eventuallyFails(user, v1alpha1.ReasonMarketplaceNotReady)

		secret := credentials(s.namespace, clientID, clientSecret)
		delete(secret.StringData, "clientSecret")
		s.create(secret)
		Eventually(func() string { return s.eventuallyFails(marketplace, v1alpha1.ReasonCredentialsInvalid) }).
			Should(ContainSubstring("needs the keys"))
		change(s, secret, func(secret *corev1.Secret) { secret.Data["clientSecret"] = []byte(clientSecret) })
		s.eventuallyReady(marketplace, v1alpha1.ReasonInSync)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
	})

	It("has its objects looked at again when its Secret changes, though it stays Ready", func(ctx SpecContext) {
		s := begin(ctx)
		s.eventuallyReady(s.marketplace("default"), v1alpha1.ReasonInSync)
		user, config := s.user("jdoe"), s.config("cs-desk")
		for _, object := range []client.Object{user, config} {
			s.create(object)
			s.eventuallyReady(object, v1alpha1.ReasonCreated)
			s.lookNow(object)
		}
		users, configs := s.looksAt(user), s.looksAt(config)
		change(s, credentials(s.namespace, "", ""), func(secret *corev1.Secret) { secret.Labels = map[string]string{"rotated": "yes"} })
		Eventually(s.looksAt).WithArguments(user).Should(BeNumerically(">", users))
		Eventually(s.looksAt).WithArguments(config).Should(BeNumerically(">", configs))
		Expect(s.sandbox.Stats().Calls["POST /oauth/token"]).To(Equal(1), "a label is no reason for another token")
	})

	It("names the roles that its token lacks", func(ctx SpecContext) {
		s := begin(ctx)
		marketplace := s.marketplace("default")
		s.eventuallyReady(marketplace, v1alpha1.ReasonInSync)
		s.patchInOrderCloud("securityprofiles/operator", map[string]any{"Roles": []any{"BuyerUserAdmin", "ApiClientReader"}})
		s.sandbox.RevokeTokens()
		config := s.config("cs-desk")
		s.create(config)
		s.lookNow(marketplace)
		Expect(s.eventuallyFails(marketplace, v1alpha1.ReasonAccessDenied)).To(HavePrefix("the token lacks SetSecurityProfile"))
		Expect(marketplace.Status.MissingRoles).To(ConsistOf("SetSecurityProfile"))
		Expect(s.eventuallyFails(config, v1alpha1.ReasonAccessDenied)).To(ContainSubstring("Auth.InsufficientRoles"))

		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
	})

	It("says that its host cannot be reached", func(ctx SpecContext) {
		s := beginWithoutMarketplace(ctx)
		clientID, clientSecret := s.sandbox.Credentials()
		s.create(credentials(s.namespace, clientID, clientSecret))
		listener := nextListener()
		Expect(listener.Close()).To(Succeed())
		marketplace, user := s.marketplace("default"), s.user("jdoe")
		marketplace.Spec.URL = "http://" + listener.Addr().String()
		s.create(marketplace)
		s.create(user)
		Expect(s.eventuallyFails(marketplace, v1alpha1.ReasonUnavailable)).To(ContainSubstring(marketplace.Spec.URL))
		s.eventuallyFails(user, v1alpha1.ReasonUnavailable)
	})

	It("is not contacted when the operator's flags do not list its host", func(ctx SpecContext) {
		s := begin(ctx)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(listener.Close)
		contacted := make(chan struct{}, 1)
		go func() {
			if connection, err := listener.Accept(); err == nil {
				contacted <- struct{}{}
				_ = connection.Close()
			}
		}()
		elsewhere, user := s.marketplace("elsewhere"), s.user("jdoe")
		elsewhere.Spec.URL = "http://" + listener.Addr().String()
		user.Spec.MarketplaceRef.Name = "elsewhere"
		s.create(elsewhere)
		s.create(user)
		Expect(s.eventuallyFails(elsewhere, v1alpha1.ReasonAccessDenied)).To(ContainSubstring("--allowed-endpoints"))
		s.eventuallyFails(user, v1alpha1.ReasonMarketplaceNotReady)
		Expect(contacted).NotTo(Receive())
	})

	It("may be one of several, each with objects of its own", func(ctx SpecContext) {
		first, second := begin(ctx), begin(ctx)
		other := first.marketplace("second")
		other.Spec.URL = second.url
		first.create(other)
		for _, name := range []string{"default", "second"} {
			user := first.user("jdoe-" + name)
			user.Spec.UserID, user.Spec.MarketplaceRef.Name = "jdoe", name
			first.create(user)
			first.eventuallyReady(user, v1alpha1.ReasonCreated)
		}
		Expect(first.inOrderCloud(jdoe)).To(HaveKeyWithValue("Username", "jdoe-default@acme.example"))
		Expect(second.inOrderCloud(jdoe)).To(HaveKeyWithValue("Username", "jdoe-second@acme.example"))
	})

	DescribeTable("lets in the namespaces that it allows", func(ctx SpecContext, allowed v1alpha1.AllowedNamespaces, admitted bool) {
		s := begin(ctx)
		if allowed.From != "" {
			change(s, s.marketplace("default"), func(marketplace *v1alpha1.Marketplace) { marketplace.Spec.AllowedNamespaces = allowed })
		}
		user := s.user("jdoe")
		user.Namespace = s.newNamespace(map[string]string{"team": "shop"})
		user.Spec.MarketplaceRef.Namespace = s.namespace
		s.create(user)
		if admitted {
			s.eventuallyReady(user, v1alpha1.ReasonCreated)
			return
		}
		Expect(s.eventuallyFails(user, v1alpha1.ReasonNamespaceNotAllowed)).To(ContainSubstring("allowedNamespaces"))
		Expect(s.missing(jdoe)).To(BeTrue())
	},
		Entry("only its own by default", v1alpha1.AllowedNamespaces{}, false),
		Entry("all", v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll}, true),
		Entry("those that the selector matches", selecting("shop"), true),
		Entry("and no others", selecting("finance"), false),
	)
})

func selecting(team string) v1alpha1.AllowedNamespaces {
	return v1alpha1.AllowedNamespaces{
		From:     v1alpha1.NamespacesSelector,
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": team}},
	}
}

var _ = Describe("When OrderCloud misbehaves", func() {
	It("an outage takes Ready from nobody, and is told in Synced and in the events of the Marketplace alone", func(ctx SpecContext) {
		s := begin(ctx)
		declared := s.marketplace("default")
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		end := s.sandbox.Inject(sandbox.Fault{Path: "/v1/**", Status: http.StatusServiceUnavailable})
		s.lookNow(user)
		s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.eventuallyHas(declared, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
		Eventually(s.eventReasons).WithArguments(declared).Should(ContainElement("Warning Unavailable"))

		end()
		s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonCreated)
		// One outage is one event, not one of each of thousands of objects.
		Expect(s.eventReasons(user)).NotTo(ContainElement(HavePrefix("Warning")))
	})

	It("the Marketplace tells an outage that begins and ends between two of its checks", func(ctx SpecContext) {
		s := begin(ctx)
		declared := s.marketplace("default")
		users := []*v1alpha1.BuyerUser{s.user("jdoe"), s.user("asmith")}
		for _, user := range users {
			s.create(user)
			s.eventuallyReady(user, v1alpha1.ReasonCreated)
		}
		end := s.sandbox.Inject(sandbox.Fault{Status: http.StatusServiceUnavailable})
		for _, user := range users {
			s.lookNow(user)
			s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
		}
		s.eventuallyHas(declared, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
		Eventually(s.eventReasons).WithArguments(declared).Should(ContainElement("Warning Unavailable"))
		end()
		s.eventuallyHas(declared, v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync)
		for _, user := range users {
			s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonCreated)
		}
	})

	It("an object is created exactly once though the answer to its create was lost", func(ctx SpecContext) {
		s := begin(ctx)
		s.sandbox.Inject(sandbox.Fault{Method: http.MethodPost, Path: "/v1/buyers/*/users", Kind: sandbox.FaultLostAnswer, Count: 1})
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyHas(user, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonInSync)
		s.inOrderCloud(jdoe)
		Expect(s.sandbox.Stats().Calls["POST /v1/buyers/{buyerID}/users"]).To(Equal(1))
		s.expectHeld(user)
	})

	It("a request to slow down is heard, and nobody but the one who waits for it notices", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		const pause = time.Second
		s.sandbox.Inject(sandbox.Fault{
			Path: "/v1/buyers/**", Status: http.StatusTooManyRequests, RetryAfter: pause, Count: 1,
		})
		looks := s.looksAt(user)
		refused := time.Now()
		s.lookNow(user)
		// What was refused is sent again after the pause, in the same pass. So there is nothing
		// to write into a status and nothing to warn of.
		Expect(time.Since(refused)).To(BeNumerically(">=", pause))
		Expect(s.looksAt(user)-looks).To(Equal(2), "the look that was refused, and the one that was answered")
		s.eventuallyHas(user, v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonCreated)
		Expect(s.eventReasons(user)).NotTo(ContainElement(HavePrefix("Warning")))
	})

	It("a revoked token is replaced without anybody noticing", func(ctx SpecContext) {
		s := begin(ctx)
		first, second := s.user("jdoe"), s.user("asmith")
		s.create(first)
		s.eventuallyReady(first, v1alpha1.ReasonCreated)
		s.sandbox.RevokeTokens()
		s.create(second)
		s.eventuallyReady(second, v1alpha1.ReasonCreated)
		Expect(s.eventReasons(second)).NotTo(ContainElement(HavePrefix("Warning")))
	})

	It("a slow marketplace does not hold up another one", func(ctx SpecContext) {
		s := begin(ctx)
		slow := s.marketplace("slow")
		slow.Spec.RateLimit = v1alpha1.RateLimit{RequestsPerSecond: 1, Concurrency: 1}
		s.create(slow)
		const many = 60
		var waiting []*v1alpha1.BuyerUser
		for number := range many {
			user := s.user(fmt.Sprintf("slow-%02d", number))
			user.Spec.MarketplaceRef.Name = "slow"
			s.create(user)
			waiting = append(waiting, user)
		}
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		created := 0
		for _, other := range waiting {
			if !s.missing("buyers/acme/users/" + other.Name) {
				created++
			}
		}
		// One a second is created there: behind them all, it would have been the last.
		Expect(created).To(BeNumerically("<", many/2))
	})
})
