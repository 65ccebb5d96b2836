// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const (
	jdoe = "buyers/acme/users/jdoe"
	desk = "impersonationconfig/desk"
)

// story is one installation of the chart, and a marketplace.
type story struct {
	context.Context

	user     string
	system   string
	shop     string
	box      *sandbox.Sandbox
	url      string
	operator *operator
}

// begin installs the chart under a name of its own. The values may name the namespace
// "shop".
func begin(ctx SpecContext, name string, values func(shop string) map[string]any) *story {
	GinkgoHelper()
	opened, err := sandbox.New()
	Expect(err).NotTo(HaveOccurred())
	server := httptest.NewServer(opened)
	DeferCleanup(server.Close)
	s := &story{
		Context: ctx, system: name + "-system", shop: name + "-shop", box: opened, url: server.URL,
		user: "system:serviceaccount:" + name + "-system:" + name + "-operator",
	}
	for _, namespace := range []string{s.system, s.shop} {
		s.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	}
	asked := values(s.shop)
	asked["allowedEndpoints"] = []string{s.url}
	asked["metrics"] = map[string]any{"readers": []any{map[string]any{"kind": "ServiceAccount", "name": "prometheus", "namespace": "monitoring"}}}
	objects := suite.helms["Helm 4"].render(ctx, name, s.system, "--values", valuesFile(asked))
	for _, object := range objects {
		apply(ctx, object)
	}
	s.operator = startOperator(ctx, s.user, s.system, one[appsv1.Deployment](objects))
	return s
}

func (s *story) create(objects ...client.Object) {
	GinkgoHelper()
	for _, object := range objects {
		Expect(suite.admin.Create(s, object)).To(Succeed())
	}
}

// named is the metadata of an object that somebody declares.
func (s *story) named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: s.shop, Name: name}
}

// eventually waits until a condition of an object has a status and a reason, and is
// about its generation.
func (s *story) eventually(object client.Object, kind, want string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(suite.admin.Get(s, client.ObjectKeyFromObject(object), object)).To(Succeed())
		condition := meta.FindStatusCondition(conditionsOf(object), kind)
		g.Expect(condition).NotTo(BeNil())
		g.Expect(condition.ObservedGeneration).To(Equal(object.GetGeneration()))
		g.Expect(string(condition.Status)+" "+condition.Reason).To(Equal(want), condition.Message)
	}).WithContext(s).Should(Succeed())
}

func conditionsOf(object client.Object) []metav1.Condition {
	switch typed := object.(type) {
	case *v1alpha1.Marketplace:
		return typed.Status.Conditions
	case *v1alpha1.BuyerUser:
		return typed.Status.Conditions
	case *v1alpha1.ImpersonationConfig:
		return typed.Status.Conditions
	case *v1alpha1.ImpersonationToken:
		return typed.Status.Conditions
	}
	return nil
}

// eventuallyGone deletes an object and waits for its end.
func (s *story) eventuallyGone(object client.Object) {
	GinkgoHelper()
	Expect(suite.admin.Delete(s, object)).To(Succeed())
	Eventually(func() bool {
		return apierrors.IsNotFound(suite.admin.Get(s, client.ObjectKeyFromObject(object), object))
	}).WithContext(s).Should(BeTrue())
}

