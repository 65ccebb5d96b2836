// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const deleteUser = "DELETE /v1/buyers/{buyerID}/users/{userID}"

// useGrace lets deletions of users wait so long for an heir.
func (c *crash) useGrace(grace string) {
	GinkgoHelper()
	declared := &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "default"}}
	patch := fmt.Sprintf(`{"spec":{"deletionGuard":{"grace":%q}}}`, grace)
	Expect(c.admin.Patch(c, declared, client.RawPatch(types.MergePatchType, []byte(patch)))).To(Succeed())
}

func (c *crash) eventuallyGone(object client.Object) {
	GinkgoHelper()
	Eventually(func() bool {
		return apierrors.IsNotFound(c.admin.Get(c, client.ObjectKeyFromObject(object), object))
	}).WithContext(c).Should(BeTrue())
}

// killInGrace creates a user, deletes its resource, and kills the operator while the
// deletion waits: it has let another resource go by then whose deletion waits for nothing.
func (c *crash) killInGrace() (user *v1alpha1.BuyerUser, before map[string]any) {
	GinkgoHelper()
	c.useGrace("1h")
	user = c.user()
	later := c.user()
	later.Name, later.Spec.Username, later.Spec.DeletionPolicy = "later", "later@acme.example", v1alpha1.DeletionRetain
	for _, object := range []*v1alpha1.BuyerUser{user, later} {
		Expect(c.admin.Create(c, object)).To(Succeed())
		c.eventuallyReady(object, func() *v1alpha1.ManagedStatus { return &object.Status.ManagedStatus })
	}
	for _, object := range []*v1alpha1.BuyerUser{user, later} {
		Expect(c.admin.Delete(c, object)).To(Succeed())
	}
	c.eventuallyGone(later)
	c.operator.kill()
	before, exists := c.gate.sandbox.Object(jdoe)
	Expect(exists).To(BeTrue())
	return user, before
}

// heir declares the user jdoe in a resource of another name.
func (c *crash) heir() *v1alpha1.BuyerUser {
	heir := c.user()
	heir.Name, heir.Spec.UserID = "joan", "jdoe"
	return heir
}

func (c *crash) expectInherited(user, heir *v1alpha1.BuyerUser, before map[string]any) {
	GinkgoHelper()
	c.eventuallyGone(user)
	c.eventuallyReady(heir, func() *v1alpha1.ManagedStatus { return &heir.Status.ManagedStatus })
	c.expectHeld(heir)
	found, _ := c.gate.sandbox.Object(jdoe)
	Expect(found).To(Equal(before))
	Expect(c.calls(deleteUser)).To(BeZero())
}

var _ = Describe("The operator is killed while the deletion of a user waits for an heir", func() {
	It("and the heir that comes after the restart inherits the user", func(ctx SpecContext) {
		c := prepare(ctx)
		user, before := c.killInGrace()
		c.restart()
		heir := c.heir()
		Expect(c.admin.Create(c, heir)).To(Succeed())
		c.expectInherited(user, heir, before)
	})

	It("and the heir that comes while it is away inherits the user, though the grace is over by the restart", func(ctx SpecContext) {
		c := prepare(ctx)
		user, before := c.killInGrace()
		heir := c.heir()
		Expect(c.admin.Create(c, heir)).To(Succeed())
		c.useGrace("0s")
		c.restart()
		c.expectInherited(user, heir, before)
	})

	It("and an heir of another namespace that comes while it is away inherits the user, though the grace is over by the restart", func(ctx SpecContext) {
		c := prepare(ctx)
		user, before := c.killInGrace()
		there := &crash{Context: c, admin: c.admin, gate: c.gate, url: c.url}
		there.declareMarketplace()
		heir := there.heir()
		Expect(c.admin.Create(c, heir)).To(Succeed())
		c.useGrace("0s")
		c.restart()
		c.expectInherited(user, heir, before)
	})

	It("and the user is deleted once the grace is over, if nobody comes", func(ctx SpecContext) {
		c := prepare(ctx)
		user, before := c.killInGrace()
		c.restart()
		found, _ := c.gate.sandbox.Object(jdoe)
		Expect(found).To(Equal(before))
		c.useGrace("0s")
		c.eventuallyGone(user)
		Expect(c.exists(jdoe)).To(BeFalse())
		Expect(c.calls(deleteUser)).To(Equal(1))
	})
})
