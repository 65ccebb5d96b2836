// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package unreadable_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// The kinds, as manifests name them.
const (
	marketplaceKind = "Marketplace"
	buyerUserKind   = "BuyerUser"
	configKind      = "ImpersonationConfig"
	tokenKind       = "ImpersonationToken"
)

// resources are the kinds' names in paths and probes.
var resources = map[string]string{
	marketplaceKind: "marketplaces", buyerUserKind: "buyerusers", configKind: "impersonationconfigs", tokenKind: "impersonationtokens",
}

// soundSpecs are specs that are accepted and work; those of users and configs differ by
// what NAME is replaced with.
var soundSpecs = map[string]string{
	buyerUserKind: `{buyerID: acme, username: NAME@acme.example, firstName: Joan, lastName: Doe, email: NAME@acme.example}`,
	configKind:    `{securityProfileID: cs-rep, clientName: Storefront, buyerID: acme}`,
	tokenKind:     `{buyerID: acme, userID: jdoe, clientName: Storefront, roles: [Shopper]}`,
}

// stage is a namespace with a Marketplace and its sandbox, in which an operator works.
type stage struct {
	context.Context

	url       string
	namespace string
}

// prepare declares a Marketplace "default" in a namespace of its own, where the operator
// may elect a leader and write tokens.
func prepare(ctx context.Context) *stage {
	GinkgoHelper()
	opened, err := sandbox.New()
	Expect(err).NotTo(HaveOccurred())
	server := httptest.NewServer(opened)
	DeferCleanup(server.Close)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "unreadable-"}}
	Expect(suite.admin.Create(ctx, namespace)).To(Succeed())
	s := &stage{Context: ctx, url: server.URL, namespace: namespace.Name}
	s.allowElection()
	clientID, clientSecret := opened.Credentials()
	Expect(suite.admin.Create(s, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "ordercloud"},
		StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret},
	})).To(Succeed())
	s.declare(marketplaceKind, "default")
	return s
}

// allowElection grants the role of the manifests, and no more.
func (s *stage) allowElection() {
	GinkgoHelper()
	manifest, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "leader_election_role.yaml"))
	Expect(err).NotTo(HaveOccurred())
	role := &rbacv1.Role{}
	Expect(yaml.UnmarshalStrict(manifest, role)).To(Succeed())
	role.Namespace = s.namespace
	Expect(suite.admin.Create(s, role)).To(Succeed())
	Expect(suite.admin.Create(s, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: controlplane.OperatorUser}},
	})).To(Succeed())
}

func (s *stage) startOperator() *operator {
	GinkgoHelper()
	return startOperator("--allowed-endpoints", s.url, "--leader-election-namespace", s.namespace)
}

// declare creates a sound object of a kind, with more fields if need be, that goes when
// the spec ends.
func (s *stage) declare(kind, name string, more ...string) {
	GinkgoHelper()
	text := soundSpecs[kind]
	if kind == marketplaceKind {
		text = fmt.Sprintf("{url: %q, credentialsSecretRef: {name: ordercloud}}", s.url)
	}
	fields := map[string]any{}
	for _, overlay := range append([]string{text}, more...) {
		Expect(yaml.Unmarshal([]byte(overlay), &fields)).To(Succeed())
	}
	for field, value := range fields {
		switch value {
		case "NAME@acme.example":
			fields[field] = name + "@acme.example"
		case nil:
			delete(fields, field)
		}
	}
	object := s.object(kind, name)
	object.Object["spec"] = fields
	// It may take a moment until the API server has heard of a CRD's change.
	Eventually(func() error { return suite.admin.Create(s, object.DeepCopy()) }).WithContext(s).Should(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		removed := s.object(kind, name)
		Expect(client.IgnoreNotFound(suite.admin.Delete(ctx, removed))).To(Succeed())
		release := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
		Expect(client.IgnoreNotFound(suite.admin.Patch(ctx, removed, release))).To(Succeed())
	})
}

func (s *stage) object(kind, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	object.SetNamespace(s.namespace)
	object.SetName(name)
	return object
}

// edit lays JSON over the spec of an object.
func (s *stage) edit(kind, name, spec string) {
	GinkgoHelper()
	change := client.RawPatch(types.MergePatchType, []byte(`{"spec":`+spec+`}`))
	Expect(suite.admin.Patch(s, s.object(kind, name), change)).To(Succeed())
}

// ready is the condition Ready of an object, if it is about the object as it is now.
func (s *stage) ready(kind, name string) metav1.Condition {
	GinkgoHelper()
	object := s.object(kind, name)
	Expect(suite.admin.Get(s, client.ObjectKeyFromObject(object), object)).To(Succeed())
	var status struct{ Conditions []metav1.Condition }
	text, err := yaml.Marshal(object.Object["status"])
	Expect(err).NotTo(HaveOccurred())
	Expect(yaml.Unmarshal(text, &status)).To(Succeed())
	condition := meta.FindStatusCondition(status.Conditions, v1alpha1.ReadyCondition)
	if condition == nil || condition.ObservedGeneration != object.GetGeneration() {
		return metav1.Condition{}
	}
	return *condition
}

func (s *stage) eventuallyReady(kind, name string) {
	GinkgoHelper()
	Eventually(func() metav1.ConditionStatus { return s.ready(kind, name).Status }).WithContext(s).Should(Equal(metav1.ConditionTrue), kind+" "+name)
}

// crdOf is the CRD of a resource, to be patched.
func crdOf(resource string) *unstructured.Unstructured {
	crd := &unstructured.Unstructured{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	crd.SetName(resource + "." + v1alpha1.GroupVersion.Group)
	return crd
}
