// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// shop is a namespace with a Marketplace.
type shop struct {
	context.Context

	*host
	namespace string
}

// open declares a Marketplace at the host.
func open(ctx context.Context, namespace string, at *host) *shop {
	GinkgoHelper()
	s := &shop{Context: ctx, host: at, namespace: namespace}
	Expect(suite.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
	Expect(suite.plane.GrantTokens(ctx, namespace)).To(Succeed())
	clientID, clientSecret := at.box.Credentials()
	s.create(
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "ordercloud"}, StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "password"}, StringData: map[string]string{"password": password}},
		&v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: v1alpha1.MarketplaceSpec{
			URL: at.URL, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
			Interval:  &metav1.Duration{Duration: 2 * time.Second},
			RateLimit: v1alpha1.RateLimit{RequestsPerSecond: 1000, Concurrency: 64},
		}},
	)
	return s
}

func (s *shop) create(objects ...client.Object) {
	GinkgoHelper()
	Expect(s.declare(objects...)).To(Succeed())
}

func (s *shop) declare(objects ...client.Object) error {
	for _, object := range objects {
		object.SetNamespace(s.namespace)
		if err := suite.admin.Create(s, object); err != nil {
			return fmt.Errorf("creating %s: %w", object.GetName(), err)
		}
	}
	return nil
}

// user declares a user of acme with the canary as password.
func user(name string) *v1alpha1.BuyerUser {
	return &v1alpha1.BuyerUser{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.BuyerUserSpec{
		BuyerID: "acme", Username: name + "@mail.example", Email: name + "@mail.example", FirstName: "Joan", LastName: "Doe",
		PasswordSecretRef: &v1alpha1.SecretKeyReference{Name: "password", Key: "password"},
		PasswordPolicy:    v1alpha1.PasswordEnforce,
	}}
}

// grant lets the operator act as the users of acme, which tokens need.
func grant() *v1alpha1.ImpersonationConfig {
	return &v1alpha1.ImpersonationConfig{ObjectMeta: metav1.ObjectMeta{Name: "desk"}, Spec: v1alpha1.ImpersonationConfigSpec{
		ImpersonationUserID: "operator", BuyerID: "acme", SecurityProfileID: "shopper", ClientName: "Storefront",
	}}
}

func token(userID string) *v1alpha1.ImpersonationToken {
	return &v1alpha1.ImpersonationToken{ObjectMeta: metav1.ObjectMeta{Name: "token-" + userID}, Spec: v1alpha1.ImpersonationTokenSpec{
		BuyerID: "acme", UserID: v1alpha1.ID(userID), ClientName: "Storefront", Roles: []v1alpha1.Role{"Shopper"},
	}}
}

// told waits until an object says something that begins so about a condition.
func (s *shop) told(object client.Object, condition, want string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(suite.admin.Get(s, client.ObjectKeyFromObject(object), object)).To(Succeed())
		found := meta.FindStatusCondition(conditionsOf(object), condition)
		g.Expect(found).NotTo(BeNil())
		g.Expect(string(found.Status) + " " + found.Reason + ": " + found.Message).To(HavePrefix(want))
	}).WithContext(s).Should(Succeed())
}

func conditionsOf(object client.Object) []metav1.Condition {
	switch object := object.(type) {
	case *v1alpha1.Marketplace:
		return object.Status.Conditions
	case *v1alpha1.BuyerUser:
		return object.Status.Conditions
	case *v1alpha1.ImpersonationConfig:
		return object.Status.Conditions
	case *v1alpha1.ImpersonationToken:
		return object.Status.Conditions
	}
	return nil
}

// story counts what it does.
func story(what string, do func()) {
	GinkgoHelper()
	By(what)
	do()
	suite.stories++
}

