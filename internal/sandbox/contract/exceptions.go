// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// This file holds every difference between the official document and what
// OrderCloud is known to do. Whatever is not here is held against the document.

// undocumentedRoutes are not in the document, though they exist.
func undocumentedRoutes() []struct{ method, prefix, suffix string } {
	return []struct{ method, prefix, suffix string }{
		{"", "/_sandbox/", ""},                 // the sandbox's own
		{"", "/oauth/", ""},                    // another server in the document
		{http.MethodGet, "/env", ""},           // SDKs only
		{http.MethodDelete, "/v1/", "/tokens"}, // newer than the document
		{http.MethodPost, "/v1/", "/unlock"},   // newer than the document
	}
}

func undocumented(r *http.Request) bool {
	return slices.ContainsFunc(undocumentedRoutes(), func(each struct{ method, prefix, suffix string }) bool {
		return (each.method == "" || each.method == r.Method) &&
			strings.HasPrefix(r.URL.Path, each.prefix) && strings.HasSuffix(r.URL.Path, each.suffix)
	})
}

// undocumentedFields are answered, though the document's schemas lack them.
func undocumentedFields() map[string][]string {
	return map[string][]string{
		"User":   {"LastActive", "FailedLoginAttempts"}, // newer than the document
		"MeUser": {"LastActive", "FailedLoginAttempts"},
	}
}

// optionalFields are required by the document, and are not: a config without
// BuyerID covers every buyer, which OrderCloud documents elsewhere [D].
func optionalFields() map[string][]string {
	return map[string][]string{
		"/impersonationconfig":                         {"BuyerID"},
		"/impersonationconfig/{impersonationConfigID}": {"BuyerID"},
	}
}

// correct applies the exceptions.
func correct(document *openapi3.T) {
	for name, schema := range document.Components.Schemas {
		allowNull(schema)
		// A name that the document does not know is a spelling mistake of ours.
		if len(schema.Value.Properties) > 0 {
			for _, field := range undocumentedFields()[name] {
				schema.Value.Properties[field] = openapi3.NewSchemaRef("", openapi3.NewSchema().WithNullable())
			}
			closed := false
			schema.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: &closed}
		}
	}
	for path, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			correctParameters(operation)
			makeOptional(operation, optionalFields()[path])
		}
	}
}

// allowNull lets every property be null: the document marks none as nullable,
// and OrderCloud answers null for each that has no value.
func allowNull(schema *openapi3.SchemaRef) {
	for _, property := range schema.Value.Properties {
		if property.Ref == "" {
			property.Value.Nullable = true
			continue
		}
		nullable := *property.Value
		nullable.Nullable = true
		property.Ref, property.Value = "", &nullable
	}
}

// correctParameters: lists are comma-delimited, as their descriptions say,
// not repeated; and "filters" stands for any number of parameters with names
// of properties.
func correctParameters(operation *openapi3.Operation) {
	operation.Parameters = slices.DeleteFunc(operation.Parameters, func(each *openapi3.ParameterRef) bool {
		return each.Value.Name == "filters"
	})
	joined := false
	for _, each := range operation.Parameters {
		if each.Value.Name == "sortBy" || each.Value.Name == "searchOn" {
			each.Value.Explode = &joined
		}
	}
}

func makeOptional(operation *openapi3.Operation, fields []string) {
	if operation.RequestBody == nil {
		return
	}
	for _, media := range operation.RequestBody.Value.Content {
		media.Schema.Value.Required = slices.DeleteFunc(media.Schema.Value.Required, func(required string) bool {
			return slices.Contains(fields, required)
		})
	}
}
