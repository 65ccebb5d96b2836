// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenants_test

import (
	"context"
	"encoding/json"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// Roles of those who declare. Kubernetes' own role edit is, without the controller that
// aggregates it, no more than these two of its parts.
var (
	ofEveryone = []string{
		"system:aggregate-to-view", "system:aggregate-to-edit",
		"buyeruser-editor-role", "impersonationconfig-editor-role", "impersonationtoken-editor-role",
	}
	ofOwner = append([]string{"marketplace-editor-role"}, ofEveryone...)
)

// createShippedRoles creates the roles of config/rbac for those who declare.
func createShippedRoles(ctx context.Context) {
	GinkgoHelper()
	for _, kind := range []string{"buyeruser", "impersonationconfig", "impersonationtoken", "marketplace"} {
		role, err := controlplane.ClusterRole(kind + "_editor_role.yaml")
		Expect(err).NotTo(HaveOccurred())
		Expect(suite.admin.Create(ctx, role)).To(Succeed())
	}
}

// person is somebody who declares in one namespace, with the rights of a user of its own.
type person struct {
	client.Client

	namespace string
}

// let makes a user of a namespace, with roles in that namespace and nowhere else.
func let(ctx context.Context, namespace string, roles []string) *person {
	GinkgoHelper()
	user := "user-of-" + namespace
	for _, role := range roles {
		Expect(suite.admin.Create(ctx, &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "of-user-"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		})).To(Succeed())
	}
	return &person{Client: clientOf(user), namespace: namespace}
}

// declare creates objects in the person's namespace.
func (p *person) declare(ctx context.Context, objects ...client.Object) {
	GinkgoHelper()
	for _, object := range objects {
		object.SetNamespace(p.namespace)
		Eventually(func() error { return p.Create(ctx, object) }).WithContext(ctx).Should(Succeed())
	}
}

// sees is all that the person can read about what is in its namespace: the objects with
// their status, and the events.
func (p *person) sees(ctx context.Context) string {
	GinkgoHelper()
	var seen strings.Builder
	for _, list := range []client.ObjectList{
		&v1alpha1.MarketplaceList{}, &v1alpha1.BuyerUserList{}, &v1alpha1.ImpersonationConfigList{}, &v1alpha1.ImpersonationTokenList{},
		&eventsv1.EventList{},
	} {
		err := p.List(ctx, list, client.InNamespace(p.namespace))
		if _, isMarketplaces := list.(*v1alpha1.MarketplaceList); isMarketplaces && err != nil {
			continue // tenants may not
		}
		Expect(err).NotTo(HaveOccurred())
		written, err := json.Marshal(list)
		Expect(err).NotTo(HaveOccurred())
		seen.Write(written)
	}
	return seen.String()
}

// eventually waits until a condition of an object is about its generation and begins with
// "STATUS REASON: MESSAGE". The object is read as the person.
func (p *person) eventually(ctx context.Context, object client.Object, kind, want string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(p.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
		g.Expect(conditionOf(object, kind)).To(HavePrefix(want))
	}).WithContext(ctx).Should(Succeed())
}

// eventuallyRefused waits until all conditions of an object say that tenants do not permit
// it, and why.
func (p *person) eventuallyRefused(ctx context.Context, object client.Object, why string) {
	GinkgoHelper()
	p.eventually(ctx, object, v1alpha1.SyncedCondition, "False NotPermitted: "+why)
	Expect(conditionOf(object, v1alpha1.ReadyCondition)).To(Equal("False NotPermitted: " + why))
	Expect(conditionOf(object, v1alpha1.StalledCondition)).To(Equal("True NotPermitted: " + why))
	Expect(conditionOf(object, v1alpha1.DriftedCondition)).To(BeEmpty())
}

// eventuallyTold waits for an event about an object, which the person reads.
func (p *person) eventuallyTold(ctx context.Context, about client.Object, reason, note string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		var events eventsv1.EventList
		g.Expect(p.List(ctx, &events, client.InNamespace(p.namespace))).To(Succeed())
		var notes []string
		for _, event := range events.Items {
			if event.Regarding.UID == about.GetUID() && event.Reason == reason {
				notes = append(notes, event.Note)
			}
		}
		g.Expect(notes).To(ContainElement(ContainSubstring(note)))
	}).WithContext(ctx).Should(Succeed())
}

// eventuallyGone waits until an object is no more.
func (p *person) eventuallyGone(ctx context.Context, object client.Object) {
	GinkgoHelper()
	Eventually(func() error { return p.Get(ctx, client.ObjectKeyFromObject(object), object) }).WithContext(ctx).
		Should(MatchError(ContainSubstring("not found")))
}

// change edits an object as the person, whatever the operator writes at the same time.
func change[T client.Object](ctx context.Context, as *person, object T, edit func(T)) {
	GinkgoHelper()
	Eventually(func() error {
		if err := as.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		edit(object)
		return as.Update(ctx, object)
	}).WithContext(ctx).Should(Succeed())
}
