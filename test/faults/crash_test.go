// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"
	"net/http"
	"net/http/httptest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const (
	jdoe   = "buyers/acme/users/jdoe"
	csDesk = "impersonationconfig/cs-desk"
)

// crash is a namespace with a Marketplace, the gate in front of its sandbox and
// the operator that is about to be killed.
type crash struct {
	context.Context

	admin     client.Client
	gate      *gate
	url       string
	namespace string
	operator  *operator
}

func prepare(ctx context.Context) *crash {
	GinkgoHelper()
	c := prepareWithoutOperator(ctx)
	c.operator = startOperator(ctx, []string{c.url})
	return c
}

func prepareWithoutOperator(ctx context.Context) *crash {
	GinkgoHelper()
	opened, err := sandbox.New()
	Expect(err).NotTo(HaveOccurred())
	c := &crash{Context: ctx, admin: suite.admin, gate: &gate{sandbox: opened}}
	server := httptest.NewServer(c.gate)
	DeferCleanup(server.Close)
	c.url = server.URL
	c.declareMarketplace()
	return c
}

// declareMarketplace declares a Marketplace "default" in a namespace of its own.
func (c *crash) declareMarketplace() {
	GinkgoHelper()
	ctx := c.Context
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "crash-"}}
	Expect(c.admin.Create(ctx, namespace)).To(Succeed())
	c.namespace = namespace.Name
	clientID, clientSecret := c.gate.sandbox.Credentials()
	Expect(c.admin.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "ordercloud"},
		StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret},
	})).To(Succeed())
	Expect(c.admin.Create(ctx, &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "default"},
		Spec: v1alpha1.MarketplaceSpec{
			URL:                  c.url,
			CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
			RateLimit:            v1alpha1.RateLimit{RequestsPerSecond: 1000},
			// Nothing waits for an heir, but in the specs about one.
			DeletionGuard: v1alpha1.DeletionGuard{Grace: &metav1.Duration{}},
		},
	})).To(Succeed())
}

// restart starts another operator in the place of the one that was killed.
func (c *crash) restart() {
	GinkgoHelper()
	c.operator = startOperator(c, []string{c.url})
}

func (c *crash) user() *v1alpha1.BuyerUser {
	return &v1alpha1.BuyerUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "jdoe"},
		Spec: v1alpha1.BuyerUserSpec{
			BuyerID: "acme", Username: "jdoe@acme.example", FirstName: "Joan", LastName: "Doe", Email: "jdoe@acme.example",
		},
	}
}

func (c *crash) config() *v1alpha1.ImpersonationConfig {
	return &v1alpha1.ImpersonationConfig{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "cs-desk"},
		Spec:       v1alpha1.ImpersonationConfigSpec{BuyerID: "acme", SecurityProfileID: "cs-rep", ClientName: "Storefront"},
	}
}

func (c *crash) read(object client.Object) {
	GinkgoHelper()
	Expect(c.admin.Get(c, client.ObjectKeyFromObject(object), object)).To(Succeed())
}

func (c *crash) eventuallyReady(object client.Object, status func() *v1alpha1.ManagedStatus) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		c.read(object)
		ready := meta.FindStatusCondition(status().Conditions, v1alpha1.ReadyCondition)
		g.Expect(ready).NotTo(BeNil())
		g.Expect(ready.Status).To(Equal(metav1.ConditionTrue), ready.Message)
		g.Expect(ready.ObservedGeneration).To(Equal(object.GetGeneration()))
	}).WithContext(c).Should(Succeed())
}

func (c *crash) exists(path string) bool {
	_, exists := c.gate.sandbox.Object(path)
	return exists
}

func (c *crash) calls(route string) int { return c.gate.sandbox.Stats().Calls[route] }

