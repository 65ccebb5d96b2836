// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
)

// long is a grace that no spec lives to see the end of.
const long = time.Hour

// neighbour is another namespace, whose own Marketplace is the same marketplace.
func (s *story) neighbour() *story {
	GinkgoHelper()
	there := s.emptyNeighbour()
	there.readyMarketplace()
	return there
}

// emptyNeighbour is another namespace, without a Marketplace.
func (s *story) emptyNeighbour() *story {
	GinkgoHelper()
	there := *s
	there.namespace = s.newNamespace(nil)
	return &there
}

// useGrace lets deletions of the story's users wait so long for an heir.
func (s *story) useGrace(grace time.Duration) {
	GinkgoHelper()
	change(s, s.marketplace("default"), func(declared *v1alpha1.Marketplace) {
		declared.Spec.DeletionGuard.Grace = &metav1.Duration{Duration: grace}
	})
}

// precious is a user with what only OrderCloud holds: a password, dates, and values that
// nobody declares.
func (s *story) precious() (user *v1alpha1.BuyerUser, before map[string]any) {
	GinkgoHelper()
	user = s.user("jdoe")
	s.create(user)
	s.eventuallyReady(user, v1alpha1.ReasonCreated)
	s.patchInOrderCloud(jdoe, map[string]any{"Password": firstPassword, "xp": map[string]any{"theirs": "precious"}})
	before = s.inOrderCloud(jdoe)
	Expect(before).To(HaveKey("DateCreated"))
	return user, before
}

// prune deletes an object, and waits until the operator has dealt with that: it has let
// another one go whose deletion was asked for later, and waits for nothing.
func (s *story) prune(object client.Object) {
	GinkgoHelper()
	later := s.user("later")
	later.Spec.DeletionPolicy = v1alpha1.DeletionRetain
	s.create(later)
	s.eventuallyReady(later, v1alpha1.ReasonCreated)
	Expect(suite.admin.Delete(s, object)).To(Succeed())
	Expect(suite.admin.Delete(s, later)).To(Succeed())
	s.eventuallyGone(later)
}

// expectKept holds the user in OrderCloud against what it was.
func (s *story) expectKept(before map[string]any) {
	GinkgoHelper()
	Expect(s.inOrderCloud(jdoe)).To(Equal(before))
	Expect(s.password()).To(Equal(firstPassword))
	Expect(s.deletes()).To(BeZero())
}

// record notes every state of the objects of a namespace from now on.
func (s *story) record(kind string) watch.Interface {
	GinkgoHelper()
	admin, err := client.NewWithWatch(suite.plane.AdminConfig, client.Options{Scheme: suite.scheme})
	Expect(err).NotTo(HaveOccurred())
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
	recorded, err := admin.Watch(s, list, client.InNamespace(s.namespace))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(recorded.Stop)
	return recorded
}

// everyStatus lists what kstatus says of an object, state by state, up to the present one.
func (s *story) everyStatus(recorded watch.Interface, object client.Object) (seen []status.Status) {
	GinkgoHelper()
	for {
		var event watch.Event
		Eventually(recorded.ResultChan()).WithContext(s).Should(Receive(&event))
		state, ok := event.Object.(*unstructured.Unstructured)
		Expect(ok).To(BeTrue())
		if state.GetName() != object.GetName() {
			continue
		}
		seen = append(seen, kstatusOf(state))
		if state.GetResourceVersion() == object.GetResourceVersion() {
			return seen
		}
	}
}

