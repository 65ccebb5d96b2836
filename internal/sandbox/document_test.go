// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox/contract"
)

// officialDocument is as much of the OpenAPI document as the tables rest on.
type officialDocument struct {
	Paths      map[string]map[string]operation
	Components struct {
		Schemas map[string]struct {
			Properties map[string]struct {
				Type      string
				MaxLength int
				ReadOnly  bool
			}
		}
	}
}

type operation struct {
	Security   []map[string][]string
	Parameters []struct {
		Name   string
		Schema struct{ Items struct{ Enum []string } }
	}
	RequestBody struct {
		Content map[string]struct{ Schema struct{ Required []string } }
	}
}

func (o operation) roles() []string {
	var roles []string
	for _, each := range o.Security {
		for _, role := range each["OAuth2"] {
			if role != "FullAccess" {
				roles = append(roles, role)
			}
		}
	}
	slices.Sort(roles)
	return roles
}

// enum lists the values of a list parameter, the descending ones left out.
func (o operation) enum(parameter string) []string {
	var values []string
	for _, each := range o.Parameters {
		if each.Name != parameter {
			continue
		}
		for _, value := range each.Schema.Items.Enum {
			if !strings.HasPrefix(value, "!") {
				values = append(values, value)
			}
		}
	}
	slices.Sort(values)
	return values
}

func readOfficialDocument(t *testing.T) officialDocument {
	t.Helper()
	path, found := contract.Find()
	if !found {
		t.Skip("the official OpenAPI document is not at hand")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var document officialDocument
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	return document
}

// TestEveryKindIsAsTheOfficialDocumentHasIt holds the tables of kinds.go
// against the document: roles, fields, lengths, what is required, what can be
// searched and sorted.
func TestEveryKindIsAsTheOfficialDocumentHasIt(t *testing.T) {
	document := readOfficialDocument(t)
	for _, k := range newKinds().all {
		t.Run(k.template, func(t *testing.T) {
			collection := document.Paths["/"+k.template]
			element := document.Paths["/"+k.template+"/{"+k.parameter+"}"]
			equal(t, "roles of list", collection["get"].roles(), sorted(k.readers))
			equal(t, "roles of get", element["get"].roles(), sorted(k.readers))
			equal(t, "roles of create", collection["post"].roles(), sorted(k.writers))
			equal(t, "roles of save", element["put"].roles(), sorted(k.writers))
			equal(t, "roles of patch", element["patch"].roles(), sorted(k.writers))
			equal(t, "roles of delete", element["delete"].roles(), sorted(k.writers))
			equal(t, "searchOn", collection["get"].enum("searchOn"), sorted(k.searchable))
			equal(t, "sortBy", collection["get"].enum("sortBy"), sorted(k.sortable))
			equal(t, "required", documentedRequired(k, collection["post"]), requiredFields(k))
			checkFields(t, document, k)
		})
	}
}

// documentedRequired leaves out BuyerID of an impersonation config: without
// it, a config covers every buyer [D].
func documentedRequired(k *kind, create operation) []string {
	required := create.RequestBody.Content["application/json"].Schema.Required
	return sorted(slices.DeleteFunc(slices.Clone(required), func(name string) bool {
		return k.objectType == "ImpersonationConfig" && name == "BuyerID"
	}))
}

func requiredFields(k *kind) []string {
	var names []string
	for _, f := range k.fields {
		if f.required {
			names = append(names, f.name)
		}
	}
	return sorted(names)
}

func checkFields(t *testing.T, official officialDocument, k *kind) {
	t.Helper()
	newer := []string{"LastActive", "FailedLoginAttempts"} // than the document
	properties := official.Components.Schemas[k.objectType].Properties
	types := map[fieldType]string{text: "string", flag: "boolean", whole: "integer", instant: "string", document: "object", textList: "array"}
	for _, f := range k.fields {
		documented, found := properties[f.name]
		if !found && !slices.Contains(newer, f.name) {
			t.Errorf("field %s is not in the document", f.name)
		}
		if !found {
			continue
		}
		equal(t, f.name+" maxLength", documented.MaxLength, f.maxLength)
		equal(t, f.name+" readOnly", documented.ReadOnly, f.readOnly)
		if documented.Type != "" {
			equal(t, f.name+" type", documented.Type, types[f.kind])
		}
	}
	for name := range properties {
		if _, known := k.field(name); !known && !strings.Contains(name, "IntegrationEvent") {
			t.Errorf("the sandbox lacks field %s", name)
		}
	}
}

func sorted(values []string) []string { return slices.Sorted(slices.Values(values)) }

func equal(t *testing.T, what string, documented, ours any) {
	t.Helper()
	if difference := cmp.Diff(documented, ours); difference != "" {
		t.Errorf("%s (-documented +sandbox):\n%s", what, difference)
	}
}
