// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
)

// expectHeld holds a resource, as it was read last, against what belongs to a claim.
func (s *story) expectHeld(object lifecycle.Object) {
	GinkgoHelper()
	_, status := object.Managed()
	Expect(object.GetFinalizers()).To(ContainElement(v1alpha1.ClaimFinalizer))
	Expect(status.Claim).To(HaveValue(And(
		HaveField("State", v1alpha1.ClaimHeld), HaveField("UID", string(object.GetUID())), HaveField("Path", status.Path),
		HaveField("Marketplace", v1alpha1.MarketplaceIdentity{SellerID: "sandbox-marketplace", URL: s.url}),
	)))
}

func expectNoClaim(object lifecycle.Object) {
	GinkgoHelper()
	_, status := object.Managed()
	Expect(status.Claim).To(BeNil())
}

// claim writes into the status what the operator writes for an object that is the
// resource's own.
func (s *story) claim(object client.Object) {
	GinkgoHelper()
	patch := fmt.Sprintf(
		`{"status":{"claim":{"state":"Held","uid":%q,"marketplace":{"url":"https://api.ordercloud.io"},"path":"somewhere","since":"2030-01-02T03:04:05Z"}}}`,
		object.GetUID())
	claimed, _ := object.DeepCopyObject().(client.Object)
	Expect(suite.admin.Status().Patch(s, claimed, client.RawPatch("application/merge-patch+json", []byte(patch)))).To(Succeed())
}

var _ = Describe("A typo in what identifies an object", func() {
	It("is corrected in place while the creation is refused: the buyer of a user", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Spec.BuyerID = "acmee"
		s.create(user)
		s.eventuallyFails(user, v1alpha1.ReasonReferenceNotFound)
		expectNoClaim(user)
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.BuyerID = "acme" })
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.expectHeld(user)
	})

	It("is corrected in place while the creation is refused: the ID of a user", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.takenUser()
		user.Spec.UserID = "jdeo"
		s.create(user)
		s.eventuallyFails(user, v1alpha1.ReasonUsernameTaken)
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.UserID, user.Spec.Username = "jdoe", "jdoe@acme.example" })
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.expectHeld(user)
		Expect(s.missing("buyers/acme/users/jdeo")).To(BeTrue())
	})

	It("is corrected in place while the creation is refused: the ID of a config", func(ctx SpecContext) {
		s := begin(ctx)
		config := s.config("cs-desk")
		config.Spec.ID, config.Spec.SecurityProfileID = "cs-desc", "nothing"
		s.create(config)
		s.eventuallyFails(config, v1alpha1.ReasonReferenceNotFound)
		change(s, config, func(config *v1alpha1.ImpersonationConfig) {
			config.Spec.ID, config.Spec.SecurityProfileID = "cs-desk", "cs-rep"
		})
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		s.expectHeld(config)
		Expect(s.missing("impersonationconfig/cs-desc")).To(BeTrue())
	})

	It("is corrected in place while there is no such Marketplace", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Spec.MarketplaceRef.Name = "no-such"
		s.create(user)
		s.eventuallyFails(user, v1alpha1.ReasonMarketplaceNotFound)
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.MarketplaceRef.Name = "default" })
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.expectHeld(user)
	})

	It("is refused once the object is there, with a sentence that says how to move on", func(ctx SpecContext) {
		s := begin(ctx)
		user, config := s.user("jdoe"), s.config("cs-desk")
		for _, object := range []client.Object{user, config} {
			s.create(object)
			s.eventuallyReady(object, v1alpha1.ReasonCreated)
		}
		for _, edit := range []struct {
			object       client.Object
			field, value string
		}{
			{user, "userID", `other`},
			{user, "buyerID", `globex`},
			{user, "marketplaceRef", `{name: other}`},
			{config, "id", `other`},
			{config, "marketplaceRef", `{name: other}`},
		} {
			cause := theRefusal(suite.admin.Patch(s, edit.object, changeOf("{"+edit.field+": "+edit.value+"}")))
			Expect(cause.Field).To(Equal("spec." + edit.field))
			Expect(cause.Message).To(And(ContainSubstring(edit.field+" is immutable while status.claim is there"),
				ContainSubstring("by a resource of its own, and delete this one"), ContainSubstring("deletionPolicy: Retain")))
		}
	})
})

var _ = Describe("kubectl replace, which takes finalizers and annotations off", func() {
	It("leaves the user the resource's own, and the finalizer comes back", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		replaced := s.replace(user, func(user *v1alpha1.BuyerUser) { user.Spec.FirstName = "Jane" })
		s.eventuallyReady(replaced, v1alpha1.ReasonUpdated)
		s.expectHeld(replaced)
		Expect(s.inOrderCloud(jdoe)).To(HaveKeyWithValue("FirstName", "Jane"))
		Expect(suite.admin.Delete(s, replaced)).To(Succeed())
		s.eventuallyGone(replaced)
		Expect(s.missing(jdoe)).To(BeTrue())
	})

	It("brings the finalizer back at once though nothing else changed", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		replaced := s.replace(user, func(*v1alpha1.BuyerUser) {})
		Eventually(func() []string {
			Expect(suite.admin.Get(s, client.ObjectKeyFromObject(replaced), replaced)).To(Succeed())
			return replaced.Finalizers
		}).WithContext(s).Should(ConsistOf(v1alpha1.ClaimFinalizer))
		s.expectHeld(replaced)
		Expect(s.sandbox.Stats().Writes()).To(Equal(1))
	})
})