var _ = Describe("The operator is killed", func() {
	const createUser = "POST /v1/buyers/{buyerID}/users"

	It("between claim and create: exactly one object is created after the restart", func(ctx SpecContext) {
		c := prepare(ctx)
		reached, _ := c.gate.closeFor(http.MethodPost, false)
		user := c.user()
		Expect(suite.admin.Create(c, user)).To(Succeed())
		Eventually(reached).WithContext(c).Should(BeClosed())
		c.operator.kill()

		Expect(c.exists(jdoe)).To(BeFalse())
		c.read(user)
		Expect(user.Finalizers).To(ConsistOf(v1alpha1.ClaimFinalizer))
		Expect(user.Status.Claim).To(HaveValue(HaveField("State", v1alpha1.ClaimPending)), "claimed before the create was sent")
		Expect(user.Status.ObservedGeneration).To(Equal(int64(-1)), "nothing takes it for ready")

		c.restart()
		c.eventuallyReady(user, func() *v1alpha1.ManagedStatus { return &user.Status.ManagedStatus })
		Expect(c.exists(jdoe)).To(BeTrue())
		Expect(c.calls(createUser)).To(Equal(1))
	})

	It("between create and status: nothing is created twice, the status is right after the restart", func(ctx SpecContext) {
		c := prepare(ctx)
		reached, _ := c.gate.closeFor(http.MethodPost, true)
		user := c.user()
		Expect(suite.admin.Create(c, user)).To(Succeed())
		Eventually(reached).WithContext(c).Should(BeClosed())
		c.operator.kill()
		Expect(c.exists(jdoe)).To(BeTrue())

		c.restart()
		c.eventuallyReady(user, func() *v1alpha1.ManagedStatus { return &user.Status.ManagedStatus })
		Expect(user.Status.Path).To(Equal(jdoe))
		Expect(c.calls(createUser)).To(Equal(1))
		Expect(c.gate.sandbox.Stats().Writes()).To(Equal(1))
	})

	It("between an update and its status: the update is known after the restart", func(ctx SpecContext) {
		c := prepare(ctx)
		config := c.config()
		status := func() *v1alpha1.ManagedStatus { return &config.Status.ManagedStatus }
		Expect(suite.admin.Create(c, config)).To(Succeed())
		c.eventuallyReady(config, status)

		reached, _ := c.gate.closeFor(http.MethodPut, true)
		config.Spec.BuyerID = "globex"
		Expect(suite.admin.Update(c, config)).To(Succeed())
		Eventually(reached).WithContext(c).Should(BeClosed())
		c.operator.kill()

		c.restart()
		c.eventuallyReady(config, status)
		Expect(c.exists(csDesk)).To(BeTrue())
		declared, _ := c.gate.sandbox.Object(csDesk)
		Expect(declared).To(HaveKeyWithValue("BuyerID", "globex"))
		Expect(c.gate.sandbox.Stats().Writes()).To(Equal(2))
	})

	It("between a deletion and the release: the resource goes away after the restart", func(ctx SpecContext) {
		c := prepare(ctx)
		user := c.user()
		Expect(suite.admin.Create(c, user)).To(Succeed())
		c.eventuallyReady(user, func() *v1alpha1.ManagedStatus { return &user.Status.ManagedStatus })

		reached, _ := c.gate.closeFor(http.MethodDelete, true)
		Expect(suite.admin.Delete(c, user)).To(Succeed())
		Eventually(reached).WithContext(c).Should(BeClosed())
		c.operator.kill()
		Expect(c.exists(jdoe)).To(BeFalse())
		c.read(user)

		c.restart()
		Eventually(func() bool {
			return apierrors.IsNotFound(suite.admin.Get(c, client.ObjectKeyFromObject(user), user))
		}).WithContext(c).Should(BeTrue())
	})
})

var _ = Describe("The operator is told to stop", func() {
	It("while a write is under way: it learns the answer, records it and ends with success", func(ctx SpecContext) {
		c := prepare(ctx)
		reached, open := c.gate.closeFor(http.MethodPost, true)
		user := c.user()
		Expect(suite.admin.Create(c, user)).To(Succeed())
		Eventually(reached).WithContext(c).Should(BeClosed())
		c.operator.terminate()
		Eventually(c.operator.log).WithContext(c).Should(gbytes.Say("Shutdown signal received"))
		Expect(c.operator.Exited).NotTo(Receive(), "it waits for the answer")
		open()
		Eventually(c.operator.Exited).WithContext(c).Should(Receive(BeNil()))

		c.read(user)
		Expect(meta.IsStatusConditionTrue(user.Status.Conditions, v1alpha1.ReadyCondition)).To(BeTrue())
	})
})

var _ = Describe("The operator is told to watch one namespace", func() {
	It("and leaves the objects of others alone, and says why it cannot use a Marketplace there", func(ctx SpecContext) {
		watched, other := prepareWithoutOperator(ctx), prepareWithoutOperator(ctx)
		watched.operator = startOperator(ctx, []string{watched.url, other.url}, "--watch-namespaces", watched.namespace)
		elsewhere, astray, user := other.user(), watched.user(), watched.user()
		astray.Name, astray.Spec.MarketplaceRef.Namespace = "astray", other.namespace
		for _, object := range []client.Object{elsewhere, astray, user} {
			Expect(suite.admin.Create(ctx, object)).To(Succeed())
		}

		watched.eventuallyReady(user, func() *v1alpha1.ManagedStatus { return &user.Status.ManagedStatus })
		Eventually(func() string {
			watched.read(astray)
			if synced := meta.FindStatusCondition(astray.Status.Conditions, v1alpha1.SyncedCondition); synced != nil {
				return synced.Reason + ": " + synced.Message
			}
			return ""
		}).WithContext(ctx).Should(And(HavePrefix(v1alpha1.ReasonMarketplaceNotFound), ContainSubstring("--watch-namespaces")))
		other.read(elsewhere)
		Expect(elsewhere.Status.ObservedGeneration).To(Equal(int64(-1)))
		Expect(other.gate.sandbox.Stats().Total).To(BeZero())
	})
})
