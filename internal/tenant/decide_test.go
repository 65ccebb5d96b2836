// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

const page = "../../docs/tenants.md"

func read(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.FromSlash(page))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// example is the Marketplace that docs/tenants.md shows.
func example(t *testing.T) *v1alpha1.Marketplace {
	t.Helper()
	_, rest, _ := strings.Cut(read(t), "```yaml\napiVersion: ordercloud.io/v1alpha1\nkind: Marketplace\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/tenants.md shows no Marketplace")
	}
	declared := &v1alpha1.Marketplace{}
	if err := yaml.UnmarshalStrict([]byte(text), declared); err != nil {
		t.Fatal(err)
	}
	if len(declared.Spec.Tenants) < 4 {
		t.Fatalf("the example has %d tenants", len(declared.Spec.Tenants))
	}
	return declared
}

// tenancyOf is that of a namespace with the label of a team. The owner's namespace is the
// Marketplace's.
func tenancyOf(declared *v1alpha1.Marketplace, team string) tenant.Tenancy {
	if team == "owner" {
		return tenant.Of(declared, declared.Namespace, nil)
	}
	return tenant.Of(declared, "team-"+team, labels.Set{"team": team})
}

func TestATenantMayDeclareWhatOneEntryAllows(t *testing.T) {
	declared := example(t)
	for _, test := range cases {
		t.Run(test.team+": "+test.what, func(t *testing.T) {
			got := ""
			if problem := failure.As(tenancyOf(declared, test.team).Permit(test.declared)); problem != nil {
				got = problem.Message
				if problem.Reason != v1alpha1.ReasonNotPermitted || !problem.Stalled {
					t.Errorf("the reason is %s, stalled %v", problem.Reason, problem.Stalled)
				}
			}
			want := test.refused
			if want != "" {
				want = "spec.tenants of Marketplace shop/default does not let namespace \"team-" + test.team + "\" declare this " +
					string(test.declared.Kind) + ": " + want + ". Declare what is allowed, or have the owner of the Marketplace extend the entry"
			}
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestTheDocumentedCasesAreThoseOfTheCode(t *testing.T) {
	const begin, end = "<!-- The table is written by the tests of internal/tenant: UPDATE_GOLDEN=1 go test ./internal/tenant -->\n", "<!-- end of the table -->\n"
	content := read(t)
	before, rest, found := strings.Cut(content, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("docs/tenants.md has no place for the table")
	}
	want := before + begin + documented(t) + end + after
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(filepath.FromSlash(page), []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != content {
		t.Errorf("docs/tenants.md has another table than the code, which says\n%s", documented(t))
	}
}

func documented(t *testing.T) string {
	t.Helper()
	declared := example(t)
	text := strings.Builder{}
	text.WriteString("| namespace of | declares | answer |\n|---|---|---|\n")
	for _, test := range cases {
		answer := "allowed"
		if problem := failure.As(tenancyOf(declared, test.team).Permit(test.declared)); problem != nil {
			_, why, _ := strings.Cut(problem.Message, string(test.declared.Kind)+": ")
			answer, _, _ = strings.Cut(why, ". ")
		}
		text.WriteString("| " + teams[test.team] + " | " + test.what + " | " + answer + " |\n")
	}
	return text.String()
}

var teams = map[string]string{
	"b": "team b", "c": "team c", "desk": "the service desk", "twice": "a team that two entries match",
	"nobody": "a team that no entry matches", "owner": "the owner",
}

func TestWithoutTenantsEverythingIsPermittedAndWithAnEmptyListNothing(t *testing.T) {
	declared := example(t)
	declared.Spec.Tenants = nil
	if err := tenancyOf(declared, "b").Permit(user("globex")); err != nil || tenant.Binds(declared, "team-b") {
		t.Errorf("without tenants: %v", err)
	}
	declared.Spec.Tenants = []v1alpha1.Tenant{}
	if err := tenancyOf(declared, "b").Permit(user("acme")); err == nil {
		t.Error("an empty list lets a namespace declare a user")
	}
	if err := tenancyOf(declared, "owner").Permit(user("acme")); err != nil {
		t.Errorf("the owner: %v", err)
	}
	if err := (tenant.Tenancy{}).Permit(user("acme")); err == nil {
		t.Error("a tenancy that nobody has made lets a namespace declare a user")
	}
}

func TestASelectorThatIsNotValidMatchesNobody(t *testing.T) {
	entry := &v1alpha1.Tenant{Namespaces: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{"not a key": "b"}}}
	if tenant.Matches(entry, labels.Set{"team": "b"}) {
		t.Error("it matches")
	}
}

func TestWhatExistsIsTakenOverOnlyByWhoCouldHaveDeclaredIt(t *testing.T) {
	declared := example(t)
	b := tenancyOf(declared, "b")
	if err := b.PermitTaking("impersonationconfig/desk", grant(asIs)); err != nil {
		t.Errorf("a grant like its own: %v", err)
	}
	problem := failure.As(b.PermitTaking("impersonationconfig/desk", grant(over("globex"))))
	const want = `spec.tenants of Marketplace shop/default does not let namespace "team-b" take over impersonationconfig/desk, ` +
		`which exists in OrderCloud and is not what this namespace may declare: choose another ID`
	if problem == nil || problem.Reason != v1alpha1.ReasonNotPermitted || problem.Message != want {
		t.Errorf("a grant of others: %+v", problem)
	}
}

func TestATenantIsServedByItsOwnGrantsAndTheOwners(t *testing.T) {
	declared := example(t)
	b := tenancyOf(declared, "b")
	for team, want := range map[string]bool{"b": true, "owner": true, "c": false, "desk": false, "nobody": false} {
		if b.Owns(tenancyOf(declared, team), grant(asIs)) != want {
			t.Errorf("grants of %s serve it: %v", team, !want)
		}
	}
	other := tenant.Of(declared, "another-namespace", labels.Set{"team": "b"})
	if !b.Owns(other, grant(asIs)) {
		t.Error("a grant of another namespace of the same tenant does not serve it")
	}
	declared.Spec.Tenants = append(declared.Spec.Tenants, v1alpha1.Tenant{Kinds: []v1alpha1.TenantKind{v1alpha1.TenantBuyerUser}})
	if tenancyOf(declared, "b").Owns(tenancyOf(declared, "c"), grant(asIs)) {
		t.Error("an entry for everybody lets the grants of others serve it")
	}
}
