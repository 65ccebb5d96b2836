// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// person is somebody to whom one of Kubernetes' own roles is bound in the namespace
// "shop".
func (s *story) person(role string) client.Client {
	GinkgoHelper()
	name := s.namespaces["shop"] + "-" + role
	s.create(&rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespaces["shop"], Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
	})
	config, err := suite.plane.Config(name)
	Expect(err).NotTo(HaveOccurred())
	bound, err := client.New(config, client.Options{Scheme: suite.admin.Scheme()})
	Expect(err).NotTo(HaveOccurred())
	return bound
}

// declarable are an object of each kind, for the namespace "shop".
func (s *story) declarable() map[string]client.Object {
	meta := metav1.ObjectMeta{Namespace: s.namespaces["shop"], Name: "tried"}
	user := s.jdoe("shop", "shop")
	return map[string]client.Object{
		"Marketplace": &v1alpha1.Marketplace{ObjectMeta: meta, Spec: v1alpha1.MarketplaceSpec{
			Environment: v1alpha1.EnvironmentSandbox, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
		}},
		"BuyerUser": &v1alpha1.BuyerUser{ObjectMeta: meta, Spec: user.Spec},
		"ImpersonationConfig": &v1alpha1.ImpersonationConfig{ObjectMeta: meta, Spec: v1alpha1.ImpersonationConfigSpec{
			BuyerID: "acme", SecurityProfileID: "cs-rep", ClientName: "Storefront",
		}},
		"ImpersonationToken": &v1alpha1.ImpersonationToken{ObjectMeta: meta, Spec: v1alpha1.ImpersonationTokenSpec{
			BuyerID: "acme", UserID: "jdoe", ClientName: "Storefront", Roles: []v1alpha1.Role{"Shopper"},
		}},
	}
}

// declares tries whether a person may create an object, and stores nothing.
func (s *story) declares(person client.Client, object client.Object) error {
	copied, _ := object.DeepCopyObject().(client.Object)
	return person.Create(s, copied, client.DryRunAll)
}

// reads lists the objects of a kind.
func (s *story) reads(person client.Client, list client.ObjectList) error {
	return person.List(s, list, client.InNamespace(s.namespaces["shop"]))
}

var _ = Describe("People with Kubernetes' own roles in a namespace", func() {
	It("declare nothing as edit, read no BuyerUsers as view or edit, and may do both as admin", func(ctx SpecContext) {
		s := install(ctx, build(ctx, "config/default"))
		admin, editor, viewer := s.person("admin"), s.person("edit"), s.person("view")
		for kind, object := range s.declarable() {
			Eventually(s.declares).WithArguments(admin, object).Should(Succeed(), kind)
		}
		// The last role that view takes in: the controller that does it has seen all of them.
		for _, person := range []client.Client{viewer, editor} {
			Eventually(s.reads).WithArguments(person, &v1alpha1.ImpersonationTokenList{}).Should(Succeed())
			Expect(s.reads(person, &v1alpha1.MarketplaceList{})).To(Succeed())
			Expect(s.reads(person, &v1alpha1.ImpersonationConfigList{})).To(Succeed())
			Expect(s.reads(person, &v1alpha1.BuyerUserList{})).To(Satisfy(apierrors.IsForbidden))
		}
		for kind, object := range s.declarable() {
			Expect(s.declares(editor, object)).To(Satisfy(apierrors.IsForbidden), kind)
			Expect(s.declares(viewer, object)).To(Satisfy(apierrors.IsForbidden), kind)
		}
		// The role is in force: it is these kinds that it lacks.
		Expect(s.declares(editor, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespaces["shop"], Name: "tried"}})).To(Succeed())
	})

	DescribeTable("get more of it by a component that says so", func(ctx SpecContext, component, role string, given func(*story, client.Client) error) {
		objects := build(ctx, combine("config/default", component))
		s := install(ctx, objects)
		person := s.person(role)
		// The rules of view and edit are the cluster's: no other spec may find them so.
		DeferCleanup(func(ctx SpecContext) {
			for _, object := range objects {
				if _, isRole := object.(*rbacv1.ClusterRole); isRole {
					Expect(suite.admin.Delete(ctx, object)).To(Succeed())
				}
			}
			s.Context = ctx
			Eventually(given).WithArguments(s, person).Should(Satisfy(apierrors.IsForbidden))
		})
		Eventually(given).WithArguments(s, person).Should(Succeed())
	},
		Entry("edit declares a Marketplace", "config/components/aggregate-to-edit", "edit", declaring("Marketplace")),
		Entry("edit declares a BuyerUser", "config/components/aggregate-to-edit", "edit", declaring("BuyerUser")),
		Entry("edit declares an ImpersonationConfig", "config/components/aggregate-to-edit", "edit", declaring("ImpersonationConfig")),
		Entry("edit declares an ImpersonationToken", "config/components/aggregate-to-edit", "edit", declaring("ImpersonationToken")),
		Entry("view reads BuyerUsers", "config/components/aggregate-to-view", "view", readingUsers),
		Entry("edit reads BuyerUsers, as view does", "config/components/aggregate-to-view", "edit", readingUsers),
	)
})

func declaring(kind string) func(*story, client.Client) error {
	return func(s *story, person client.Client) error { return s.declares(person, s.declarable()[kind]) }
}

func readingUsers(s *story, person client.Client) error {
	return s.reads(person, &v1alpha1.BuyerUserList{})
}
