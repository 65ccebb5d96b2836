// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"encoding/json"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// What an upgrade makes of resources whose claim is a finalizer and an annotation, as
// versions wrote it that had no status.claim.

// formerly stores a resource as such a version left it, with the conditions Ready and
// Synced.
func (c *crash) formerly(object lifecycle.Object, claimedIn, path string, ready metav1.ConditionStatus, reason string) {
	GinkgoHelper()
	if claimedIn != "" {
		object.SetFinalizers([]string{v1alpha1.ClaimFinalizer})
		object.SetAnnotations(map[string]string{v1alpha1.ClaimedInAnnotation: claimedIn})
	}
	Expect(c.admin.Create(c, object)).To(Succeed())
	conditions := []any{}
	kinds := []string{v1alpha1.ReadyCondition, v1alpha1.SyncedCondition}
	if ready == metav1.ConditionFalse {
		kinds = append(kinds, v1alpha1.ReconcilingCondition)
	}
	for _, kind := range kinds {
		status := ready
		if kind == v1alpha1.ReconcilingCondition {
			status = metav1.ConditionTrue
		}
		conditions = append(conditions, map[string]any{
			"type": kind, "status": status, "reason": reason, "message": "as it was written",
			"observedGeneration": object.GetGeneration(), "lastTransitionTime": "2026-11-01T00:00:00Z",
		})
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{
		"observedGeneration": object.GetGeneration(), "path": path, "conditions": conditions,
	}})
	Expect(err).NotTo(HaveOccurred())
	Expect(c.admin.Status().Patch(c, object, client.RawPatch(types.MergePatchType, patch))).To(Succeed())
}

// beforeUpgrade is a cluster before the upgrade: no operator runs, and OrderCloud holds what both
// resources declare, and more.
func beforeUpgrade(ctx SpecContext, ready metav1.ConditionStatus, reason string) (c *crash, user *v1alpha1.BuyerUser, config *v1alpha1.ImpersonationConfig) {
	GinkgoHelper()
	c = prepareWithoutOperator(ctx)
	user, config = c.declared()
	// Whoever has no claim gets none by the way.
	user.Spec.AdoptionPolicy, config.Spec.AdoptionPolicy = v1alpha1.AdoptNever, v1alpha1.AdoptNever
	c.change(http.MethodPut, jdoe, map[string]any{
		"Username": "jdoe@acme.example", "FirstName": "Joan", "LastName": "Doe", "Email": "jdoe@acme.example", "Active": true,
		"xp": map[string]any{"theirs": "precious"},
	})
	c.change(http.MethodPut, csDesk, map[string]any{"BuyerID": "acme", "SecurityProfileID": "cs-rep", "ClientID": c.storefront()})
	c.formerly(user, c.url, jdoe, ready, reason)
	c.formerly(config, c.url, csDesk, ready, reason)
	return c, user, config
}

// storefront is the ID of the application that the configs name.
func (c *crash) storefront() any {
	GinkgoHelper()
	list, exists := c.gate.sandbox.Object("apiclients?AppName=Storefront")
	Expect(exists).To(BeTrue())
	items, _ := list["Items"].([]any)
	Expect(items).To(HaveLen(1))
	application, _ := items[0].(map[string]any)
	return application["ID"]
}

// eventuallyClaimed waits until a resource has a claim with that seller.
func (c *crash) eventuallyClaimed(object lifecycle.Object, sellerID string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		c.read(object)
		_, status := object.Managed()
		g.Expect(status.Claim).To(HaveValue(And(
			HaveField("State", v1alpha1.ClaimHeld), HaveField("UID", string(object.GetUID())),
			HaveField("Marketplace", v1alpha1.MarketplaceIdentity{SellerID: sellerID, URL: c.url}),
		)))
	}).WithContext(c).Should(Succeed())
}

// expectUpgraded holds both resources against what they have to be after the upgrade, and
// deletes them: they own their objects as before.
func (c *crash) expectUpgraded(user *v1alpha1.BuyerUser, config *v1alpha1.ImpersonationConfig) {
	GinkgoHelper()
	c.eventuallyClaimed(user, "sandbox-marketplace")
	c.eventuallyClaimed(config, "sandbox-marketplace")
	c.eventuallyReady(user, func() *v1alpha1.ManagedStatus { return &user.Status.ManagedStatus })
	c.eventuallyReady(config, func() *v1alpha1.ManagedStatus { return &config.Status.ManagedStatus })
	c.expectHeld(user)
	c.expectHeld(config)
	Expect(c.writes()).To(BeZero())
	for _, object := range []client.Object{user, config} {
		Expect(c.admin.Delete(c, object)).To(Succeed())
		c.eventuallyGone(object)
	}
	Expect(c.exists(jdoe)).To(BeFalse())
	Expect(c.exists(csDesk)).To(BeFalse())
	Expect(c.writes()).To(Equal(2))
}

