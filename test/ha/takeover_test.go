// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ha_test

import (
	"fmt"
	"net/http"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
)

const createUser = "POST /v1/buyers/{buyerID}/users"

var _ = Describe("The leader goes away in the middle of its work", func() {
	const count, already = 100, 10

	It("killed: the other takes over when the lease has run out, with warm caches, and nothing is created twice", func(ctx SpecContext) {
		s := prepare(ctx, 20)
		leader := s.startReplica("replica-a")
		s.eventuallyMarketplaceReady()
		standby := s.startReplica("replica-b")
		s.createUsers(count)
		Eventually(func() int { return s.calls(createUser) }).WithContext(ctx).Should(BeNumerically(">", already))
		filled := fillings(standby.name)
		Expect(filled).NotTo(BeEmpty())
		leader.Kill()
		killed := time.Now()
		Expect(s.calls(createUser)).To(BeNumerically("<", count), "it was not in the middle of its work")
		Expect(s.calls("POST /oauth/token")).To(Equal(1), "both of them talked to OrderCloud")

		s.eventuallyUsersReady(count)
		s.expectCreatedOnce(count)
		Expect(fillings(standby.name)).To(Equal(filled), "it filled its caches when it took over")
		s.report("SIGKILL, default lease of 15 s", killed)
	})

	It("asked to stop: it finishes its writes and hands the lease over at once", func(ctx SpecContext) {
		// Nobody waits for a lease that long: it has to be released.
		lease := []string{"--leader-election-lease-duration=1h", "--leader-election-renew-deadline=50m"}
		s := prepare(ctx, 20)
		leader := s.startReplica("replica-a", lease...)
		s.eventuallyMarketplaceReady()
		s.startReplica("replica-b", lease...)
		s.createUsers(count)
		Eventually(func() int { return s.calls(createUser) }).WithContext(ctx).Should(BeNumerically(">", already))
		leader.signal(syscall.SIGTERM)
		asked := time.Now()
		Eventually(leader.Exited).WithContext(ctx).Should(Receive(BeNil()))
		gone := time.Now()
		Expect(s.calls(createUser)).To(BeNumerically("<", count), "it was not in the middle of its work")

		s.eventuallyUsersReady(count)
		s.expectCreatedOnce(count)
		AddReportEntry("handover", fmt.Sprintf("the leader ended %.1f s after SIGTERM", gone.Sub(asked).Seconds()))
		s.report("SIGTERM, once the leader has ended", gone)
	})
})

var _ = Describe("The leader is frozen and thaws when another has taken over", func() {
	It("and ends itself without another write, and without touching the other's lease", func(ctx SpecContext) {
		const count = 20
		const patchUser = "PATCH /v1/buyers/{buyerID}/users/{userID}"
		lease := []string{
			"--leader-election-lease-duration=6s", "--leader-election-renew-deadline=5s", "--leader-election-retry-period=1s",
		}
		s := prepare(ctx, 5)
		leader := s.startReplica("replica-a", lease...)
		s.eventuallyMarketplaceReady()
		s.startReplica("replica-b", lease...)
		s.createUsers(count)
		s.eventuallyUsersReady(count)

		s.editUsers("second")
		Eventually(func() int { return s.calls(patchUser) }).WithContext(ctx).Should(BeNumerically(">", 0))
		leader.signal(syscall.SIGSTOP)
		Expect(s.calls(patchUser)).To(BeNumerically("<", count), "it was not in the middle of its work")
		s.editUsers("third")
		s.eventuallyUsersReady(count)
		s.expectLastName(count, "third")
		writes, holder := s.sandbox.Stats().Writes(), s.leaseHolder()

		leader.signal(syscall.SIGCONT)
		Eventually(leader.Exited).WithContext(ctx).Should(Receive(HaveOccurred()))
		Expect(s.sandbox.Stats().Writes()).To(Equal(writes), "it wrote after it had lost the lease: %v", s.writesFrom(writes))
		s.expectLastName(count, "third")
		Expect(leader.log).To(gbytes.Say("another replica has become the leader"))
		Expect(s.leaseHolder()).To(Equal(holder))
		s.editUsers("fourth")
		s.eventuallyUsersReady(count)
		s.expectLastName(count, "fourth")
	})
})

// report says how long nobody wrote.
func (s *stage) report(what string, since time.Time) {
	for _, request := range s.sandbox.Requests() {
		if request.Method != http.MethodGet && request.Route != "POST /oauth/token" && request.Time.After(since) {
			AddReportEntry("takeover", fmt.Sprintf("%s: first write of the other %.1f s later", what, request.Time.Sub(since).Seconds()))
			return
		}
	}
	Fail("nobody wrote")
}