var _ = Describe("A declaration that moves to another namespace in one commit", func() {
	for _, kind := range managedKinds {
		It("is no failure to Flux, which applies before it prunes: a "+kind, func(ctx SpecContext) {
			s := begin(ctx)
			there := s.neighbour()
			s.useGrace(long)
			before := s.managed(kind, "jdoe")
			s.create(before)
			s.eventuallyReady(before, v1alpha1.ReasonCreated)
			writes, recorded := s.sandbox.Stats().Writes(), there.record(kind)

			after := there.managed(kind, "jdoe")
			there.create(after)
			there.eventuallyHas(after, v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonConflict)
			Expect(suite.admin.Delete(s, before)).To(Succeed())
			s.eventuallyGone(before)
			there.eventuallyReady(after, v1alpha1.ReasonInSync)
			there.expectHeld(after)

			seen := there.everyStatus(recorded, after)
			Expect(seen).NotTo(ContainElement(status.FailedStatus))
			Expect(seen[len(seen)-1]).To(Equal(status.CurrentStatus))
			Expect(s.sandbox.Stats().Writes()).To(Equal(writes), "nothing is written, and nothing is deleted")
		})
	}

	It("keeps the user, its password and its dates with Argo CD, which prunes before it applies", func(ctx SpecContext) {
		s := begin(ctx)
		there := s.neighbour()
		s.useGrace(long)
		user, before := s.precious()
		s.prune(user)
		after := there.user("jdoe")
		there.create(after)
		s.eventuallyGone(user)
		there.eventuallyReady(after, v1alpha1.ReasonInSync)
		there.expectHeld(after)
		s.expectKept(before)
		Eventually(s.eventReasons).WithArguments(user).Should(ContainElement("Normal HandedOver"))
	})

	It("keeps the user though the Marketplace of its new namespace comes in the same commit", func(ctx SpecContext) {
		s := begin(ctx)
		there := s.emptyNeighbour()
		s.useGrace(long)
		user, before := s.precious()
		s.prune(user)
		after := there.user("jdoe")
		there.create(after)
		there.eventuallyFails(after, v1alpha1.ReasonMarketplaceNotFound)
		there.readyMarketplace()
		s.useGrace(0) // it is over
		s.eventuallyGone(user)
		there.eventuallyReady(after, v1alpha1.ReasonInSync)
		s.expectKept(before)
	})

	It("keeps the user when only the resource is renamed", func(ctx SpecContext) {
		s := begin(ctx)
		s.useGrace(long)
		user, before := s.precious()
		s.prune(user)
		after := s.namesake("joan")
		s.create(after)
		s.eventuallyGone(user)
		s.eventuallyReady(after, v1alpha1.ReasonInSync)
		s.expectHeld(after)
		s.expectKept(before)
	})

	It("deletes a grant at once: what gives rights waits for nothing", func(ctx SpecContext) {
		s := begin(ctx)
		there := s.neighbour()
		s.useGrace(long)
		config := s.config("cs-desk")
		s.create(config)
		s.eventuallyReady(config, v1alpha1.ReasonCreated)
		Expect(suite.admin.Delete(s, config)).To(Succeed())
		s.eventuallyGone(config)
		Expect(s.missing(csDesk)).To(BeTrue())
		after := there.config("cs-desk")
		there.create(after)
		there.eventuallyReady(after, v1alpha1.ReasonCreated)
	})
})

var _ = Describe("A user that is deleted, and that nobody else declares", func() {
	It("is deleted in OrderCloud once the grace is over", func(ctx SpecContext) {
		s := begin(ctx)
		s.useGrace(time.Second)
		user, _ := s.precious()
		Expect(suite.admin.Delete(s, user)).To(Succeed())
		s.eventuallyGone(user)
		Expect(s.missing(jdoe)).To(BeTrue())
	})

	It("is deleted at once when the grace is taken away meanwhile", func(ctx SpecContext) {
		s := begin(ctx)
		s.useGrace(long)
		user, before := s.precious()
		s.prune(user)
		s.expectKept(before)
		s.useGrace(0)
		s.eventuallyGone(user)
		Expect(s.missing(jdoe)).To(BeTrue())
	})
})