var _ = DescribeTable("The operator with what the chart grants, and no more, works through every story",
	func(ctx SpecContext, name string, values func(shop string) map[string]any) {
		s := begin(ctx, name, values)
		clientID, clientSecret := s.box.Credentials()
		market := &v1alpha1.Marketplace{ObjectMeta: s.named("default"), Spec: v1alpha1.MarketplaceSpec{
			URL: s.url, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"}, Interval: &metav1.Duration{Duration: time.Second},
		}}
		s.create(&corev1.Secret{
			ObjectMeta: s.named("ordercloud"), StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret},
		}, market)
		s.eventually(market, v1alpha1.ReadyCondition, "True InSync")

		By("creating a user, and putting back what somebody changes")
		user := &v1alpha1.BuyerUser{ObjectMeta: s.named("jdoe"), Spec: v1alpha1.BuyerUserSpec{
			BuyerID: "acme", Username: "jdoe@acme.example", FirstName: "Joan", LastName: "Doe", Email: "jdoe@acme.example",
		}}
		s.create(user)
		s.eventually(user, v1alpha1.ReadyCondition, "True Created")
		Expect(s.box.Mutate(sandbox.Mutation{Method: http.MethodPatch, Path: jdoe, Body: map[string]any{"Email": "joan@elsewhere.example"}})).To(Succeed())
		s.eventually(user, v1alpha1.DriftedCondition, "False Corrected")
		Expect(s.object(jdoe)).To(HaveKeyWithValue("Email", "jdoe@acme.example"))

		By("granting, and keeping a token")
		config := &v1alpha1.ImpersonationConfig{ObjectMeta: s.named("desk"), Spec: v1alpha1.ImpersonationConfigSpec{
			ImpersonationUserID: "operator", BuyerID: "acme", SecurityProfileID: "cs-rep", ClientName: "Storefront",
		}}
		token := &v1alpha1.ImpersonationToken{ObjectMeta: s.named("jdoe-token"), Spec: v1alpha1.ImpersonationTokenSpec{
			UserRef: &v1alpha1.BuyerUserReference{Name: "jdoe"}, ClientName: "Storefront", Roles: []v1alpha1.Role{"Shopper"},
		}}
		s.create(config)
		s.eventually(config, v1alpha1.ReadyCondition, "True Created")
		s.create(token)
		s.eventually(token, v1alpha1.ReadyCondition, "True Issued")
		kept := &corev1.Secret{ObjectMeta: s.named("jdoe-token")}
		Expect(suite.admin.Get(s, client.ObjectKeyFromObject(kept), kept)).To(Succeed())
		Expect(kept.Data).To(HaveKey("token"))

		By("leading, telling, and being watched")
		Expect(suite.admin.Get(s, client.ObjectKey{Namespace: s.system, Name: "ordercloud-operator.ordercloud.io"}, &coordinationv1.Lease{})).To(Succeed())
		Eventually(func(g Gomega) {
			var events eventsv1.EventList
			g.Expect(suite.admin.List(s, &events, client.InNamespace(s.shop))).To(Succeed())
			g.Expect(events.Items).NotTo(BeEmpty())
		}).WithContext(ctx).Should(Succeed())
		s.expectMetricsForReadersOnly()

		By("deleting everything, in the order of docs/install.md")
		s.eventuallyGone(token)
		s.eventuallyGone(config)
		s.eventuallyGone(user)
		s.eventuallyGone(market)
		for _, path := range []string{jdoe, desk} {
			_, exists := s.box.Object(path)
			Expect(exists).To(BeFalse(), path)
		}
		expectNothingRefused(s.user)
	},
	Entry("in all namespaces", "everywhere", func(shop string) map[string]any {
		return map[string]any{"impersonationTokens": map[string]any{"namespaces": []string{shop}}}
	}),
	Entry("in one namespace", "namespaced", func(shop string) map[string]any {
		return map[string]any{"watchNamespaces": []string{shop}, "impersonationTokens": map[string]any{"namespaces": []string{shop}}}
	}),
	Entry("in one namespace, without watching Secrets", "unwatched", func(shop string) map[string]any {
		return map[string]any{
			"watchNamespaces": []string{shop}, "watchSecrets": false, "impersonationTokens": map[string]any{"allNamespaces": true},
		}
	}),
)

// object is what OrderCloud holds.
func (s *story) object(path string) map[string]any {
	GinkgoHelper()
	held, exists := s.box.Object(path)
	Expect(exists).To(BeTrue(), path)
	return held
}

func (s *story) expectMetricsForReadersOnly() {
	GinkgoHelper()
	status, content := s.operator.scrape(s, tokenOf(s, "monitoring", "prometheus"))
	Expect(status).To(Equal(http.StatusOK), content)
	Expect(content).To(ContainSubstring("ordercloud_"))
	status, _ = s.operator.scrape(s, tokenOf(s, "monitoring", "default"))
	Expect(status).To(Equal(http.StatusForbidden))
	status, _ = s.operator.scrape(s, "")
	Expect(status).To(Equal(http.StatusUnauthorized))
}
