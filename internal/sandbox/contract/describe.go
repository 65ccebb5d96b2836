// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"errors"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// describe says what is wrong without the values that are: bodies bear
// passwords and tokens.
func describe(err error) string {
	var several openapi3.MultiError
	if errors.As(err, &several) {
		reasons := make([]string, 0, len(several))
		for _, each := range several {
			reasons = append(reasons, describe(each))
		}
		return strings.Join(reasons, "; ")
	}
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		return "/" + strings.Join(schema.JSONPointer(), "/") + ": " + schema.Reason + " (" + schema.SchemaField + ")"
	}
	var request *openapi3filter.RequestError
	if errors.As(err, &request) {
		if request.Parameter != nil {
			return "parameter " + request.Parameter.Name + ": " + request.Reason
		}
		return "body: " + request.Reason
	}
	var response *openapi3filter.ResponseError
	if errors.As(err, &response) {
		return response.Reason
	}
	return "it cannot be read"
}
