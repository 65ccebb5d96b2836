// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ha_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

// stage is a namespace with a Marketplace, its sandbox, and the lease of the replicas
// that work for it.
type stage struct {
	context.Context

	sandbox   *sandbox.Sandbox
	url       string
	namespace string
}

// prepare declares a Marketplace "default" that takes so many requests a second, in a
// namespace of its own where the operator may elect a leader.
func prepare(ctx context.Context, requestsPerSecond int32) *stage {
	GinkgoHelper()
	opened, err := sandbox.New()
	Expect(err).NotTo(HaveOccurred())
	server := httptest.NewServer(opened)
	DeferCleanup(server.Close)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "ha-"}}
	Expect(suite.admin.Create(ctx, namespace)).To(Succeed())
	s := &stage{Context: ctx, sandbox: opened, url: server.URL, namespace: namespace.Name}
	Expect(suite.plane.GrantElection(ctx, s.namespace)).To(Succeed())

	clientID, clientSecret := opened.Credentials()
	Expect(suite.admin.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "ordercloud"},
		StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret},
	})).To(Succeed())
	Expect(suite.admin.Create(ctx, &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "default"},
		Spec: v1alpha1.MarketplaceSpec{
			URL:                  s.url,
			CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
			RateLimit:            v1alpha1.RateLimit{RequestsPerSecond: requestsPerSecond},
		},
	})).To(Succeed())
	return s
}

// startReplica starts a replica that is elected by the lease of this stage.
func (s *stage) startReplica(name string, flags ...string) *replica {
	GinkgoHelper()
	return startReplica(s, name, shipped.Options{Endpoints: []string{s.url}, Namespace: s.namespace, More: flags})
}

func (s *stage) leaseHolder() string {
	GinkgoHelper()
	lease := &coordinationv1.Lease{}
	key := client.ObjectKey{Namespace: s.namespace, Name: "ordercloud-operator.ordercloud.io"}
	Expect(suite.admin.Get(s, key, lease)).To(Succeed())
	Expect(lease.Spec.HolderIdentity).NotTo(BeNil())
	return *lease.Spec.HolderIdentity
}

func (s *stage) eventuallyMarketplaceReady() {
	GinkgoHelper()
	Eventually(func() bool {
		declared := &v1alpha1.Marketplace{}
		Expect(suite.admin.Get(s, client.ObjectKey{Namespace: s.namespace, Name: "default"}, declared)).To(Succeed())
		return meta.IsStatusConditionTrue(declared.Status.Conditions, v1alpha1.ReadyCondition)
	}).WithContext(s).Should(BeTrue())
}

func (s *stage) createUsers(count int) {
	GinkgoHelper()
	for number := range count {
		name := fmt.Sprintf("user-%03d", number)
		Expect(suite.admin.Create(s, &v1alpha1.BuyerUser{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
			Spec: v1alpha1.BuyerUserSpec{
				BuyerID: "acme", Username: name + "@acme.example", FirstName: "Joan", LastName: "first", Email: name + "@acme.example",
			},
		})).To(Succeed())
	}
}

// editUsers gives all users another last name.
func (s *stage) editUsers(lastName string) {
	GinkgoHelper()
	for _, user := range s.users() {
		edit := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"spec":{"lastName":%q}}`, lastName))
		Expect(suite.admin.Patch(s, &user, edit)).To(Succeed())
	}
}

func (s *stage) users() []v1alpha1.BuyerUser {
	GinkgoHelper()
	var list v1alpha1.BuyerUserList
	Expect(suite.admin.List(s, &list, client.InNamespace(s.namespace))).To(Succeed())
	return list.Items
}

// eventuallyUsersReady waits until OrderCloud holds what is declared of all users, as
// their status says.
func (s *stage) eventuallyUsersReady(count int) {
	GinkgoHelper()
	Eventually(func() int {
		ready := 0
		for _, user := range s.users() {
			condition := meta.FindStatusCondition(user.Status.Conditions, v1alpha1.ReadyCondition)
			if condition != nil && condition.Status == metav1.ConditionTrue && condition.ObservedGeneration == user.Generation {
				ready++
			}
		}
		return ready
	}).WithContext(s).Should(Equal(count))
}

func (s *stage) calls(route string) int { return s.sandbox.Stats().Calls[route] }

// expectCreatedOnce asks for one write for each user, all of which were accepted.
func (s *stage) expectCreatedOnce(count int) {
	GinkgoHelper()
	answers := map[string]int{}
	for _, request := range s.sandbox.Requests() {
		if request.Method != http.MethodGet && request.Route != "POST /oauth/token" {
			answers[fmt.Sprintf("%s: %d", request.Route, request.Status)]++
		}
	}
	Expect(answers).To(Equal(map[string]int{createUser + ": 201": count}))
	s.expectLastName(count, "first")
}

// writesFrom are the writes but for so many at first.
func (s *stage) writesFrom(first int) []string {
	var found []string
	for _, request := range s.sandbox.Requests() {
		if request.Method != http.MethodGet && request.Route != "POST /oauth/token" {
			found = append(found, request.Method+" "+request.Path)
		}
	}
	return found[min(first, len(found)):]
}

// expectLastName asks OrderCloud for that many users, all of that last name.
func (s *stage) expectLastName(count int, lastName string) {
	GinkgoHelper()
	for number := range count {
		path := fmt.Sprintf("buyers/acme/users/user-%03d", number)
		user, exists := s.sandbox.Object(path)
		Expect(exists).To(BeTrue(), path)
		Expect(user).To(HaveKeyWithValue("LastName", lastName), path)
	}
}
