// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

// Where OrderCloud has what the specs declare.
const (
	userPath  = "buyers/acme/users/jdoe"
	grantPath = "impersonationconfig/cs-desk"
)

// Everything here violates a policy, and was there before it.
var _ = Describe("What is older than the policies", Ordered, func() {
	var (
		marketplace *sandbox.Sandbox
		oldUser     = user("shop-production", userDeleting)
		oldGrant    = grant("shop-production", deleting, overAnyBuyer, profile("operator"))
	)

	BeforeAll(func(ctx SpecContext) {
		marketplace = startOperator(ctx, "shop-production")
		for _, object := range []client.Object{oldUser, oldGrant} {
			Expect(suite.admin.Create(ctx, object)).To(Succeed())
			eventuallyReady(ctx, object)
		}
		install(ctx)
		// The policies do see these objects: as new ones they would be refused.
		Expect(dryRun(ctx, user("shop-production", userDeleting))).To(beRefusedBy(deletionPolicy))
		Expect(dryRun(ctx, grant("shop-production", overAnyBuyer))).To(beRefusedBy(anyBuyer))
		Expect(dryRun(ctx, grant("shop-production", profile("operator")))).To(beRefusedBy(securityProfiles))
	})

	It("is still looked at, put back and told about", func(ctx SpecContext) {
		Expect(marketplace.Mutate(sandbox.Mutation{Method: http.MethodPatch, Path: userPath, Body: map[string]any{"FirstName": "Jane"}})).To(Succeed())
		Expect(marketplace.Mutate(sandbox.Mutation{Method: http.MethodPatch, Path: grantPath, Body: map[string]any{"SecurityProfileID": "shopper"}})).To(Succeed())
		for _, object := range []client.Object{oldUser, oldGrant} {
			Expect(mergePatch(ctx, suite.admin, object, `{"metadata":{"annotations":{"ordercloud.io/reconcile-at":"now"}}}`)).To(Succeed())
			Eventually(func(g Gomega) {
				g.Expect(suite.admin.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
				_, status := object.(managed).Managed()
				g.Expect(status.LastHandledReconcileAt).To(Equal("now"))
				g.Expect(status.LastDrift).NotTo(BeNil())
				g.Expect(status.LastDrift.CorrectedTime).NotTo(BeNil())
			}).WithContext(ctx).Should(Succeed())
		}
	})

	It("is claimed again by the operator when somebody took the claim away", func(ctx SpecContext) {
		for _, object := range []client.Object{oldUser, oldGrant} {
			Expect(mergePatch(ctx, suite.admin, object, `{"metadata":{"finalizers":null,"annotations":{"ordercloud.io/reconcile-at":"again"}}}`)).To(Succeed())
			Eventually(func(g Gomega) {
				g.Expect(suite.admin.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
				g.Expect(object.GetFinalizers()).To(ContainElement(v1alpha1.ClaimFinalizer))
			}).WithContext(ctx).Should(Succeed())
			eventuallyReady(ctx, object)
		}
	})

	It("can be written by the operator's user in metadata and status", func(ctx SpecContext) {
		config, err := suite.plane.Config(controlplane.OperatorUser)
		Expect(err).NotTo(HaveOccurred())
		operator, err := client.New(config, client.Options{Scheme: suite.admin.Scheme()})
		Expect(err).NotTo(HaveOccurred())
		for _, object := range []client.Object{oldUser, oldGrant} {
			Expect(mergePatch(ctx, operator, object, `{"metadata":{"annotations":{"example.org/note":"written by the operator's user"}}}`)).To(Succeed())
			status := client.RawPatch("application/merge-patch+json", []byte(`{"status":{"path":"written/by/the/operators/user"}}`))
			copied, _ := object.DeepCopyObject().(client.Object)
			Expect(operator.Status().Patch(ctx, copied, status)).To(Succeed())
		}
	})

	It("has to meet them when its spec changes", func(ctx SpecContext) {
		Expect(mergePatch(ctx, suite.admin, oldUser, `{"spec":{"email":"joan@acme.example"}}`)).To(beRefusedBy(deletionPolicy))
		Expect(mergePatch(ctx, suite.admin, oldGrant, `{"spec":{"interval":"1h","deletionPolicy":"Retain","buyerID":"acme"}}`)).To(beRefusedBy(securityProfiles))
		Expect(mergePatch(ctx, suite.admin, oldGrant, `{"spec":{"interval":"1h","deletionPolicy":"Retain","securityProfileID":"cs-rep"}}`)).To(beRefusedBy(anyBuyer))
		Expect(mergePatch(ctx, suite.admin, oldGrant, `{"spec":{"interval":"1h","securityProfileID":"cs-rep","buyerID":"acme"}}`)).To(beRefusedBy(deletionPolicy))
	})

	It("can be stopped without meeting them", func(ctx SpecContext) {
		Expect(mergePatch(ctx, suite.admin, oldGrant, `{"spec":{"managementPolicy":"Observe"}}`)).To(Succeed())
		Expect(mergePatch(ctx, suite.admin, oldGrant, `{"spec":{"managementPolicy":"Enforce"}}`)).To(Satisfy(apierrors.IsForbidden))
	})

	It("can still be told to stay in OrderCloud while it is being deleted", func(ctx SpecContext) {
		held := grant("shop-staging", deleting, overAnyBuyer, profile("operator"), observing)
		held.Finalizers = []string{"example.org/keep"}
		kept := user("shop-production")
		kept.Name, kept.Finalizers = "kept", held.Finalizers
		for _, object := range []client.Object{held, kept} {
			Expect(suite.admin.Create(ctx, object)).To(Succeed())
			Expect(suite.admin.Delete(ctx, object)).To(Succeed())
		}
		Expect(mergePatch(ctx, suite.admin, held, `{"spec":{"managementPolicy":"Enforce","deletionPolicy":"Retain"}}`)).To(Succeed())
		Expect(mergePatch(ctx, suite.admin, kept, `{"spec":{"deletionPolicy":"Delete"}}`)).To(beRefusedBy(deletionPolicy))
		for _, object := range []client.Object{held, kept} {
			Expect(mergePatch(ctx, suite.admin, object, `{"metadata":{"finalizers":null}}`)).To(Succeed())
			eventuallyGone(ctx, object)
		}
	})

	It("can be deleted", func(ctx SpecContext) {
		Expect(suite.admin.Delete(ctx, oldGrant)).To(Succeed())
		eventuallyGone(ctx, oldGrant)
	})

	It("can be deleted without the parameters, too", func(ctx SpecContext) {
		abandoned := grant("shop-staging", deleting)
		abandoned.Finalizers = []string{"example.org/keep"}
		Expect(suite.admin.Create(ctx, abandoned)).To(Succeed())
		removeParameters(ctx)
		Eventually(dryRun).WithArguments(ctx, grant("shop", overAnyBuyer)).Should(Succeed())

		Expect(suite.admin.Delete(ctx, abandoned)).To(Succeed())
		Expect(mergePatch(ctx, suite.admin, abandoned, `{"metadata":{"finalizers":null}}`)).To(Succeed())
		eventuallyGone(ctx, abandoned)

		Expect(suite.admin.Delete(ctx, oldUser)).To(Succeed())
		eventuallyGone(ctx, oldUser)
		_, exists := marketplace.Object(userPath)
		Expect(exists).To(BeFalse(), "it said Delete, and was there before the policy")
	})
})

// managed is what all kinds that mirror an OrderCloud object have in common.
type managed interface {
	client.Object
	Managed() (*v1alpha1.ManagedSpec, *v1alpha1.ManagedStatus)
}

// startOperator starts the operator as it is built and with the rights that it
// has in a cluster, and declares the Marketplace "default" of a sandbox.
func startOperator(ctx context.Context, namespace string) *sandbox.Sandbox {
	GinkgoHelper()
	opened, err := sandbox.New()
	Expect(err).NotTo(HaveOccurred())
	server := httptest.NewServer(opened)
	DeferCleanup(server.Close)

	directory := GinkgoT().TempDir()
	kubeconfig, err := suite.plane.Kubeconfig(controlplane.OperatorUser)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(filepath.Join(directory, "kubeconfig"), kubeconfig, 0o600)).To(Succeed())
	binary := filepath.Join(directory, "ordercloud-operator")
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", binary, repository)
	build.Stdout, build.Stderr = GinkgoWriter, GinkgoWriter
	Expect(build.Run()).To(Succeed())

	command, err := shipped.NewCommand(shipped.Options{Endpoints: []string{server.URL}})
	Expect(err).NotTo(HaveOccurred())
	operator, err := command.Start(binary, "ordercloud-operator", filepath.Join(directory, "kubeconfig"), GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(operator.Kill)

	clientID, clientSecret := opened.Credentials()
	create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ordercloud"},
		StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret},
	})
	create(ctx, &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"},
		Spec: v1alpha1.MarketplaceSpec{
			URL:                  server.URL,
			CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
			Interval:             &metav1.Duration{Duration: time.Hour},
		},
	})
	return opened
}

func eventuallyReady(ctx context.Context, object client.Object) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(suite.admin.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
		_, status := object.(managed).Managed()
		ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ReadyCondition)
		g.Expect(ready).NotTo(BeNil())
		g.Expect(ready.Status).To(Equal(metav1.ConditionTrue), ready.Message)
	}).WithContext(ctx).Should(Succeed())
}

func eventuallyGone(ctx context.Context, object client.Object) {
	GinkgoHelper()
	Eventually(func() bool {
		return apierrors.IsNotFound(suite.admin.Get(ctx, client.ObjectKeyFromObject(object), object))
	}).WithContext(ctx).Should(BeTrue())
}
