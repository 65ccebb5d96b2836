// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// TestThePermissionsAreThoseOfTheRoles compares the table of docs/security.md with
// the roles in config/rbac that the operator is bound to, or can be. Those for
// people are not in it.
func TestThePermissionsAreThoseOfTheRoles(t *testing.T) {
	documented := documentedPermissions(t)
	granted := grantedPermissions(t, documented)
	if difference := cmp.Diff(slices.Sorted(maps.Keys(granted)), slices.Sorted(maps.Keys(documented))); difference != "" {
		t.Errorf("config/rbac grants (-), docs/security.md lists (+):\n%s", difference)
	}
}

// forPeople are roles that the operator has no use of.
var forPeople = regexp.MustCompile(`-(viewer|editor|admin)-role$|^metrics-reader$`)

// grantedPermissions are those of the roles for the operator.
func grantedPermissions(t *testing.T, documented map[string]bool) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, "config", "rbac", "*role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	granted := map[string]bool{}
	for _, file := range files {
		var role rbacv1.ClusterRole // a Role has the same rules
		if err := yaml.Unmarshal([]byte(read(t, "config/rbac/"+filepath.Base(file))), &role); err != nil {
			t.Fatal(err)
		}
		if forPeople.MatchString(role.Name) {
			continue
		}
		for _, rule := range role.Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						granted[permission(role.Name, group, resource, verb)] = true
					}
				}
			}
		}
	}
	if len(granted) == 0 || len(documented) == 0 {
		t.Fatal("no permission was found")
	}
	return granted
}

var (
	tableRow = regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\| [^|]+ \\|$")
	item     = regexp.MustCompile(`[a-z][a-z0-9./]*`)
)

func documentedPermissions(t *testing.T) map[string]bool {
	t.Helper()
	_, after, _ := strings.Cut(read(t, "docs/security.md"), "<!-- rules: begin -->")
	table, _, found := strings.Cut(after, "<!-- rules: end -->")
	if !found {
		t.Fatal("docs/security.md has no table between <!-- rules: begin --> and <!-- rules: end -->")
	}
	documented := map[string]bool{}
	for _, row := range tableRow.FindAllStringSubmatch(table, -1) {
		for _, group := range item.FindAllString(row[2], -1) {
			for _, resource := range item.FindAllString(row[3], -1) {
				for _, verb := range item.FindAllString(row[4], -1) {
					documented[permission(row[1], strings.TrimPrefix(group, "core"), resource, verb)] = true
				}
			}
		}
	}
	return documented
}

func permission(role, group, resource, verb string) string {
	return role + ": " + verb + " " + group + "/" + resource
}
