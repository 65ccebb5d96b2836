// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// What docs/operations.md promises of a cluster that is lost, restored or given up.

// declared are the objects of the stories, as Git has them.
func (c *crash) declared() (*v1alpha1.BuyerUser, *v1alpha1.ImpersonationConfig) {
	user, config := c.user(), c.config()
	// Seldom enough that nothing is looked at by itself while a spec looks on.
	user.Spec.Interval = &metav1.Duration{Duration: time.Hour}
	config.Spec.Interval = user.Spec.Interval
	return user, config
}

// apply declares both and waits until OrderCloud holds them.
func (c *crash) apply() (*v1alpha1.BuyerUser, *v1alpha1.ImpersonationConfig) {
	GinkgoHelper()
	user, config := c.declared()
	for _, object := range []client.Object{user, config} {
		Expect(c.admin.Create(c, object)).To(Succeed())
	}
	c.eventuallyReady(user, func() *v1alpha1.ManagedStatus { return &user.Status.ManagedStatus })
	c.eventuallyReady(config, func() *v1alpha1.ManagedStatus { return &config.Status.ManagedStatus })
	return user, config
}

// anotherCluster is one that knows nothing of the first, for the same marketplace.
func (c *crash) anotherCluster(ctx context.Context) *crash {
	GinkgoHelper()
	admin, kubeconfig := startCluster(ctx, controlplane.Options{})
	return c.cluster(ctx, admin, kubeconfig)
}

// expectHeld holds a resource, as it was read last, against what belongs to a claim.
func (c *crash) expectHeld(object lifecycle.Object) {
	GinkgoHelper()
	_, status := object.Managed()
	Expect(object.GetFinalizers()).To(ConsistOf(v1alpha1.ClaimFinalizer))
	Expect(status.Claim).To(HaveValue(And(
		HaveField("State", v1alpha1.ClaimHeld), HaveField("UID", string(object.GetUID())), HaveField("Path", status.Path),
		HaveField("Marketplace", v1alpha1.MarketplaceIdentity{SellerID: "sandbox-marketplace", URL: c.url}),
	)))
}

func (c *crash) writes() int { return c.gate.sandbox.Stats().Writes() }

// change is what a person does in the portal.
func (c *crash) change(method, path string, body map[string]any) {
	GinkgoHelper()
	Expect(c.gate.sandbox.Mutate(sandbox.Mutation{Method: method, Path: path, Body: body})).To(Succeed())
}

var _ = Describe("A cluster is lost", func() {
	It("and one that is built from Git takes its objects back, without a write", func(ctx SpecContext) {
		c := prepare(ctx)
		c.apply()
		c.operator.kill()
		before := c.writes()

		rebuilt := c.anotherCluster(ctx)
		user, config := rebuilt.apply()
		Expect(reason(user, v1alpha1.ReadyCondition)).To(Equal(v1alpha1.ReasonInSync))
		rebuilt.expectHeld(user)
		rebuilt.expectHeld(config)
		Expect(c.writes()).To(Equal(before))
	})

	It("and one that is restored from a backup creates what is gone since, and writes over nothing that changed", func(ctx SpecContext) {
		c := prepare(ctx)
		user, config := c.apply()
		c.operator.kill()
		c.change(http.MethodPatch, jdoe, map[string]any{"Email": "theirs@acme.example"})
		c.change(http.MethodDelete, csDesk, nil)

		// Metadata and spec, as backup tools restore them; no status.
		restored := c.anotherCluster(ctx)
		for _, object := range []client.Object{user, config} {
			object.SetNamespace(restored.namespace)
			object.SetResourceVersion("")
			object.SetUID("")
			Expect(restored.admin.Create(restored, object)).To(Succeed())
		}
		restored.eventuallyReady(config, func() *v1alpha1.ManagedStatus { return &config.Status.ManagedStatus })
		Expect(c.exists(csDesk)).To(BeTrue())
		Eventually(func() string {
			restored.read(user)
			return reason(user, v1alpha1.ReadyCondition)
		}).WithContext(ctx).Should(Equal(v1alpha1.ReasonNotOwned))
		Expect(user.Status.Drift).To(ConsistOf(HaveField("Field", "Email")))
		found, _ := c.gate.sandbox.Object(jdoe)
		Expect(found).To(HaveKeyWithValue("Email", "theirs@acme.example"))
	})
})

var _ = Describe("A marketplace moves to another cluster", func() {
	It("watched first, let go next, taken over last, and nothing is written", func(ctx SpecContext) {
		c := prepare(ctx)
		user, config := c.apply()
		before := c.writes()

		there := c.anotherCluster(ctx)
		movedUser, movedConfig := there.declared()
		movedUser.Spec.ManagementPolicy, movedConfig.Spec.ManagementPolicy = v1alpha1.ManagementObserve, v1alpha1.ManagementObserve
		for _, object := range []client.Object{movedUser, movedConfig} {
			Expect(there.admin.Create(there, object)).To(Succeed())
		}
		there.eventuallyReady(movedUser, func() *v1alpha1.ManagedStatus { return &movedUser.Status.ManagedStatus })
		there.eventuallyReady(movedConfig, func() *v1alpha1.ManagedStatus { return &movedConfig.Status.ManagedStatus })

		c.letGo(user, config)
		Expect(c.exists(jdoe)).To(BeTrue())
		Expect(c.exists(csDesk)).To(BeTrue())

		for _, object := range []client.Object{movedUser, movedConfig} {
			enforce := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"managementPolicy":"Enforce"}}`))
			Expect(there.admin.Patch(there, object, enforce)).To(Succeed())
		}
		there.eventuallyReady(movedUser, func() *v1alpha1.ManagedStatus { return &movedUser.Status.ManagedStatus })
		there.eventuallyReady(movedConfig, func() *v1alpha1.ManagedStatus { return &movedConfig.Status.ManagedStatus })
		there.expectHeld(movedUser)
		Expect(meta.IsStatusConditionFalse(movedUser.Status.Conditions, v1alpha1.DriftedCondition)).To(BeTrue())
		Expect(c.writes()).To(Equal(before))
	})
})

// letGo deletes resources, and keeps what they declare.
func (c *crash) letGo(objects ...client.Object) {
	GinkgoHelper()
	retain := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"deletionPolicy":"Retain"}}`))
	for _, object := range objects {
		Expect(c.admin.Patch(c, object, retain)).To(Succeed())
		Expect(c.admin.Delete(c, object)).To(Succeed())
		Eventually(func() bool {
			return apierrors.IsNotFound(c.admin.Get(c, client.ObjectKeyFromObject(object), object))
		}).WithContext(c).Should(BeTrue())
	}
}
