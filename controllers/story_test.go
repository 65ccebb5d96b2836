// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox/contract"
)

// story is one namespace with one Marketplace and the sandbox behind it.
type story struct {
	context.Context

	namespace string
	sandbox   *sandbox.Sandbox
	url       string
}

// begin opens a sandbox and declares a Marketplace "default" with its Secret in a
// namespace of its own. It is Ready when the story begins: becoming so, it would
// wake the story's objects at a moment that no story chose.
func begin(ctx context.Context, options ...sandbox.Option) *story {
	GinkgoHelper()
	s := beginWithoutMarketplace(ctx, options...)
	clientID, clientSecret := s.sandbox.Credentials()
	s.create(credentials(s.namespace, clientID, clientSecret))
	declared := s.marketplace("default")
	s.create(declared)
	s.eventuallyReady(declared, v1alpha1.ReasonInSync)
	return s
}

func beginWithoutMarketplace(ctx context.Context, options ...sandbox.Option) *story {
	GinkgoHelper()
	opened, err := sandbox.New(options...)
	Expect(err).NotTo(HaveOccurred())
	s := &story{Context: ctx, sandbox: opened, url: serve(opened)}
	s.namespace = s.newNamespace(nil)
	return s
}

// beginInRegion begins a story whose marketplace shares its base URL with that of
// another seller, as all of a region do.
func beginInRegion(ctx context.Context) (s *story, another *sandbox.Sandbox) {
	GinkgoHelper()
	seed := sandbox.DefaultSeed()
	own, err := sandbox.New(sandbox.WithSeed(seed))
	Expect(err).NotTo(HaveOccurred())
	another, err = sandbox.New(sandbox.WithSeed(seed.OfSeller("another-seller")))
	Expect(err).NotTo(HaveOccurred())
	s = &story{Context: ctx, sandbox: own, url: serve(sandbox.Region(own, another))}
	s.namespace = s.newNamespace(nil)
	clientID, clientSecret := own.Credentials()
	s.create(credentials(s.namespace, clientID, clientSecret))
	declared := s.marketplace("default")
	s.create(declared)
	s.eventuallyReady(declared, v1alpha1.ReasonInSync)
	return s, another
}

// serve answers requests at an address that the operator may contact.
func serve(handler http.Handler) (url string) {
	GinkgoHelper()
	listener := nextListener()
	server := httptest.NewUnstartedServer(contract.Handler(GinkgoTB(), handler))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	DeferCleanup(server.Close)
	return server.URL
}

func (s *story) newNamespace(labels map[string]string) string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "story-", Labels: labels}}
	Expect(suite.admin.Create(s, namespace)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { emptyNamespace(ctx, namespace.Name) })
	return namespace.Name
}

// emptyNamespace removes what a spec left behind, finalizers included: nothing
// else would, since there is no namespace controller.
func emptyNamespace(ctx context.Context, namespace string) {
	for _, list := range []client.ObjectList{
		&v1alpha1.ImpersonationTokenList{}, &v1alpha1.BuyerUserList{}, &v1alpha1.ImpersonationConfigList{}, &v1alpha1.MarketplaceList{},
	} {
		Expect(suite.admin.List(ctx, list, client.InNamespace(namespace))).To(Succeed())
		items, err := meta.ExtractList(list)
		Expect(err).NotTo(HaveOccurred())
		for _, item := range items {
			object, ok := item.(client.Object)
			Expect(ok).To(BeTrue())
			object.SetFinalizers(nil)
			object.SetResourceVersion("")
			patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
			Expect(client.IgnoreNotFound(suite.admin.Delete(ctx, object))).To(Succeed())
			Expect(client.IgnoreNotFound(suite.admin.Patch(ctx, object, patch))).To(Succeed())
		}
	}
}

func credentials(namespace, clientID, clientSecret string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ordercloud"},
		StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret},
	}
}

