// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ha_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// renewals are a minute of a leader that renews its lease every two seconds.
const renewals = 30

// watches are those of one kind.
type watches struct {
	// Begun counts all of them, Open those that have not ended.
	Begun, Open int
}

// watchesOf counts the watches of a replica so far, by kind.
func watchesOf(name string) map[string]watches {
	GinkgoHelper()
	found := map[string]watches{}
	for _, entry := range audited(name) {
		// While it makes room for a kind that was just installed, it accepts none.
		if entry.Verb != "watch" || entry.ResponseStatus.Code != http.StatusOK {
			continue
		}
		counted := found[entry.ObjectRef.Resource]
		if entry.Stage == "ResponseStarted" {
			counted.Begun++
			counted.Open++
		} else {
			counted.Open--
		}
		found[entry.ObjectRef.Resource] = counted
	}
	return found
}

// awaitRenewals waits until the leader has renewed its lease so many times.
func (s *stage) awaitRenewals(count int) {
	GinkgoHelper()
	seen := map[time.Time]bool{}
	Eventually(func(g Gomega) {
		lease := &coordinationv1.Lease{}
		g.Expect(suite.admin.Get(s, client.ObjectKey{Namespace: s.namespace, Name: "ordercloud-operator.ordercloud.io"}, lease)).To(Succeed())
		seen[lease.Spec.RenewTime.Time] = true
		g.Expect(len(seen)).To(BeNumerically(">", count))
	}).WithContext(s).WithTimeout(5 * time.Minute).WithPolling(200 * time.Millisecond).Should(Succeed())
}

var _ = Describe("The operator as its Deployment runs it, with nothing to do", func() {
	It("keeps one watch for each kind open for a minute, and says nothing", func(ctx SpecContext) {
		s := prepare(ctx, 20)
		idle := s.startReplica("idle")
		s.eventuallyMarketplaceReady()
		s.createUsers(1)
		s.eventuallyUsersReady(1)
		s.awaitRenewals(1) // whatever the creation leads to has been said

		one := watches{Begun: 1, Open: 1}
		want := map[string]watches{
			"marketplaces": one, "buyerusers": one, "impersonationconfigs": one, "impersonationtokens": one,
			"secrets": one, "namespaces": one,
		}
		said, began := len(idle.log.Contents()), time.Now()
		s.awaitRenewals(renewals)
		Expect(watchesOf(idle.name)).To(Equal(want))
		Expect(string(idle.log.Contents()[said:])).To(BeEmpty())
		AddReportEntry("idle", fmt.Sprintf("%d kinds with one watch each, and no line of log, in %.0f s", len(want), time.Since(began).Seconds()))
	}, SpecTimeout(6*time.Minute))
})
