// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// users is a CRD with one of everything that the comparison knows.
const users = `
metadata: {name: users.example.io}
spec:
  group: example.io
  scope: Namespaced
  names: {kind: User, plural: users}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [email]
            x-kubernetes-validations:
            - {rule: self.email != self.phone, message: not the same}
            properties:
              email: {type: string, maxLength: 200}
              phone: {type: string, pattern: '^[0-9]+$'}
              policy: {type: string, enum: [Merge, Replace], default: Merge}
              groups:
                type: array
                x-kubernetes-list-type: set
                items: {type: string}
          status:
            type: object
            properties:
              conditions:
                type: array
                items:
                  type: object
                  properties:
                    reason: {type: string}
`

func TestWhatBreaksUsersIsFound(t *testing.T) {
	const object = "users.example.io: version v1: "
	for name, test := range map[string]struct {
		// change is what is replaced, and by what.
		change []string
		want   []string
	}{
		"nothing changed":    {nil, nil},
		"a field was added":  {[]string{"email: {type: string, maxLength: 200}", "email: {type: string, maxLength: 200}\n              fax: {type: string}"}, nil},
		"a value was added":  {[]string{"[Merge, Replace]", "[Merge, Replace, Observe]"}, nil},
		"a limit was raised": {[]string{"maxLength: 200", "maxLength: 300"}, nil},
		"a rule was removed": {[]string{"- {rule: self.email != self.phone, message: not the same}", ""}, nil},
		"a message changed":  {[]string{"not the same", "they must differ"}, nil},
		"a required field with a default was added": {
			[]string{
				"required: [email]", "required: [email, kind]",
				"properties:\n              email", "properties:\n              kind: {type: string, default: Person}\n              email",
			},
			nil,
		},
		"a field was removed": {
			[]string{"              phone: {type: string, pattern: '^[0-9]+$'}\n", ""},
			[]string{object + "removed the request property `spec/phone`"},
		},
		"a field inside a list was removed": {
			[]string{"properties:\n                    reason: {type: string}", "properties: {}"},
			[]string{object + "removed the request property `status/conditions/items/reason`"},
		},
		"a field became required": {
			[]string{"required: [email]", "required: [email, phone]"},
			[]string{object + "the request property `spec/phone` became required"},
		},
		"a limit was lowered": {
			[]string{"maxLength: 200", "maxLength: 100"},
			[]string{object + "the `spec/email` request property's maxLength was decreased to `100`"},
		},
		"a limit was set": {
			[]string{"groups:\n                type: array\n", "groups:\n                type: array\n                maxItems: 5\n"},
			[]string{object + "the `spec/groups` request property's maxItems was set to `5`"},
		},
		"a value was removed": {
			[]string{"[Merge, Replace]", "[Merge]"},
			[]string{object + "removed the enum value `Replace` of the request property `spec/policy`"},
		},
		"a pattern changed": {
			[]string{"^[0-9]+$", "^[1-9]+$"},
			[]string{object + "changed the pattern of the request property `spec/phone` from `^[0-9]+$` to `^[1-9]+$`"},
		},
		"a type changed": {
			[]string{"phone: {type: string, pattern: '^[0-9]+$'}", "phone: {type: integer}"},
			[]string{object + "the `spec/phone` request property `type` changed from `string` to `integer`"},
		},
		"a default changed": {
			[]string{"default: Merge", "default: Replace"},
			[]string{object + "the `policy` request property default value changed from `Merge` to `Replace`"},
		},
		"a rule was added": {
			[]string{"message: not the same}", "message: not the same}\n            - {rule: self.phone != ''}"},
			[]string{object + "spec has a new rule: self.phone != ''"},
		},
		"a list became a map": {
			[]string{"x-kubernetes-list-type: set", "x-kubernetes-list-type: atomic"},
			[]string{object + "spec/groups has another x-kubernetes-list-type: atomic, not set"},
		},
		"the status is no subresource any more": {
			[]string{"subresources: {status: {}}", "subresources: {}"},
			[]string{"users.example.io: version v1 has lost the subresource status"},
		},
		"a version is served no more": {
			[]string{"served: true", "served: false"}, []string{"users.example.io: version v1 is served no more"},
		},
		"a version was removed": {
			[]string{"name: v1\n", "name: v2\n"}, []string{"users.example.io: version v1 was removed"},
		},
		"the scope changed": {
			[]string{"scope: Namespaced", "scope: Cluster"},
			[]string{"users.example.io: the scope changed from Namespaced to Cluster"},
		},
		"the kind changed": {
			[]string{"kind: User,", "kind: Person,"}, []string{"users.example.io: the kind changed from User to Person"},
		},
		"the CRD was removed": {
			[]string{"name: users.example.io", "name: people.example.io"}, []string{"users.example.io: the kind was removed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			revised := strings.NewReplacer(test.change...).Replace(users)
			if revised == users && test.change != nil {
				t.Fatal("the case changes nothing")
			}
			got, err := compare(parsed(t, users), parsed(t, revised))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func parsed(t *testing.T, content string) map[string]definition {
	t.Helper()
	read, err := parseDefinition([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]definition{read.Metadata.Name: read}
}

func TestAChangeThatIsMeantIsAccepted(t *testing.T) {
	write := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old := filepath.Dir(write("users.yaml", users))
	fresh := filepath.Dir(write("users.yaml", strings.Replace(users, "maxLength: 200", "maxLength: 100", 1)))
	const change = "users.example.io: version v1: the `spec/email` request property's maxLength was decreased to `100`"
	for name, test := range map[string]struct {
		accepted string
		want     bool
		says     string
	}{
		"not accepted":     {"# nothing\n", false, "incompatible: " + change + "\n"},
		"accepted":         {"# nobody has longer ones\n" + change + "\n", true, "accepted: " + change + "\n"},
		"another accepted": {"users.example.io: the kind was removed\n", false, "incompatible: " + change + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			said := &strings.Builder{}
			got, err := run(said, old, fresh, write("accepted.txt", test.accepted))
			if err != nil || got != test.want {
				t.Errorf("got %v, %v", got, err)
			}
			if diff := cmp.Diff(test.says, said.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestADirectoryWithoutCRDsIsAnError(t *testing.T) {
	if _, err := run(&strings.Builder{}, t.TempDir(), t.TempDir(), ""); err == nil {
		t.Error("nothing is compared, and all is said to be well")
	}
}