func (s *story) marketplace(name string) *v1alpha1.Marketplace {
	return &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec: v1alpha1.MarketplaceSpec{
			URL:                  s.url,
			CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
			Interval:             &metav1.Duration{Duration: time.Hour},
			RateLimit:            v1alpha1.RateLimit{RequestsPerSecond: 1000, Concurrency: 16},
			// Specs count calls. Those about unmanaged grants ask for a report.
			UnmanagedImpersonationConfigs: v1alpha1.GrantsIgnore,
			// Nothing waits for an heir, but in the specs about one.
			DeletionGuard: v1alpha1.DeletionGuard{Grace: &metav1.Duration{}},
		},
	}
}

func (s *story) user(name string) *v1alpha1.BuyerUser {
	return &v1alpha1.BuyerUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec: v1alpha1.BuyerUserSpec{
			BuyerID: "acme", Username: name + "@acme.example", FirstName: "Joan", LastName: "Doe", Email: name + "@acme.example",
		},
	}
}

func (s *story) config(name string) *v1alpha1.ImpersonationConfig {
	return &v1alpha1.ImpersonationConfig{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec: v1alpha1.ImpersonationConfigSpec{
			ImpersonationGroupID: "customer-service", BuyerID: "acme", SecurityProfileID: "cs-rep", ClientName: "Storefront",
		},
	}
}

func (s *story) create(object client.Object) {
	GinkgoHelper()
	Expect(suite.admin.Create(s, object)).To(Succeed())
}

// change applies an edit to the object as it is now, again when somebody else
// was faster.
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

// lookNow asks for a look and waits until it was made.
func (s *story) lookNow(object client.Object) {
	GinkgoHelper()
	mark := time.Now().Format(time.RFC3339Nano)
	change(s, object, func(object client.Object) {
		annotations := object.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[v1alpha1.ReconcileAtAnnotation] = mark
		object.SetAnnotations(annotations)
	})
	Eventually(func() string {
		Expect(suite.admin.Get(s, client.ObjectKeyFromObject(object), object)).To(Succeed())
		return handledMark(object)
	}).WithContext(s).Should(Equal(mark))
}

func handledMark(object client.Object) string {
	switch typed := object.(type) {
	case *v1alpha1.Marketplace:
		return typed.Status.LastHandledReconcileAt
	case *v1alpha1.BuyerUser:
		return typed.Status.LastHandledReconcileAt
	case *v1alpha1.ImpersonationConfig:
		return typed.Status.LastHandledReconcileAt
	case *v1alpha1.ImpersonationToken:
		return typed.Status.LastHandledReconcileAt
	default:
		return ""
	}
}

func conditionsOf(object client.Object) []metav1.Condition {
	switch typed := object.(type) {
	case *v1alpha1.Marketplace:
		return typed.Status.Conditions
	case *v1alpha1.BuyerUser:
		return typed.Status.Conditions
	case *v1alpha1.ImpersonationConfig:
		return typed.Status.Conditions
	case *v1alpha1.ImpersonationToken:
		return typed.Status.Conditions
	default:
		return nil
	}
}

// eventuallyHas waits for a condition with that status and reason, about the
// object's present generation, and returns its message.
func (s *story) eventuallyHas(object client.Object, kind string, status metav1.ConditionStatus, reason string) string {
	GinkgoHelper()
	var message string
	Eventually(func(g Gomega) {
		g.Expect(suite.admin.Get(s, client.ObjectKeyFromObject(object), object)).To(Succeed())
		condition := meta.FindStatusCondition(conditionsOf(object), kind)
		g.Expect(condition).NotTo(BeNil())
		g.Expect(condition.ObservedGeneration).To(Equal(object.GetGeneration()))
		g.Expect(string(condition.Status)+" "+condition.Reason).To(Equal(string(status)+" "+reason), condition.Message)
		message = condition.Message
	}).WithContext(s).Should(Succeed())
	expectSoundConditions(object)
	return message
}

