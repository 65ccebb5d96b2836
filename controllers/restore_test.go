// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
)

const enforced = "buyers/acme/users/enforced"

// household is one object of each sort that a restore has to find again.
func (s *story) household() []lifecycle.Object {
	withPassword := s.user("enforced")
	withPassword.Spec.PasswordSecretRef = &v1alpha1.SecretKeyReference{Name: "jdoe"}
	withPassword.Spec.PasswordPolicy = v1alpha1.PasswordEnforce
	return []lifecycle.Object{s.user("jdoe"), s.config("cs-desk"), withPassword}
}

// lose takes objects out of the cluster as a disk failure does: nothing is carried out.
func (s *story) lose(objects []lifecycle.Object) {
	GinkgoHelper()
	for _, object := range objects {
		s.merge(object, map[string]any{"metadata": map[string]any{"finalizers": nil}})
		Expect(suite.admin.Delete(s, object)).To(Succeed())
		Expect(s.live(object)).To(BeNil())
	}
}

// lost is a namespace whose objects were lost with the cluster, as they were read last, and
// an empty one in their place.
func lost(ctx SpecContext) (s, rebuilt *story, objects []lifecycle.Object) {
	GinkgoHelper()
	s = begin(ctx)
	s.create(s.passwordSecret(firstPassword))
	objects = s.household()
	for _, object := range objects {
		s.create(object)
		s.eventuallyReady(object, v1alpha1.ReasonCreated)
		s.expectHeld(object)
	}
	s.lose(objects)
	rebuilt = s.emptyNeighbour()
	rebuilt.create(rebuilt.passwordSecret(firstPassword))
	return s, rebuilt, objects
}

// writtenSince lists what was written after so many requests.
func (s *story) writtenSince(requests int) []string {
	var written []string
	for _, request := range s.sandbox.Requests()[requests:] {
		if request.Method != http.MethodGet && strings.HasPrefix(request.Path, "/v1/") {
			written = append(written, request.Method+" "+request.Path)
		}
	}
	return written
}

var _ = Describe("A cluster that is lost", func() {
	It("is built from manifests without status and UIDs, and nothing but an enforced password is written", func(ctx SpecContext) {
		s, rebuilt, _ := lost(ctx)
		before, requests := s.inOrderCloud(jdoe), len(s.sandbox.Requests())
		objects := rebuilt.household()
		for _, object := range objects {
			rebuilt.create(object)
		}
		rebuilt.readyMarketplace()
		rebuilt.expectAdopted(objects, requests)
		Expect(s.inOrderCloud(jdoe)).To(Equal(before))
	})

	It("is restored with metadata and status, and nothing but an enforced password is written", func(ctx SpecContext) {
		s, rebuilt, objects := lost(ctx)
		before, requests := s.inOrderCloud(jdoe), len(s.sandbox.Requests())
		for _, object := range objects {
			object.SetNamespace(rebuilt.namespace)
			uid := object.GetUID()
			rebuilt.restore(object)
			Expect(object.GetUID()).NotTo(Equal(uid))
			_, status := object.Managed()
			Expect(status.Claim).To(HaveValue(HaveField("UID", string(uid))), "the claim of a resource that is no more")
		}
		rebuilt.readyMarketplace()
		rebuilt.expectAdopted(objects, requests)
		Expect(s.inOrderCloud(jdoe)).To(Equal(before))
	})

	It("is restored with metadata and status, and what somebody changed since is neither overwritten nor deleted", func(ctx SpecContext) {
		s, rebuilt, objects := lost(ctx)
		user := objects[0]
		s.patchInOrderCloud(jdoe, map[string]any{"Email": "theirs@acme.example"})
		before, requests := s.inOrderCloud(jdoe), len(s.sandbox.Requests())
		user.SetNamespace(rebuilt.namespace)
		rebuilt.restore(user)
		rebuilt.readyMarketplace()
		rebuilt.eventuallyHas(user, v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)
		expectNoClaim(user)
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		Expect(s.inOrderCloud(jdoe)).To(Equal(before))
		Expect(s.writtenSince(requests)).To(BeEmpty())
	})
})

// expectAdopted waits until the resources own their objects. OrderCloud shows no password, so
// one that is enforced is written once more.
func (s *story) expectAdopted(objects []lifecycle.Object, requests int) {
	GinkgoHelper()
	for _, object := range objects {
		Eventually(func(g Gomega) {
			g.Expect(suite.admin.Get(s, client.ObjectKeyFromObject(object), object)).To(Succeed())
			_, status := object.Managed()
			g.Expect(status.Claim).To(HaveValue(HaveField("UID", string(object.GetUID()))))
			g.Expect(lifecycle.ReadyAt(status.Conditions, object.GetGeneration())).To(BeTrue())
		}).WithContext(s).Should(Succeed())
		s.expectHeld(object)
	}
	Expect(s.writtenSince(requests)).To(ConsistOf("PATCH /v1/" + enforced))
}
