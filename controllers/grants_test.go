// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// reporting begins a story whose Marketplace reports unmanaged grants at a short
// interval.
func reporting(ctx context.Context, options ...sandbox.Option) (*story, *v1alpha1.Marketplace) {
	GinkgoHelper()
	s := beginWithoutMarketplace(ctx, options...)
	clientID, clientSecret := s.sandbox.Credentials()
	s.create(credentials(s.namespace, clientID, clientSecret))
	declared := s.reportingMarketplace("default")
	s.create(declared)
	s.eventuallyReady(declared, v1alpha1.ReasonInSync)
	return s, declared
}

func (s *story) reportingMarketplace(name string) *v1alpha1.Marketplace {
	declared := s.marketplace(name)
	declared.Spec.Interval = &metav1.Duration{Duration: time.Second}
	declared.Spec.UnmanagedImpersonationConfigs = v1alpha1.GrantsReport
	return declared
}

// grant makes an impersonation config behind the operator's back: its group of admin
// users may act for the users of a buyer.
func (s *story) grant(id, buyerID string) {
	GinkgoHelper()
	s.mutate(http.MethodPost, "impersonationconfig", map[string]any{
		"ID": id, "ImpersonationGroupID": "customer-service", "BuyerID": buyerID, "SecurityProfileID": "cs-rep",
		"ClientID": s.clientID("Storefront"),
	})
}

// eventuallyUnmanaged waits until the Marketplace reports exactly these.
func (s *story) eventuallyUnmanaged(declared *v1alpha1.Marketplace, ids ...string) {
	GinkgoHelper()
	status, reason := metav1.ConditionTrue, v1alpha1.ReasonAllDeclared
	if len(ids) > 0 {
		status, reason = metav1.ConditionFalse, v1alpha1.ReasonUnmanagedGrants
	}
	Eventually(func(g Gomega) {
		g.Expect(suite.admin.Get(s, client.ObjectKeyFromObject(declared), declared)).To(Succeed())
		shown := declared.Status.UnmanagedImpersonationConfigs
		g.Expect(shown).NotTo(BeNil())
		g.Expect(shown.IDs).To(HaveLen(len(ids)))
		g.Expect(shown.IDs).To(ConsistOf(ids))
		g.Expect(shown.Count).To(BeEquivalentTo(len(ids)))
		condition := meta.FindStatusCondition(declared.Status.Conditions, v1alpha1.GrantsDeclaredCondition)
		g.Expect(condition).NotTo(BeNil())
		g.Expect(string(condition.Status) + " " + condition.Reason).To(Equal(string(status) + " " + reason))
	}).WithContext(s).Should(Succeed())
}

// afterAnotherList waits until the impersonation configs were listed again and what was
// seen is in the status: the list that begins next is over when the one after it begins.
func (s *story) afterAnotherList(declared *v1alpha1.Marketplace) {
	GinkgoHelper()
	lists := func() int {
		count := 0
		for _, request := range s.sandbox.Requests() {
			if strings.HasPrefix(request.Path, "/v1/impersonationconfig?") && !strings.Contains(request.Path, "ID=") {
				count++
			}
		}
		return count
	}
	before := lists()
	Eventually(lists).WithContext(s).Should(BeNumerically(">=", before+3))
	Expect(suite.admin.Get(s, client.ObjectKeyFromObject(declared), declared)).To(Succeed())
}

