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
	//nolint:errorlint // A list is taken apart only where it is not inside the error of one parameter or body.
	if several, ok := err.(openapi3.MultiError); ok {
		reasons := make([]string, 0, len(several))
		for _, each := range several {
			reasons = append(reasons, describe(each))
		}
		return strings.Join(reasons, "; ")
	}
	var request *openapi3filter.RequestError
	var inside openapi3.MultiError
	var schema *openapi3.SchemaError
	switch {
	case errors.As(err, &request) && request.Parameter != nil:
		return "parameter " + request.Parameter.Name + " is not valid"
	case errors.As(err, &inside):
		return describe(inside)
	case errors.As(err, &schema):
		return "/" + strings.Join(schema.JSONPointer(), "/") + ": " + schema.Reason + " (" + schema.SchemaField + ")"
	case request != nil:
		return "body: " + request.Reason
	}
	if response, ok := errors.AsType[*openapi3filter.ResponseError](err); ok {
		return response.Reason
	}
	return "it cannot be read"
}
