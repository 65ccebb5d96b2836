// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// updateGolden, when set in the environment, writes the log instead of comparing
// it: look at the difference before it is committed.
const updateGolden = "UPDATE_GOLDEN"

// requestLog is what the main stories ask of OrderCloud, request by request.
type requestLog struct {
	*story

	seen int
	text strings.Builder
}

// note appends what was sent since the last note.
func (l *requestLog) note(title string) {
	GinkgoHelper()
	fmt.Fprintf(&l.text, "# %s\n", title)
	var lines []string
	Eventually(func(g Gomega) {
		lines = nil
		for _, request := range l.sandbox.Requests()[l.seen:] {
			g.Expect(request.Status).NotTo(BeZero(), request.Path)
			lines = append(lines, fmt.Sprintf("%s %s %d\n", request.Method, request.Path, request.Status))
		}
	}).WithContext(l).Should(Succeed())
	l.seen += len(lines)
	fmt.Fprintf(&l.text, "%s\n", strings.Join(lines, ""))
}

var _ = Describe("The requests that OrderCloud gets", func() {
	It("are these and no others", func(ctx SpecContext) {
		l := &requestLog{story: begin(ctx)}
		l.note("a Marketplace is declared")

		user := l.user("jdoe")
		l.create(user)
		l.eventuallyReady(user, v1alpha1.ReasonCreated)
		l.note("a user is created")

		l.lookNow(user)
		l.note("a user is compared")

		l.patchInOrderCloud(jdoe, map[string]any{"Email": "other@acme.example"})
		l.lookNow(user)
		l.note("a user that was changed in OrderCloud is put back")

		change(l.story, user, func(user *v1alpha1.BuyerUser) { user.Spec.Email = "next@acme.example" })
		l.eventuallyReady(user, v1alpha1.ReasonUpdated)
		l.note("a user is declared anew")

		config := l.config("cs-desk")
		l.create(config)
		l.eventuallyReady(config, v1alpha1.ReasonCreated)
		l.note("a config is created")

		l.lookNow(config)
		l.note("a config is compared")

		l.patchInOrderCloud("impersonationconfig/cs-desk", map[string]any{"BuyerID": nil})
		l.lookNow(config)
		l.note("a config that was widened in OrderCloud is put back")

		Expect(suite.admin.Delete(l, config)).To(Succeed())
		l.eventuallyGone(config)
		l.note("a config is deleted")

		Expect(suite.admin.Delete(l, user)).To(Succeed())
		l.eventuallyGone(user)
		l.note("a user is deleted")

		l.expectGolden(filepath.Join("testdata", "requests.golden"))
	})
})

func (l *requestLog) expectGolden(path string) {
	GinkgoHelper()
	if os.Getenv(updateGolden) != "" {
		Expect(os.WriteFile(path, []byte(l.text.String()), 0o600)).To(Succeed())
		return
	}
	golden, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	Expect(cmp.Diff(string(golden), l.text.String())).To(BeEmpty(),
		"The operator asks OrderCloud for something else than before. If that is meant, run this test with %s=1.", updateGolden)
}