var _ = Describe("Grants that nobody declares", func() {
	It("are reported within an interval, and no more when somebody declares them", func(ctx SpecContext) {
		s, declared := reporting(ctx)
		s.eventuallyUnmanaged(declared)
		s.grant("by-hand", "acme")
		s.eventuallyUnmanaged(declared, "by-hand")
		Eventually(s.eventReasons).WithArguments(declared).Should(ContainElement("Warning UnmanagedGrant"))
		s.eventuallyReady(declared, v1alpha1.ReasonInSync)

		config := s.config("by-hand")
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonInSync)
		s.eventuallyUnmanaged(declared)
		Eventually(s.eventReasons).WithArguments(declared).Should(ContainElement("Normal GrantDeclared"))
		Expect(s.sandbox.Stats().Writes()).To(BeZero())

		// Let go, it is nobody's again.
		change(s, config, func(config *v1alpha1.ImpersonationConfig) { config.Spec.DeletionPolicy = v1alpha1.DeletionRetain })
		Expect(suite.admin.Delete(s, config)).To(Succeed())
		s.eventuallyUnmanaged(declared, "by-hand")
		s.mutate(http.MethodDelete, "impersonationconfig/by-hand", nil)
		s.eventuallyUnmanaged(declared)
		Eventually(s.eventReasons).WithArguments(declared).Should(ContainElement("Normal GrantGone"))
	})

	It("are counted apart where they are wide, declared or not", func(ctx SpecContext) {
		s, declared := reporting(ctx)
		config := s.config("any-buyer")
		config.Spec.BuyerID = ""
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		s.mutate(http.MethodPost, "impersonationconfig", map[string]any{
			"ID": "any-admin", "BuyerID": "globex", "SecurityProfileID": "cs-rep", "ClientID": s.clientID("Storefront"),
		})
		s.eventuallyUnmanaged(declared, "any-admin")
		Expect(declared.Status.WideGrants).To(Equal(&v1alpha1.WideGrants{AnyBuyer: 1, AnyAdmin: 1}))
	})

	It("cannot be hidden by a namespace that may not refer to the Marketplace", func(ctx SpecContext) {
		s, declared := reporting(ctx)
		s.grant("by-hand", "acme")
		s.eventuallyUnmanaged(declared, "by-hand")
		foreign := s.config("by-hand")
		foreign.Namespace = s.newNamespace(nil)
		foreign.Spec.MarketplaceRef.Namespace = s.namespace
		s.create(foreign)
		s.eventuallyFails(foreign, v1alpha1.ReasonNamespaceNotAllowed)
		s.afterAnotherList(declared)
		s.eventuallyUnmanaged(declared, "by-hand")

		change(s, declared, func(declared *v1alpha1.Marketplace) { declared.Spec.AllowedNamespaces.From = v1alpha1.NamespacesAll })
		s.eventuallyUnmanaged(declared)
	})

	It("are not those that another Marketplace of the same marketplace declares", func(ctx SpecContext) {
		s, declared := reporting(ctx)
		storefront := s.clientID("Storefront")
		s.patchInOrderCloud("apiclients/"+storefront, map[string]any{
			"ClientSecret": "q7-another-secret", "DefaultContextUserName": "operator@shop.example",
		})
		other := s.reportingMarketplace("other")
		other.Spec.CredentialsSecretRef.Name = "other"
		s.create(&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "other"},
			StringData: map[string]string{"clientID": storefront, "clientSecret": "q7-another-secret"},
		})
		s.create(other)
		s.eventuallyReady(other, v1alpha1.ReasonInSync)

		ours, theirs := s.config("ours"), s.config("theirs")
		theirs.Spec.MarketplaceRef.Name, theirs.Spec.BuyerID = "other", "globex"
		s.create(ours)
		s.create(theirs)
		s.eventuallyReady(ours, v1alpha1.ReasonCreated)
		s.eventuallyReady(theirs, v1alpha1.ReasonCreated)
		for _, marketplace := range []*v1alpha1.Marketplace{declared, other} {
			s.afterAnotherList(marketplace)
			s.eventuallyUnmanaged(marketplace)
			Expect(s.eventReasons(marketplace)).NotTo(ContainElement("Warning UnmanagedGrant"))
		}
	})

	It("are not those that the operator creates and deletes", func(ctx SpecContext) {
		s, declared := reporting(ctx)
		for range 5 {
			config := s.config("cs-desk")
			s.create(config)
			s.eventuallyReady(config, v1alpha1.ReasonCreated)
			Expect(suite.admin.Delete(s, config)).To(Succeed())
			s.eventuallyGone(config)
		}
		s.afterAnotherList(declared)
		s.eventuallyUnmanaged(declared)
		Expect(s.eventReasons(declared)).NotTo(ContainElement("Warning UnmanagedGrant"))
	})

	It("are what a restore of staging brings along", func(ctx SpecContext) {
		s, declared := reporting(ctx)
		s.grant("of-production", "globex")
		restored, err := s.sandbox.Snapshot()
		Expect(err).NotTo(HaveOccurred())
		s.mutate(http.MethodDelete, "impersonationconfig/of-production", nil)
		config := s.config("cs-desk")
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		s.eventuallyUnmanaged(declared)

		Expect(s.sandbox.Restore(restored)).To(Succeed())
		s.eventuallyUnmanaged(declared, "of-production")
		Eventually(s.missing).WithArguments("impersonationconfig/cs-desk").Should(BeFalse())
		s.eventuallyReady(config, v1alpha1.ReasonCorrected)
	})

	It("stand as last seen during an outage", func(ctx SpecContext) {
		s, declared := reporting(ctx)
		s.grant("by-hand", "acme")
		s.eventuallyUnmanaged(declared, "by-hand")
		end := s.sandbox.Inject(sandbox.Fault{Status: http.StatusServiceUnavailable})
		s.eventuallyHas(declared, v1alpha1.SyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
		s.eventuallyUnmanaged(declared, "by-hand")
		s.mutate(http.MethodDelete, "impersonationconfig/by-hand", nil)
		end()
		s.eventuallyUnmanaged(declared)
	})

	It("are Unknown to a token that may not see them, and Ready is not unmade", func(ctx SpecContext) {
		seed := sandbox.DefaultSeed()
		seed.Objects["securityprofiles/operator"]["Roles"] = []string{"BuyerUserAdmin"}
		s, declared := reporting(ctx, sandbox.WithSeed(seed))
		message := s.eventuallyHas(declared, v1alpha1.GrantsDeclaredCondition, metav1.ConditionUnknown, v1alpha1.ReasonAccessDenied)
		Expect(message).To(ContainSubstring("SetSecurityProfile"))
		Expect(message).To(ContainSubstring("spec.unmanagedImpersonationConfigs to Ignore"))
		s.eventuallyReady(declared, v1alpha1.ReasonInSync)

		s.patchInOrderCloud("securityprofiles/operator", map[string]any{"Roles": []any{"BuyerUserAdmin", "SetSecurityProfile"}})
		s.eventuallyUnmanaged(declared)
	})

	It("are not looked for where they are ignored", func(ctx SpecContext) {
		s, declared := reporting(ctx)
		s.grant("by-hand", "acme")
		s.eventuallyUnmanaged(declared, "by-hand")
		change(s, declared, func(declared *v1alpha1.Marketplace) {
			declared.Spec.UnmanagedImpersonationConfigs = v1alpha1.GrantsIgnore
		})
		Eventually(func(g Gomega) {
			g.Expect(suite.admin.Get(s, client.ObjectKeyFromObject(declared), declared)).To(Succeed())
			g.Expect(declared.Status.UnmanagedImpersonationConfigs).To(BeNil())
			g.Expect(declared.Status.WideGrants).To(BeNil())
			g.Expect(meta.FindStatusCondition(declared.Status.Conditions, v1alpha1.GrantsDeclaredCondition)).To(BeNil())
		}).WithContext(s).Should(Succeed())
		change(s, declared, func(declared *v1alpha1.Marketplace) {
			declared.Spec.UnmanagedImpersonationConfigs = v1alpha1.GrantsReport
		})
		s.eventuallyUnmanaged(declared, "by-hand")
	})

	It("are told by one event for all that appear together", func(ctx SpecContext) {
		seed := sandbox.DefaultSeed()
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			group := "desk-" + name
			seed.Objects["usergroups/"+group] = map[string]any{"Name": "Desk"}
			seed.Objects["impersonationconfig/"+strings.Repeat("x", 98)+"-"+name] = map[string]any{
				"ImpersonationGroupID": group, "BuyerID": "acme", "SecurityProfileID": "cs-rep", "ClientID": "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1",
			}
		}
		s, declared := reporting(ctx, sandbox.WithSeed(seed))
		// The API server refuses an event with a text that is too long.
		Eventually(s.eventReasons).WithArguments(declared).Should(ContainElement("Warning UnmanagedGrant"))
		Expect(declared.Status.UnmanagedImpersonationConfigs).To(Or(BeNil(), HaveField("Count", BeEquivalentTo(7))))
	})
})
