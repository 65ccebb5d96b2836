// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// healthPage is the page that shows the table below.
var healthPage = filepath.Join("..", "docs", "health.md")

// healthState is a state that an object of some kinds can be in, and what tools make
// of it that know nothing of OrderCloud.
type healthState struct {
	// name is the reason that the object shows, with what else tells it from others.
	name string
	// reach brings an object there, for each kind that can get there. What it
	// returns is read until its conditions are as below, unless it is
	// unstructured: that is an answer of the API server, and looked at as it is.
	reach map[string]func(*story) client.Object
	// ready and synced are status and reason of the conditions; empty means absent.
	ready, synced string
	// kstatus is what Flux and Helm go by.
	kstatus status.Status
	// argo is the health in Argo CD.
	argo string
	// waited says whether "kubectl wait --for=condition=Ready" is content with it.
	waited bool
}

var (
	managedKinds = []string{buyerUserKind, configKind}
	everyKind    = []string{marketplaceKind, buyerUserKind, configKind, tokenKind}
)

// forKinds is a way that is the same for several kinds.
func forKinds(kinds []string, reach func(s *story, kind string) client.Object) map[string]func(*story) client.Object {
	ways := map[string]func(*story) client.Object{}
	for _, kind := range kinds {
		ways[kind] = func(s *story) client.Object {
			GinkgoHelper()
			return reach(s, kind)
		}
	}
	return ways
}

func forManaged(reach func(s *story, kind string) client.Object) map[string]func(*story) client.Object {
	return forKinds(managedKinds, reach)
}

// healthStates are all the states, in the order of the documentation.
func healthStates() []healthState {
	var all []healthState
	for _, group := range [][]healthState{unseenStates(), goodStates(), refusedStates(), waitingStates(), tokenStates(), deletedStates()} {
		all = append(all, group...)
	}
	return all
}

var _ = Describe("The health of", func() {
	for _, state := range healthStates() {
		for _, kind := range everyKind {
			reach, can := state.reach[kind]
			if !can {
				continue
			}
			It("a "+kind+" that is "+state.name+" is what the table says", func(ctx SpecContext) {
				s := beginWithoutMarketplace(ctx)
				found := s.eventuallyIn(state, reach(s))
				health, message := argoHealthOf(found)
				row := []string{
					state.name, kind, shownCondition(found, v1alpha1.ReadyCondition), shownCondition(found, v1alpha1.SyncedCondition),
					string(kstatusOf(found)), health, orNot(endsWait(found)),
				}
				AddReportEntry("health", strings.Join(append(row, message), " | "), ReportEntryVisibilityFailureOrVerbose)
				Expect(row).To(Equal([]string{
					state.name, kind, state.ready, state.synced, string(state.kstatus), state.argo, orNot(state.waited),
				}))
			})
		}
	}
})

// eventuallyIn waits until the object shows the conditions of the state.
func (s *story) eventuallyIn(state healthState, object client.Object) *unstructured.Unstructured {
	GinkgoHelper()
	if answer, isAnswer := object.(*unstructured.Unstructured); isAnswer {
		return answer
	}
	if state.kstatus == status.NotFoundStatus {
		s.eventuallyGone(object)
		return nil
	}
	var found *unstructured.Unstructured
	Eventually(func(g Gomega) {
		found = s.live(object)
		g.Expect(found).NotTo(BeNil())
		seen, _, err := unstructured.NestedInt64(found.Object, "status", "observedGeneration")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(seen).To(Equal(found.GetGeneration()))
		g.Expect(shownCondition(found, v1alpha1.ReadyCondition)).To(Equal(state.ready))
		g.Expect(shownCondition(found, v1alpha1.SyncedCondition)).To(Equal(state.synced))
	}).WithContext(s).Should(Succeed())
	return found
}

func orNot(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// TestThePageAboutHealthShowsTheTable compares the page with the states that the
// suite reaches. UPDATE_GOLDEN=1 writes it anew.
func TestThePageAboutHealthShowsTheTable(t *testing.T) {
	const begin, end = "<!-- states: begin -->\n", "<!-- states: end -->\n"
	page, err := os.ReadFile(healthPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	shown, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s does not say where the table begins and ends", healthPage)
	}
	want := "\n" + documentedStates() + "\n"
	t.Log(want)
	if shown == want {
		return
	}
	if os.Getenv(updateGolden) == "" {
		t.Fatalf("%s shows another table; %s=1 writes it (-want +got)\n%s", healthPage, updateGolden, cmp.Diff(want, shown))
	}
	if err := os.WriteFile(healthPage, []byte(before+begin+want+end+after), 0o600); err != nil {
		t.Fatal(err)
	}
}

// documentedStates is the table for readers.
func documentedStates() string {
	rows := [][]string{{"state", "of", "READY", "REASON", "kstatus", "Argo CD", "`kubectl wait`"}}
	for _, state := range healthStates() {
		var kinds []string
		for _, kind := range everyKind {
			if _, can := state.reach[kind]; can {
				kinds = append(kinds, kind)
			}
		}
		of := strings.Join(kinds, ", ")
		if len(kinds) == len(everyKind) {
			of = "every kind"
		}
		ready, _, _ := strings.Cut(state.ready, " ")
		_, reason, _ := strings.Cut(state.synced, " ")
		rows = append(rows, []string{state.name, of, code(ready), code(reason), string(state.kstatus), state.argo, orNot(state.waited)})
	}
	return inTable(rows)
}

func code(word string) string {
	if word == "" {
		return ""
	}
	return "`" + word + "`"
}
