// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"fmt"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// createUsers declares that many users and waits until all of them are Ready.
func (c *crash) createUsers(count int) {
	GinkgoHelper()
	for number := range count {
		user := c.user()
		user.Name = fmt.Sprintf("user-%03d", number)
		user.Spec.Username = user.Name + "@acme.example"
		Expect(suite.admin.Create(c, user)).To(Succeed())
	}
	c.eventuallyUsers(count, func(user *v1alpha1.BuyerUser) bool {
		return reason(user, v1alpha1.ReadyCondition) == v1alpha1.ReasonCreated
	})
}

// eventuallyUsers waits until that many users of the namespace, and no others, are
// as wanted.
func (c *crash) eventuallyUsers(count int, wanted func(*v1alpha1.BuyerUser) bool) {
	GinkgoHelper()
	Eventually(func() (found [2]int) {
		var list v1alpha1.BuyerUserList
		Expect(suite.admin.List(c, &list, client.InNamespace(c.namespace))).To(Succeed())
		for index := range list.Items {
			if wanted(&list.Items[index]) {
				found[0]++
			} else {
				found[1]++
			}
		}
		return found
	}).WithContext(c).Should(Equal([2]int{count, 0}))
}

func reason(user *v1alpha1.BuyerUser, kind string) string {
	for _, condition := range user.Status.Conditions {
		if condition.Type == kind {
			return condition.Reason
		}
	}
	return ""
}

func (c *crash) deleteUsers() {
	GinkgoHelper()
	Expect(suite.admin.DeleteAllOf(c, &v1alpha1.BuyerUser{}, client.InNamespace(c.namespace))).To(Succeed())
}

// usersLeft counts what the stories created and OrderCloud still has.
func (c *crash) usersLeft(count int) int {
	left := 0
	for number := range count {
		if c.exists(fmt.Sprintf("buyers/acme/users/user-%03d", number)) {
			left++
		}
	}
	return left
}

func (c *crash) deleteNamespace() {
	GinkgoHelper()
	Expect(suite.admin.Delete(c, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}})).To(Succeed())
}

func (c *crash) eventuallyNoNamespace() {
	GinkgoHelper()
	Eventually(func() bool {
		return apierrors.IsNotFound(suite.admin.Get(c, client.ObjectKey{Name: c.namespace}, &corev1.Namespace{}))
	}).WithContext(c).Should(BeTrue())
}

var _ = Describe("A namespace is deleted whole", func() {
	It("and goes away with its fifty users in OrderCloud, whatever of it is deleted first", func(ctx SpecContext) {
		c := prepare(ctx)
		const count = 50
		c.createUsers(count)
		config := c.config()
		Expect(suite.admin.Create(c, config)).To(Succeed())
		c.eventuallyReady(config, func() *v1alpha1.ManagedStatus { return &config.Status.ManagedStatus })
		c.deleteNamespace()
		c.eventuallyNoNamespace()
		Expect(c.usersLeft(count)).To(BeZero())
		Expect(c.exists(csDesk)).To(BeFalse())
	})

	It("and goes away without OrderCloud, which is told loudly", func(ctx SpecContext) {
		c := prepareWithoutOperator(ctx)
		c.operator = startOperator(ctx, []string{c.url}, "--orphan-after=2s")
		user := c.user()
		Expect(suite.admin.Create(c, user)).To(Succeed())
		c.eventuallyReady(user, func() *v1alpha1.ManagedStatus { return &user.Status.ManagedStatus })
		end := c.gate.sandbox.Inject(sandbox.Fault{Status: http.StatusServiceUnavailable})
		defer end()
		c.deleteNamespace()
		c.eventuallyNoNamespace()
		Expect(c.exists(jdoe)).To(BeTrue())
		Eventually(c.operator.log).WithContext(c).Should(gbytes.Say(`Orphaned in OrderCloud.*"path":"` + jdoe))
	})
})

var _ = Describe("Five hundred users are deleted at once", func() {
	It("and all but the twenty that the guard admits are held, also after a restart, until it is raised", func(ctx SpecContext) {
		c := prepare(ctx)
		const count, admitted = 500, 20
		c.createUsers(count)
		c.deleteUsers()
		held := func(user *v1alpha1.BuyerUser) bool {
			return reason(user, v1alpha1.SyncedCondition) == v1alpha1.ReasonDeletionHeld
		}
		c.eventuallyUsers(count-admitted, held)
		Expect(c.usersLeft(count)).To(Equal(count - admitted))

		c.operator.kill()
		c.restart()
		Expect(suite.admin.DeleteAllOf(c, &v1alpha1.BuyerUser{}, client.InNamespace(c.namespace))).To(Succeed())
		declared := &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "default"}}
		Eventually(func() int32 {
			c.read(declared)
			return declared.Status.DeletionsHeld
		}).WithContext(c).Should(Equal(int32(count - admitted)))
		Expect(c.usersLeft(count)).To(Equal(count - admitted))

		raised := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"deletionGuard":{"maxDeletions":1000}}}`))
		Expect(suite.admin.Patch(c, declared, raised)).To(Succeed())
		c.eventuallyUsers(0, held)
		Expect(c.usersLeft(count)).To(BeZero())
	})
})
