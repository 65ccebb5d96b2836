// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"errors"
	"net/http"
	"path"
	"strings"
	"testing"
)

func TestIDsThatCouldChangeThePathAreRefusedBeforeAnythingIsSent(t *testing.T) {
	server := newTestServer(t, replies(http.StatusOK, `{"ID":"x"}`))
	for name, id := range map[string]string{
		"an empty ID":          "",
		"a dot":                ".",
		"two dots":             "..",
		"a slash":              "a/b",
		"an escaped slash":     "a%2Fb",
		"a question mark":      "a?b",
		"a hash":               "a#b",
		"a space":              "a b",
		"a line feed":          "a\nb",
		"a letter with accent": "é",
		"101 characters":       strings.Repeat("a", 101),
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			users := server.client.BuyerUsers("acme")
			_, getError := users.Get(ctx, id)
			_, createError := users.Create(ctx, BuyerUser{ID: id})
			_, saveError := users.Save(ctx, id, BuyerUser{})
			_, patchError := users.Patch(ctx, id, nil)
			_, parentError := server.client.BuyerUsers(id).Get(ctx, "jdoe")
			_, listError := server.client.UserGroups(id).List(ctx, Query{})
			_, filterError := FilterByID("good", id)
			for operation, err := range map[string]error{
				"get": getError, "create": createError, "save": saveError, "patch": patchError,
				"delete": users.Delete(ctx, id), "parent": parentError, "list": listError, "filter": filterError,
			} {
				var refused *InvalidRequestError
				if !errors.As(err, &refused) || !IsInvalid(err) {
					t.Errorf("%s: got %v, want an InvalidRequestError", operation, err)
				}
			}
		})
	}
	if requests := server.recorded(); len(requests) != 0 || server.tokenCount() != 0 {
		t.Errorf("something was sent: %v", requests)
	}
}

func TestIDsThatOrderCloudAcceptsAreSentAsTheyAre(t *testing.T) {
	server := newTestServer(t, func(writer http.ResponseWriter, request *http.Request) {
		writeJSON(writer, http.StatusOK, map[string]any{"ID": path.Base(request.URL.Path)})
	})
	for _, id := range []string{"a", "-_-", "0F1E2D3C-0000-4000-8000-AABBCCDDEEFF", strings.Repeat("a", 100)} {
		if _, err := server.client.APIClients().Get(t.Context(), id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		requests := server.recorded()
		if got, want := requests[len(requests)-1].URI, "/v1/apiclients/"+id; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