var _ = Describe("An upgrade from a version that kept claims in an annotation", func() {
	It("writes the claims into the status and nothing to OrderCloud", func(ctx SpecContext) {
		c, user, config := beforeUpgrade(ctx, metav1.ConditionTrue, v1alpha1.ReasonCreated)
		c.restart()
		c.expectUpgraded(user, config)
	})

	It("does so for resources that are not Ready at that time", func(ctx SpecContext) {
		c, user, config := beforeUpgrade(ctx, metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
		c.restart()
		c.expectUpgraded(user, config)
	})

	It("does so during an outage, and the seller is added when OrderCloud is back", func(ctx SpecContext) {
		c, user, config := beforeUpgrade(ctx, metav1.ConditionTrue, v1alpha1.ReasonCreated)
		end := c.gate.sandbox.Inject(sandbox.Fault{Path: "/v1/**", Status: http.StatusServiceUnavailable})
		c.restart()
		c.eventuallyClaimed(user, "")
		c.eventuallyClaimed(config, "")
		end()
		c.expectUpgraded(user, config)
	})

	It("loses no claim to what changed in OrderCloud meanwhile: it is put back, and created again", func(ctx SpecContext) {
		c, user, config := beforeUpgrade(ctx, metav1.ConditionTrue, v1alpha1.ReasonCreated)
		c.change(http.MethodPatch, jdoe, map[string]any{"Email": "theirs@acme.example"})
		c.change(http.MethodDelete, csDesk, nil)
		c.restart()
		c.eventuallyClaimed(user, "sandbox-marketplace")
		c.eventuallyClaimed(config, "sandbox-marketplace")
		found, _ := c.gate.sandbox.Object(jdoe)
		Expect(found).To(And(HaveKeyWithValue("Email", "jdoe@acme.example"), HaveKeyWithValue("xp", map[string]any{"theirs": "precious"})))
		Expect(c.exists(csDesk)).To(BeTrue())
	})

	It("carries out a deletion that was asked for before", func(ctx SpecContext) {
		c, user, _ := beforeUpgrade(ctx, metav1.ConditionTrue, v1alpha1.ReasonCreated)
		Expect(c.admin.Delete(c, user)).To(Succeed())
		c.restart()
		c.eventuallyGone(user)
		Expect(c.exists(jdoe)).To(BeFalse())
		Expect(c.calls(deleteUser)).To(Equal(1))
	})

	It("gains nothing: what was not owned, or owned in another marketplace, is neither overwritten nor deleted", func(ctx SpecContext) {
		c := prepareWithoutOperator(ctx)
		foreign, elsewhere := c.user(), c.user()
		elsewhere.Name, elsewhere.Spec.Username = "elsewhere", "elsewhere@acme.example"
		users := []*v1alpha1.BuyerUser{foreign, elsewhere}
		for _, user := range users {
			user.Spec.Interval = &metav1.Duration{Duration: time.Hour}
			c.change(http.MethodPut, "buyers/acme/users/"+user.Name, map[string]any{
				"Username": user.Spec.Username, "FirstName": "Joan", "LastName": "Doe", "Email": "theirs@acme.example", "Active": true,
			})
		}
		c.formerly(foreign, "", jdoe, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)
		c.formerly(elsewhere, "https://api.ordercloud.io", "buyers/acme/users/elsewhere", metav1.ConditionTrue, v1alpha1.ReasonCreated)
		c.restart()
		for _, user := range users {
			Eventually(func(g Gomega) {
				c.read(user)
				g.Expect(reason(user, v1alpha1.ReadyCondition)).To(Equal(v1alpha1.ReasonNotOwned))
				g.Expect(user.Status.Marketplace).To(HaveValue(HaveField("URL", c.url)))
			}).WithContext(c).Should(Succeed())
			Expect(c.admin.Delete(c, user)).To(Succeed())
			c.eventuallyGone(user)
			Expect(c.exists("buyers/acme/users/" + user.Name)).To(BeTrue())
		}
		Expect(c.writes()).To(BeZero())
	})
})
