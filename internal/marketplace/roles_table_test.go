// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tableAfter reads the first Markdown table after a heading, without its head: its
// cells as text, backticks removed.
func tableAfter(t *testing.T, heading string) [][]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "marketplace.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "\n"+heading+"\n")
	if !found {
		t.Fatalf("there is no heading %q", heading)
	}
	var rows [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			if len(rows) > 0 {
				break
			}
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.ReplaceAll(strings.TrimSpace(cell), "`", ""))
		}
		rows = append(rows, cells)
	}
	if len(rows) < 3 {
		t.Fatalf("there is no table after %q", heading)
	}
	return rows[2:]
}

func listed(cell string) []string {
	return slices.DeleteFunc(strings.Split(cell, ", "), func(role string) bool { return role == "" })
}

func TestTheDocumentedRolesAreThoseOfTheCode(t *testing.T) {
	for heading, needs := range map[string][]Need{"### What objects need": required, "### What helps": helpful} {
		t.Run(heading, func(t *testing.T) {
			rows := tableAfter(t, heading)
			var documented, coded []string
			for _, row := range rows {
				if row[3] == "" {
					t.Errorf("what happens without %s is not said", row[0])
				}
				// What it is for may be said in more detail.
				what, _, _ := strings.Cut(row[2], ", ")
				documented = append(documented, row[0]+" or "+strings.Join(listed(row[1]), ", ")+" for "+strings.ReplaceAll(what, "managementPolicy: ", "managementPolicy "))
			}
			for _, need := range needs {
				coded = append(coded, need.Role+" or "+strings.Join(need.Or, ", ")+" for "+need.For)
			}
			if diff := cmp.Diff(coded, documented); diff != "" {
				t.Errorf("docs/marketplace.md (-code +docs)\n%s", diff)
			}
		})
	}
}

func TestTheDocumentedSecurityProfilesAreTheSmallest(t *testing.T) {
	cases := map[string]Needs{
		"BuyerUsers":                          {WriteUsers: true},
		"BuyerUsers and ImpersonationConfigs": {WriteUsers: true, Configs: true, ClientNames: true},
		"BuyerUsers, ImpersonationConfigs and ImpersonationTokens": {WriteUsers: true, Configs: true, ClientNames: true, Tokens: true},
		"ImpersonationTokens":                                                     {Tokens: true, ClientNames: true},
		"BuyerUsers, all with managementPolicy: Observe":                          {ReadUsers: true},
		"BuyerUsers and ImpersonationConfigs, all with managementPolicy: Observe": {ReadUsers: true, Configs: true, ClientNames: true},
	}
	rows := tableAfter(t, "## Roles")
	for _, row := range rows {
		needs, ok := cases[row[0]]
		if !ok {
			t.Errorf("docs/marketplace.md has a case that is not tested: %s", row[0])
			continue
		}
		if diff := cmp.Diff(MissingRoles(needs, nil), listed(row[1])); diff != "" {
			t.Errorf("%s (-code +docs)\n%s", row[0], diff)
		}
		if missing := MissingRoles(needs, listed(row[1])); len(missing) > 0 {
			t.Errorf("%s: %v are missing", row[0], missing)
		}
	}
	if len(rows) != len(cases) {
		t.Errorf("%d cases are documented, and %d tested", len(rows), len(cases))
	}
}

func TestEveryRoleThatIsOfUseIsAskedFor(t *testing.T) {
	asked := RolesAskedFor()
	for _, need := range slices.Concat(required, helpful) {
		for _, role := range append([]string{need.Role}, need.Or...) {
			if !slices.Contains(asked, role) {
				t.Errorf("%s is never asked for", role)
			}
		}
	}
	unique := slices.Clone(asked)
	slices.Sort(unique)
	if len(slices.Compact(unique)) != len(asked) || asked[0] != RoleFullAccess {
		t.Errorf("asks for %v", asked)
	}
}
