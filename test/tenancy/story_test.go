// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

const jdoe = "buyers/acme/users/jdoe"

// story is an installation of the operator: its user, its roles, and namespaces of
// its own in place of those that the manifests name.
type story struct {
	context.Context

	user       string
	namespaces map[string]string
	operator   *operator
}

// install applies the roles of a directory of config, for an operator that is yet
// to be started. Besides the namespaces of the manifests there is "other".
func install(ctx context.Context, objects []client.Object) *story {
	GinkgoHelper()
	system := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "system-"}}
	Expect(suite.admin.Create(ctx, system)).To(Succeed())
	s := &story{
		Context: ctx, user: "system:serviceaccount:" + system.Name + ":ordercloud-operator",
		namespaces: map[string]string{"ordercloud-system": system.Name},
	}
	for _, name := range []string{"shop", "support", "other"} {
		s.namespaces[name] = system.Name + "-" + name
		Expect(suite.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespaces[name]}})).To(Succeed())
		DeferCleanup(empty, s.namespaces[name])
	}
	for _, object := range objects {
		if granted := s.own(object); granted != nil {
			Expect(suite.admin.Create(ctx, granted)).To(Succeed())
		}
	}
	return s
}

// own is a role or a binding of the manifests for this installation alone; nil for
// everything else.
func (s *story) own(object client.Object) client.Object {
	const inCluster = "-in-cluster"
	system := s.namespaces["ordercloud-system"]
	var subjects []rbacv1.Subject
	switch typed := object.(type) {
	case *rbacv1.Role:
	case *rbacv1.RoleBinding:
		subjects = typed.Subjects
	case *rbacv1.ClusterRole:
		typed.Name = system + inCluster + typed.Name
	case *rbacv1.ClusterRoleBinding:
		typed.Name = system + inCluster + typed.Name
		typed.RoleRef.Name = system + inCluster + typed.RoleRef.Name
		subjects = typed.Subjects
	default:
		return nil
	}
	for index := range subjects {
		Expect(subjects[index].Namespace).To(Equal("ordercloud-system"))
		subjects[index].Namespace = system
	}
	if object.GetNamespace() != "" {
		object.SetNamespace(s.namespaces[object.GetNamespace()])
	}
	return object
}

// start starts the operator as the Deployment of the manifests does, with more flags.
func (s *story) start(objects []client.Object, markets []*market, more ...string) {
	GinkgoHelper()
	renamed := strings.NewReplacer("shop", s.namespaces["shop"], "support", s.namespaces["support"])
	options := shipped.Options{Namespace: s.namespaces["ordercloud-system"], More: more}
	for _, flag := range argumentsOf(objects) {
		options.Arguments = append(options.Arguments, renamed.Replace(flag))
	}
	for _, each := range markets {
		options.Endpoints = append(options.Endpoints, each.url)
	}
	s.operator = startOperator(s, s.user, options)
}

// empty removes what a spec left in a namespace, finalizers included.
func empty(ctx SpecContext, namespace string) {
	for _, list := range []client.ObjectList{&v1alpha1.BuyerUserList{}, &v1alpha1.MarketplaceList{}} {
		Expect(suite.admin.List(ctx, list, client.InNamespace(namespace))).To(Succeed())
		items, err := meta.ExtractList(list)
		Expect(err).NotTo(HaveOccurred())
		for _, item := range items {
			object, ok := item.(client.Object)
			Expect(ok).To(BeTrue())
			Expect(client.IgnoreNotFound(suite.admin.Delete(ctx, object))).To(Succeed())
			patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
			Expect(client.IgnoreNotFound(suite.admin.Patch(ctx, object, patch))).To(Succeed())
		}
	}
}

// market is a Marketplace and the sandbox behind it.
type market struct {
	*v1alpha1.Marketplace

	box    *sandbox.Sandbox
	url    string
	secret *corev1.Secret
}

// open declares a Marketplace "default" in a namespace.
func (s *story) open(namespace string, interval time.Duration, allowed v1alpha1.AllowedNamespaces) *market {
	GinkgoHelper()
	opened, err := sandbox.New()
	Expect(err).NotTo(HaveOccurred())
	server := httptest.NewServer(opened)
	DeferCleanup(server.Close)
	clientID, clientSecret := opened.Credentials()
	m := &market{box: opened, url: server.URL, secret: &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespaces[namespace], Name: "ordercloud"},
		StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret},
	}}
	m.Marketplace = &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespaces[namespace], Name: "default"},
		Spec: v1alpha1.MarketplaceSpec{
			URL: m.url, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
			Interval: &metav1.Duration{Duration: interval}, AllowedNamespaces: allowed,
			RateLimit: v1alpha1.RateLimit{RequestsPerSecond: 1000},
		},
	}
	s.create(m.secret, m.Marketplace)
	return m
}

// jdoe is a user of a namespace, in the Marketplace of the same or of another one.
func (s *story) jdoe(namespace, ofMarketplace string) *v1alpha1.BuyerUser {
	return &v1alpha1.BuyerUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespaces[namespace], Name: "jdoe"},
		Spec: v1alpha1.BuyerUserSpec{
			ManagedSpec: v1alpha1.ManagedSpec{MarketplaceRef: v1alpha1.MarketplaceReference{Namespace: s.namespaces[ofMarketplace]}},
			BuyerID:     "acme", Username: "jdoe@acme.example", FirstName: "Joan", LastName: "Doe", Email: "jdoe@acme.example",
		},
	}
}

func (s *story) create(objects ...client.Object) {
	GinkgoHelper()
	for _, object := range objects {
		Expect(suite.admin.Create(s, object)).To(Succeed())
	}
}

// change edits an object, whatever the operator writes at the same time.
func change[T client.Object](s *story, object T, edit func(T)) {
	GinkgoHelper()
	Eventually(func() error {
		if err := suite.admin.Get(s, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		edit(object)
		return suite.admin.Update(s, object)
	}).WithContext(s).Should(Succeed())
}

// label gives the namespace "support" its labels.
func (s *story) label(labels map[string]string) {
	GinkgoHelper()
	change(s, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespaces["support"]}}, func(namespace *corev1.Namespace) {
		namespace.Labels = labels
	})
}

// eventually waits until a condition of an object is about its generation and
// begins with "STATUS REASON: MESSAGE".
func (s *story) eventually(object client.Object, kind, want string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(suite.admin.Get(s, client.ObjectKeyFromObject(object), object)).To(Succeed())
		var conditions []metav1.Condition
		switch typed := object.(type) {
		case *v1alpha1.BuyerUser:
			conditions = typed.Status.Conditions
		case *v1alpha1.Marketplace:
			conditions = typed.Status.Conditions
		}
		condition := meta.FindStatusCondition(conditions, kind)
		g.Expect(condition).NotTo(BeNil())
		g.Expect(condition.ObservedGeneration).To(Equal(object.GetGeneration()))
		g.Expect(string(condition.Status) + " " + condition.Reason + ": " + condition.Message).To(HavePrefix(want))
	}).WithContext(s).Should(Succeed())
}