// replace does what kubectl replace does with the manifest of a user.
func (s *story) replace(user *v1alpha1.BuyerUser, edit func(*v1alpha1.BuyerUser)) *v1alpha1.BuyerUser {
	GinkgoHelper()
	replaced := s.user(user.Name)
	replaced.ResourceVersion = user.ResourceVersion
	edit(replaced)
	Expect(suite.admin.Update(s, replaced)).To(Succeed())
	Expect(replaced.Finalizers).To(BeEmpty())
	return replaced
}

var _ = Describe("A copy of a resource, with finalizers, annotations and status", func() {
	for _, place := range []string{"in the same namespace", "in another namespace"} {
		It("is in conflict with it "+place+", and deleting the copy deletes nothing", func(ctx SpecContext) {
			s := begin(ctx)
			there := s
			if place == "in another namespace" {
				there = s.neighbour()
			}
			original := s.user("jdoe")
			s.create(original)
			s.eventuallyReady(original, v1alpha1.ReasonCreated)
			writes := s.sandbox.Stats().Writes()
			duplicate := s.duplicate(original, there.namespace)
			there.eventuallyFails(duplicate, v1alpha1.ReasonConflict)
			expectNoClaim(duplicate)
			Expect(suite.admin.Delete(s, duplicate)).To(Succeed())
			s.eventuallyGone(duplicate)
			s.lookNow(original)
			s.eventuallyReady(original, v1alpha1.ReasonCreated)
			s.expectHeld(original)
			s.inOrderCloud(jdoe)
			Expect(s.sandbox.Stats().Writes()).To(Equal(writes))
		})
	}

	It("is in conflict with it also when its status was restored late, after a look", func(ctx SpecContext) {
		s := begin(ctx)
		original := s.user("jdoe")
		s.create(original)
		s.eventuallyReady(original, v1alpha1.ReasonCreated)
		duplicate := s.user("copy")
		duplicate.Spec = original.Spec
		duplicate.Spec.UserID = "jdoe"
		s.create(duplicate)
		s.eventuallyFails(duplicate, v1alpha1.ReasonConflict)
		s.restoreStatus(duplicate, original)
		s.eventuallyFails(duplicate, v1alpha1.ReasonConflict)
		expectNoClaim(duplicate)
		s.expectHeld(original)
	})

	It("does not own what the original has left behind, and somebody changed", func(ctx SpecContext) {
		s := begin(ctx)
		original := s.user("jdoe")
		original.Spec.DeletionPolicy = v1alpha1.DeletionRetain
		s.create(original)
		s.eventuallyReady(original, v1alpha1.ReasonCreated)
		kept := original.DeepCopy()
		Expect(suite.admin.Delete(s, original)).To(Succeed())
		s.eventuallyGone(original)
		s.patchInOrderCloud(jdoe, map[string]any{"Email": "theirs@acme.example"})
		before, writes := s.inOrderCloud(jdoe), s.sandbox.Stats().Writes()

		kept.Spec.DeletionPolicy = v1alpha1.DeletionDelete
		duplicate := s.duplicate(kept, s.namespace)
		s.eventuallyFails(duplicate, v1alpha1.ReasonNotOwned)
		expectNoClaim(duplicate)
		Expect(suite.admin.Delete(s, duplicate)).To(Succeed())
		s.eventuallyGone(duplicate)
		Expect(s.inOrderCloud(jdoe)).To(Equal(before))
		Expect(s.sandbox.Stats().Writes()).To(Equal(writes))
	})
})

// duplicate does what somebody does who edits the output of kubectl get -o yaml, and even
// writes the status.
func (s *story) duplicate(original *v1alpha1.BuyerUser, namespace string) *v1alpha1.BuyerUser {
	GinkgoHelper()
	duplicate := original.DeepCopy()
	duplicate.ObjectMeta = metav1.ObjectMeta{
		Namespace: namespace, Name: "copy", Finalizers: []string{v1alpha1.ClaimFinalizer},
		Annotations: map[string]string{v1alpha1.ClaimedInAnnotation: s.url},
	}
	duplicate.Spec.UserID = "jdoe"
	s.restore(duplicate)
	return duplicate
}

// restore creates an object with the metadata and then the status that it has, as tools
// do that restore a backup. In between the operator may see the one without the other, and
// take the finalizer off a resource that claims nothing yet.
func (s *story) restore(object lifecycle.Object) {
	GinkgoHelper()
	saved, ok := object.DeepCopyObject().(lifecycle.Object)
	Expect(ok).To(BeTrue())
	object.SetUID("")
	object.SetResourceVersion("")
	s.create(object)
	Expect(object.GetFinalizers()).To(ConsistOf(v1alpha1.ClaimFinalizer))
	s.restoreStatus(object, saved)
}

// restoreStatus writes the status that another object has.
func (s *story) restoreStatus(object, saved lifecycle.Object) {
	GinkgoHelper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(saved)
	Expect(err).NotTo(HaveOccurred())
	status, err := json.Marshal(map[string]any{"status": content["status"]})
	Expect(err).NotTo(HaveOccurred())
	Expect(suite.admin.Status().Patch(s, object, client.RawPatch("application/merge-patch+json", status))).To(Succeed())
}
