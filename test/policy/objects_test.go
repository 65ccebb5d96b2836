// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"context"
	"encoding/json"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// The policies, each with the binding of the same name.
const (
	securityProfiles = "ordercloud-security-profiles"
	anyBuyer         = "ordercloud-any-buyer"
	deletionPolicy   = "ordercloud-deletion-policy"
	buyers           = "ordercloud-buyers"
	impersonators    = "ordercloud-impersonators"
	tokenRoles       = "ordercloud-token-roles"
)

// What the parameters are called.
const (
	// parameters is the namespace with the parameters that hold everywhere.
	parameters              = "ordercloud-policy"
	profilesAnnotation      = "ordercloud.io/allowed-security-profiles"
	anyBuyerAnnotation      = "ordercloud.io/any-buyer"
	buyersAnnotation        = "ordercloud.io/allowed-buyers"
	impersonatorsAnnotation = "ordercloud.io/allowed-impersonators"
	tokenRolesAnnotation    = "ordercloud.io/allowed-token-roles"
	environmentLabel        = "ordercloud.io/environment"
)

// grant is an ImpersonationConfig that every policy of the overlay lets pass.
func grant(namespace string, edits ...func(*v1alpha1.ImpersonationConfigSpec)) *v1alpha1.ImpersonationConfig {
	config := &v1alpha1.ImpersonationConfig{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "cs-desk"},
		Spec: v1alpha1.ImpersonationConfigSpec{
			ManagedSpec:          v1alpha1.ManagedSpec{DeletionPolicy: v1alpha1.DeletionRetain},
			ImpersonationGroupID: "customer-service", BuyerID: "acme", SecurityProfileID: "cs-rep", ClientName: "Storefront",
		},
	}
	for _, edit := range edits {
		edit(&config.Spec)
	}
	return config
}

// user is a BuyerUser that every policy lets pass.
func user(namespace string, edits ...func(*v1alpha1.BuyerUserSpec)) *v1alpha1.BuyerUser {
	declared := &v1alpha1.BuyerUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "jdoe"},
		Spec: v1alpha1.BuyerUserSpec{
			ManagedSpec: v1alpha1.ManagedSpec{DeletionPolicy: v1alpha1.DeletionRetain},
			BuyerID:     "acme", Username: "jdoe@acme.example", FirstName: "Joan", LastName: "Doe", Email: "jdoe@acme.example",
		},
	}
	for _, edit := range edits {
		edit(&declared.Spec)
	}
	return declared
}

// token is an ImpersonationToken that every policy lets pass.
func token(namespace string, edits ...func(*v1alpha1.ImpersonationTokenSpec)) *v1alpha1.ImpersonationToken {
	declared := &v1alpha1.ImpersonationToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "jdoe"},
		Spec: v1alpha1.ImpersonationTokenSpec{
			BuyerID: "acme", UserID: "jdoe", ClientName: "Storefront", Roles: []v1alpha1.Role{"Shopper"},
		},
	}
	for _, edit := range edits {
		edit(&declared.Spec)
	}
	return declared
}

// profile changes the security profile that is granted.
func profile(id v1alpha1.ID) func(*v1alpha1.ImpersonationConfigSpec) {
	return func(spec *v1alpha1.ImpersonationConfigSpec) { spec.SecurityProfileID = id }
}

// overAnyBuyer takes away what narrows the grant.
func overAnyBuyer(spec *v1alpha1.ImpersonationConfigSpec) { spec.BuyerID = "" }

// observing only looks.
func observing(spec *v1alpha1.ImpersonationConfigSpec) {
	spec.ManagementPolicy = v1alpha1.ManagementObserve
}

// deleting says deletionPolicy: Delete.
func deleting(spec *v1alpha1.ImpersonationConfigSpec) {
	spec.DeletionPolicy = v1alpha1.DeletionDelete
}

// violations has for each policy an object that it refuses, and no other does,
// whatever the specs make of the parameters.
func violations() map[string]client.Object {
	return map[string]client.Object{
		securityProfiles: grant("shop", profile("operator")),
		anyBuyer:         grant("shop", overAnyBuyer),
		deletionPolicy:   grant("shop-production", deleting),
		buyers:           user("shop", userOf("initech")),
		impersonators:    grant("shop", toAdminUser),
		tokenRoles:       token("shop", asking("FullAccess")),
	}
}

// beRefusedBy matches the refusal of a policy, whatever it says.
func beRefusedBy(policy string) types.GomegaMatcher {
	return And(Satisfy(apierrors.IsForbidden), MatchError(ContainSubstring("ValidatingAdmissionPolicy '%s' with binding '%s' denied request: ", policy, policy)))
}

// beRefused matches the refusal of an object by a policy, word by word.
func beRefused(resource, name, policy, message string) types.GomegaMatcher {
	return And(Satisfy(apierrors.IsForbidden), MatchError(fmt.Sprintf(
		"%s.ordercloud.io %q is forbidden: ValidatingAdmissionPolicy '%s' with binding '%s' denied request: %s",
		resource, name, policy, policy, message)))
}

// resourceOf is how the API server calls the kind of an object.
func resourceOf(object client.Object) string {
	switch object.(type) {
	case *v1alpha1.BuyerUser:
		return "buyerusers"
	case *v1alpha1.ImpersonationToken:
		return "impersonationtokens"
	}
	return "impersonationconfigs"
}

// annotate does what "kubectl annotate namespace --overwrite" does; nil takes an
// annotation away.
func annotate(ctx context.Context, namespace string, annotations map[string]any) {
	GinkgoHelper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}})
	Expect(err).NotTo(HaveOccurred())
	annotated := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	Expect(mergePatch(ctx, suite.admin, annotated, string(patch))).To(Succeed())
}

// removeParameters deletes the namespace with the parameters, as its controller
// would in a cluster.
func removeParameters(ctx context.Context) {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: parameters}}
	Expect(suite.admin.Delete(ctx, namespace)).To(Succeed())
	Expect(suite.admin.Get(ctx, client.ObjectKeyFromObject(namespace), namespace)).To(Succeed())
	namespace.Spec.Finalizers = nil
	Expect(suite.admin.SubResource("finalize").Update(ctx, namespace)).To(Succeed())
	eventuallyGone(ctx, namespace)
}

// create stores an object, which goes when the spec ends.
func create(ctx context.Context, object client.Object) {
	GinkgoHelper()
	Expect(suite.admin.Create(ctx, object)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		Expect(client.IgnoreNotFound(suite.admin.Delete(ctx, object))).To(Succeed())
	})
}

// mergePatch is "kubectl patch --type=merge".
func mergePatch(ctx context.Context, as client.Client, object client.Object, patch string) error {
	copied, _ := object.DeepCopyObject().(client.Object)
	return as.Patch(ctx, copied, client.RawPatch("application/merge-patch+json", []byte(patch)))
}