func tellStories(ctx context.Context) {
	s := open(ctx, "stories", newHost(nil))
	jane, walkIn, config := user("jane"), user("walk-in"), grant()
	story("a user is created with a password", func() {
		s.create(jane)
		s.told(jane, "Ready", "True")
	})
	story("a user is adopted", func() {
		walkIn.Spec.AdoptionPolicy = v1alpha1.AdoptAlways
		s.create(walkIn)
		s.told(walkIn, "Ready", "True")
	})
	story("a grant is made, and a token issued", func() {
		s.create(config)
		s.told(config, "Ready", "True")
		issued := token("jane")
		s.create(issued)
		s.told(issued, "Ready", "True")
	})
	story("a drift is corrected", func() {
		Expect(s.box.Mutate(sandbox.Mutation{Method: http.MethodPatch, Path: "buyers/acme/users/jane", Body: map[string]any{"Email": "x@y.example"}})).To(Succeed())
		Eventually(func() any {
			seen, _ := s.box.Object("buyers/acme/users/jane")
			return seen["Email"]
		}).WithContext(ctx).Should(Equal("jane@mail.example"))
	})
	story("a password is rotated", func() {
		const next = "Canary-Next-Pass-77"
		suite.canaries.Add("password", next)
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "password"}}
		Expect(suite.admin.Patch(ctx, secret, client.RawPatch("application/merge-patch+json", []byte(`{"stringData":{"password":"`+next+`"}}`)))).To(Succeed())
		Eventually(func() string {
			set, _ := s.box.Password("buyers/acme/users/jane")
			return set
		}).WithContext(ctx).Should(Equal(next))
	})
	story("a user is refused", func() {
		refused := user("refused")
		refused.Spec.BuyerID = "nowhere"
		s.create(refused)
		s.told(refused, "Synced", "False ReferenceNotFound")
	})
	story("tokens are revoked", func() { s.box.RevokeTokens() })
	story("the client's secret is a wrong one", func() {
		const wrong = "Canary-Wrong-Secret-55"
		suite.canaries.Add("client secret", wrong)
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "ordercloud"}}
		_, right := s.box.Credentials()
		rotate := func(to string) {
			Expect(suite.admin.Patch(ctx, secret, client.RawPatch("application/merge-patch+json", []byte(`{"stringData":{"clientSecret":"`+to+`"}}`)))).To(Succeed())
		}
		marketplace := &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "default"}}
		rotate(wrong)
		s.told(marketplace, "Ready", "False CredentialsInvalid")
		rotate(right)
		s.told(marketplace, "Ready", "True")
	})
	story("a user is deleted", func() {
		walkIn.Spec.DeletionPolicy = v1alpha1.DeletionDelete
		Expect(suite.admin.Delete(ctx, walkIn)).To(Succeed())
		Eventually(func() error { return suite.admin.Get(ctx, client.ObjectKeyFromObject(walkIn), walkIn) }).WithContext(ctx).ShouldNot(Succeed())
	})
}

// faults are all that a host or a proxy does here.
func faults() []fault {
	var all []fault
	for _, which := range slices.Sorted(maps.Keys(calls)) {
		for _, status := range []int{200, 400, 401, 403, 404, 409, 429, 500, 503} {
			for _, shape := range slices.Sorted(maps.Keys(shapes)) {
				all = append(all, fault{which, status, shape})
			}
		}
	}
	return all
}

// meetAll has each fault met, so many at once as the machine bears.
func meetAll(ctx context.Context, all []fault) {
	GinkgoHelper()
	var group errgroup.Group
	group.SetLimit(15)
	for index, met := range all {
		s := open(ctx, fmt.Sprintf("fault-%d", index), newHost(&met))
		group.Go(func() error { return s.meet() })
	}
	Expect(group.Wait()).To(Succeed())
}

// meet declares all kinds at a host with a fault, waits until the fault was met and has been
// told, and then suspends them: they need not be tried again.
func (s *shop) meet() error {
	jane, desk, issued := user("jane"), grant(), token("walk-in")
	if err := s.declare(jane, desk, issued); err != nil {
		return err
	}
	err := wait.PollUntilContextTimeout(s, 50*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		for _, object := range []client.Object{jane, issued} {
			if err := suite.admin.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
				return false, fmt.Errorf("reading %s: %w", object.GetName(), err)
			}
			if len(conditionsOf(object)) == 0 {
				return false, nil
			}
		}
		return s.answered.Load() > 0, nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s.fault, err)
	}
	suspend := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"suspend":true}}`))
	for _, object := range []client.Object{jane, desk, issued} {
		if err := suite.admin.Patch(s, object, suspend); err != nil {
			return fmt.Errorf("suspending %s: %w", object.GetName(), err)
		}
	}
	return nil
}

var _ = Describe("A canary that is a password, a client secret or a token", func() {
	It("is found nowhere, whatever happens and however verbose the log is", func(ctx SpecContext) {
		tellStories(ctx)
		all := faults()
		meetAll(ctx, all)
		var leaks []string
		searched := places(ctx)
		for name, text := range searched {
			for _, found := range suite.canaries.In(text) {
				leaks = append(leaks, name+": "+found)
			}
		}
		AddReportEntry("canaries", fmt.Sprintf("%d places searched for %v, at level 10, after %d stories and %d faults",
			len(searched), suite.canaries.Kinds(), suite.stories, len(all)))
		slices.Sort(leaks)
		leaks = leaks[:min(len(leaks), 60)] // one is too many
		Expect(leaks).To(BeEmpty(), strings.Join(leaks, "\n"))
	}, NodeTimeout(20*time.Minute))
})
