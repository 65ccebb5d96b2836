// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const (
	firstPassword  = "Correct-Horse-1"
	secondPassword = "Battery-Staple-2"
)

// ticking is a clock on which any two readings differ by a minute.
func ticking() func() time.Time { return steps(time.Minute) }

// steps is a clock on which each reading is a step later than the one before.
func steps(step time.Duration) func() time.Time {
	start := time.Now().Truncate(time.Second)
	var readings atomic.Int64
	return func() time.Time { return start.Add(time.Duration(readings.Add(1)) * step) }
}

func (s *story) passwordSecret(password string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "jdoe"},
		StringData: map[string]string{"password": password},
	}
}

func (s *story) userWithPassword(policy v1alpha1.PasswordPolicy) *v1alpha1.BuyerUser {
	user := s.user("jdoe")
	user.Spec.PasswordSecretRef = &v1alpha1.SecretKeyReference{Name: "jdoe"}
	user.Spec.PasswordPolicy = policy
	return user
}

func (s *story) password() string {
	password, _ := s.sandbox.Password(jdoe)
	return password
}

var _ = Describe("A buyer user with a declared password", func() {
	It("waits for the Secret and is created with its password", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.userWithPassword(v1alpha1.PasswordInitial)
		s.create(user)
		Expect(s.eventuallyFails(user, v1alpha1.ReasonReferenceNotFound)).To(ContainSubstring("/jdoe, which passwordSecretRef names, does not exist"))
		Expect(s.missing(jdoe)).To(BeTrue())
		s.create(s.passwordSecret(firstPassword))
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		Expect(s.password()).To(Equal(firstPassword))
		Expect(user.Status.PasswordLastSetDate).NotTo(BeNil())
	})

	It("keeps what the user chose later, with passwordPolicy Initial", func(ctx SpecContext) {
		s := begin(ctx, sandbox.WithClock(ticking()))
		s.create(s.passwordSecret(firstPassword))
		user := s.userWithPassword(v1alpha1.PasswordInitial)
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.patchInOrderCloud(jdoe, map[string]any{"Password": "Chosen-By-User-3"})
		s.lookNow(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		Expect(s.password()).To(Equal("Chosen-By-User-3"))
	})

	It("gets the new password when the Secret changes, with passwordPolicy Enforce", func(ctx SpecContext) {
		s := begin(ctx, sandbox.WithClock(ticking()))
		secret := s.passwordSecret(firstPassword)
		s.create(secret)
		user := s.userWithPassword(v1alpha1.PasswordEnforce)
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		change(s, secret, func(secret *corev1.Secret) { secret.Data["password"] = []byte(secondPassword) })
		s.eventuallyReady(user, v1alpha1.ReasonUpdated)
		Expect(s.password()).To(Equal(secondPassword))
		Expect(user.Status.LastDrift).To(BeNil(), "a rotated Secret is no drift")
	})

	It("gets its password back when somebody else sets one in the same second, with passwordPolicy Enforce", func(ctx SpecContext) {
		s := begin(ctx, sandbox.WithClock(steps(50*time.Millisecond)))
		s.create(s.passwordSecret(firstPassword))
		user := s.userWithPassword(v1alpha1.PasswordEnforce)
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		s.patchInOrderCloud(jdoe, map[string]any{"Password": "Somebody-Else-3"})
		s.lookNow(user)
		s.eventuallyReady(user, v1alpha1.ReasonCorrected)
		Expect(s.password()).To(Equal(firstPassword))
		Expect(user.Status.LastDrift.Fields).To(ConsistOf("Password"))
	})

	It("is still put back in everything else when its Secret is gone, with passwordPolicy Enforce", func(ctx SpecContext) {
		s := begin(ctx, sandbox.WithClock(ticking()))
		secret := s.passwordSecret(firstPassword)
		s.create(secret)
		user := s.userWithPassword(v1alpha1.PasswordEnforce)
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		Expect(suite.admin.Delete(s, secret)).To(Succeed())
		s.eventuallyFails(user, v1alpha1.ReasonReferenceNotFound)
		s.patchInOrderCloud(jdoe, map[string]any{"Email": "other@acme.example"})
		s.lookNow(user)
		s.eventuallyFails(user, v1alpha1.ReasonReferenceNotFound)
		Expect(s.inOrderCloud(jdoe)).To(HaveKeyWithValue("Email", "jdoe@acme.example"))
	})

	It("is not created when OrderCloud refuses the password, and the message says why", func(ctx SpecContext) {
		s := begin(ctx)
		secret := s.passwordSecret("short")
		s.create(secret)
		user := s.userWithPassword(v1alpha1.PasswordInitial)
		s.create(user)
		message := s.eventuallyFails(user, v1alpha1.ReasonRejected)
		Expect(message).To(ContainSubstring("InsecurePassword"))
		Expect(s.missing(jdoe)).To(BeTrue())
		change(s, secret, func(secret *corev1.Secret) { secret.Data["password"] = []byte(firstPassword) })
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
	})

	It("shows its password nowhere", func(ctx SpecContext) {
		s := begin(ctx, sandbox.WithClock(ticking()))
		s.create(s.passwordSecret(firstPassword))
		user := s.userWithPassword(v1alpha1.PasswordEnforce)
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
		s.patchInOrderCloud(jdoe, map[string]any{"Password": "Somebody-Else-3", "Email": "other@acme.example"})
		s.lookNow(user)
		Expect(user.Status.Drift).To(ContainElement(v1alpha1.DriftEntry{Field: "Password", Desired: "(redacted)", Observed: "(redacted)"}))
		Eventually(s.eventReasons).WithArguments(user).Should(ContainElement("Normal DriftDetected"))

		var events eventsv1.EventList
		Expect(suite.admin.List(s, &events, client.InNamespace(s.namespace))).To(Succeed())
		told, err := json.Marshal(events)
		Expect(err).NotTo(HaveOccurred())
		status, err := json.Marshal(user.Status)
		Expect(err).NotTo(HaveOccurred())
		for _, secret := range []string{firstPassword, "Somebody-Else-3"} {
			Expect(string(status)).NotTo(ContainSubstring(secret))
			Expect(string(told)).NotTo(ContainSubstring(secret))
		}
		for _, personal := range []string{"jdoe@acme.example", "other@acme.example", "Joan"} {
			Expect(string(told)).NotTo(ContainSubstring(personal))
		}
	})
})