func (s *story) eventuallyReady(object client.Object, reason string) {
	GinkgoHelper()
	s.eventuallyHas(object, v1alpha1.ReadyCondition, metav1.ConditionTrue, reason)
}

func (s *story) eventuallyFails(object client.Object, reason string) string {
	GinkgoHelper()
	s.eventuallyHas(object, v1alpha1.ReadyCondition, metav1.ConditionFalse, reason)
	return s.eventuallyHas(object, v1alpha1.SyncedCondition, metav1.ConditionFalse, reason)
}

func (s *story) eventuallyGone(object client.Object) {
	GinkgoHelper()
	Eventually(func() bool {
		return apierrors.IsNotFound(suite.admin.Get(s, client.ObjectKeyFromObject(object), object))
	}).WithContext(s).Should(BeTrue())
}

// expectSoundConditions holds every object of every spec against the rules that
// pipelines rely on.
func expectSoundConditions(object client.Object) {
	GinkgoHelper()
	conditions := conditionsOf(object)
	ready := meta.IsStatusConditionTrue(conditions, v1alpha1.ReadyCondition)
	reconciling := meta.FindStatusCondition(conditions, v1alpha1.ReconcilingCondition)
	stalled := meta.FindStatusCondition(conditions, v1alpha1.StalledCondition)
	if ready {
		Expect(reconciling).To(BeNil(), "Reconciling beside Ready")
		Expect(stalled).To(BeNil(), "Stalled beside Ready")
		return
	}
	Expect(reconciling == nil).NotTo(Equal(stalled == nil), "exactly one of Reconciling and Stalled while not Ready")
}

// eventReasons lists the reasons of the events about an object.
func (s *story) eventReasons(object client.Object) []string {
	GinkgoHelper()
	var list eventsv1.EventList
	Expect(suite.admin.List(s, &list, client.InNamespace(object.GetNamespace()))).To(Succeed())
	var reasons []string
	for _, event := range list.Items {
		if event.Regarding.UID == object.GetUID() {
			reasons = append(reasons, event.Type+" "+event.Reason)
		}
	}
	return reasons
}

// mutate changes the sandbox behind the operator's back.
func (s *story) mutate(method, path string, body map[string]any) {
	GinkgoHelper()
	Expect(s.sandbox.Mutate(sandbox.Mutation{Method: method, Path: path, Body: body})).To(Succeed())
}

func (s *story) patchInOrderCloud(path string, body map[string]any) {
	GinkgoHelper()
	s.mutate(http.MethodPatch, path, body)
}

// inOrderCloud is the object as OrderCloud has it.
func (s *story) inOrderCloud(path string) map[string]any {
	GinkgoHelper()
	object, exists := s.sandbox.Object(path)
	Expect(exists).To(BeTrue(), path+" does not exist in OrderCloud")
	return object
}

func (s *story) missing(path string) bool {
	_, exists := s.sandbox.Object(path)
	return !exists
}

// clientID is the ID of the application of that name, as /apiclients answers it.
func (s *story) clientID(appName string) string {
	GinkgoHelper()
	list, exists := s.sandbox.Object("apiclients?AppName=" + appName)
	Expect(exists).To(BeTrue())
	items, ok := list["Items"].([]any)
	Expect(ok).To(BeTrue())
	Expect(items).To(HaveLen(1))
	application, ok := items[0].(map[string]any)
	Expect(ok).To(BeTrue())
	id, ok := application["ID"].(string)
	Expect(ok).To(BeTrue())
	return id
}

// looksAt counts how often OrderCloud was asked about objects of this kind.
func (s *story) looksAt(object client.Object) int {
	route := "GET /v1/impersonationconfig/"
	if _, isUser := object.(*v1alpha1.BuyerUser); isUser {
		route = "GET /v1/buyers/{buyerID}/users/"
	}
	looks := 0
	for called, count := range s.sandbox.Stats().Calls {
		if strings.HasPrefix(called, route) {
			looks += count
		}
	}
	return looks
}
