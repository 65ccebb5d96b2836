// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// errorItem is one entry of the "Errors" list of a refusal [D].
type errorItem struct {
	Code    string `json:"ErrorCode"`
	Message string `json:"Message"`
	Data    any    `json:"Data"`
}

// refusal is an answer that refuses a request: a status and at least one
// error. It is an error so that it can leave the Go API too.
type refusal struct {
	status int
	items  []errorItem
}

func (r *refusal) Error() string {
	var text strings.Builder
	for index, item := range r.items {
		if index > 0 {
			text.WriteString("; ")
		}
		text.WriteString(item.Code + ": " + item.Message)
	}
	return text.String()
}

func (r *refusal) body() []byte {
	encoded, err := json.Marshal(map[string]any{"Errors": r.items})
	if err != nil {
		return []byte(`{"Errors":[]}`)
	}
	return encoded
}

func refuse(status int, code, message string, data any) *refusal {
	return &refusal{status: status, items: []errorItem{{Code: code, Message: message, Data: data}}}
}

// notFound refuses with 404 NotFound and Data {ObjectType, ObjectID} [D].
func notFound(objectType, objectID string) *refusal {
	return refuse(http.StatusNotFound, "NotFound", objectType+" not found.", map[string]any{
		"ObjectType": objectType,
		"ObjectID":   objectID,
	})
}

// idExists refuses with 409 IdExists [D].
func idExists(objectType, objectID string) *refusal {
	return refuse(http.StatusConflict, "IdExists", "There is an object with this ID already.", map[string]any{
		"ObjectType": objectType,
		"ObjectID":   objectID,
	})
}

func invalidBody(message string) *refusal {
	return refuse(statusMalformed, "Request.InvalidRequestBody", message, nil)
}

// violations gathers everything that is wrong with a body, so that one answer
// names all of it.
type violations []errorItem

func (v *violations) add(field, message string) {
	*v = append(*v, errorItem{
		Code:    "ValidationFailure",
		Message: field + ": " + message,
		Data:    map[string]any{"Field": field},
	})
}

func (v violations) refusal() *refusal {
	if len(v) == 0 {
		return nil
	}
	return &refusal{status: http.StatusBadRequest, items: v}
}