// standoff is two resources that declare the same object, for as long as the suite runs: a
// conflict is a failure only after its first minute, and other specs take longer.
type standoff struct {
	*story

	first, second lifecycle.Object
	// reason is why the second one is not Ready.
	reason string
}

// standoffs are those of the kinds, and one for the spec that ends it.
var (
	standoffs map[string]*standoff
	// takenFrom are those in which one declares what the other one's object has.
	takenFrom map[string]*standoff
	endedWave *standoff
)

func startStandoffs(ctx SpecContext) {
	GinkgoHelper()
	standoffs, takenFrom = map[string]*standoff{}, map[string]*standoff{}
	for _, kind := range managedKinds {
		standoffs[kind] = beginStandoff(ctx, kind)
		takenFrom[kind] = beginTaken(ctx, kind)
	}
	endedWave = beginStandoff(ctx, buyerUserKind)
}

func beginStandoff(ctx SpecContext, kind string) *standoff {
	GinkgoHelper()
	s := begin(ctx)
	there := s.neighbour()
	made := &standoff{story: s, first: s.managed(kind, "jdoe"), second: there.managed(kind, "jdoe"), reason: v1alpha1.ReasonConflict}
	s.create(made.first)
	s.eventuallyReady(made.first, v1alpha1.ReasonCreated)
	s.create(made.second)
	return made
}

// eventuallyStalled waits until the first minute is over.
func (w *standoff) eventuallyStalled() {
	GinkgoHelper()
	Eventually(func() string {
		return shownCondition(w.live(w.second), v1alpha1.StalledCondition)
	}).WithContext(w).WithTimeout(3 * time.Minute).Should(Equal("True " + w.reason))
}

var _ = Describe("A declaration that moves under Argo CD with sync waves", func() {
	It("degrades the new one after a minute, so that nothing is pruned, and the second of two commits ends it", func(ctx SpecContext) {
		w := endedWave
		w.Context = ctx
		w.eventuallyStalled()
		health, message := argoHealthOf(w.live(w.second))
		Expect(health).To(Equal(argoDegraded))
		Expect(message).To(ContainSubstring("delete one of the two"))
		before := w.inOrderCloud(jdoe)

		By("the second commit, which takes the old one away")
		Expect(suite.admin.Delete(w, w.first)).To(Succeed())
		w.eventuallyGone(w.first)
		w.eventuallyReady(w.second, v1alpha1.ReasonInSync)
		w.expectHeld(w.second)
		health, _ = argoHealthOf(w.live(w.second))
		Expect(health).To(Equal(argoHealthy))
		Expect(w.inOrderCloud(jdoe)).To(Equal(before))
		Expect(w.deletes()).To(BeZero())
	})

	for _, first := range []string{"applied", "pruned"} {
		It("goes in two commits, of which the first lets the old one only observe, when the second is "+first+" first", func(ctx SpecContext) {
			s := begin(ctx)
			there := s.neighbour()
			user, before := s.precious()
			writes, recorded := s.sandbox.Stats().Writes(), there.record(buyerUserKind)

			By("the first commit")
			change(s, user, func(user *v1alpha1.BuyerUser) { user.Spec.ManagementPolicy = v1alpha1.ManagementObserve })
			s.eventuallyReady(user, v1alpha1.ReasonInSync)
			s.expectHeld(user)

			By("the second commit")
			after := there.user("jdoe")
			if first == "applied" {
				there.create(after)
				there.eventuallyReady(after, v1alpha1.ReasonInSync)
			}
			Expect(suite.admin.Delete(s, user)).To(Succeed())
			s.eventuallyGone(user)
			if first == "pruned" {
				there.create(after)
				there.eventuallyReady(after, v1alpha1.ReasonInSync)
			}
			there.expectHeld(after)
			Expect(there.everyStatus(recorded, after)).NotTo(ContainElement(status.FailedStatus))
			s.expectKept(before)
			Expect(s.sandbox.Stats().Writes()).To(Equal(writes))
		})
	}
})
