// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const crowd = 10_000

// crowded is a sandbox whose buyer acme has ten thousand users, with a token.
func crowded(b *testing.B) (*sandbox.Sandbox, string) {
	b.Helper()
	given := seed()
	for number := range crowd {
		given.Objects[fmt.Sprintf("buyers/acme/users/u%05d", number)] = object{
			"Username": fmt.Sprintf("user-%d", number), "FirstName": "Some", "LastName": "One",
			"Email": "some@acme.example", "Active": true, "xp": object{"n": number},
		}
	}
	s, err := sandbox.New(sandbox.WithSeed(given))
	if err != nil {
		b.Fatal(err)
	}
	form := clientForm(rootClientID, rootSecret, "FullAccess").Encode()
	request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/oauth/token", strings.NewReader(form))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, request)
	_, rest, _ := strings.Cut(recorder.Body.String(), `"access_token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return s, token
}

func serve(b *testing.B, s *sandbox.Sandbox, token, method, target, body string) {
	b.Helper()
	request := httptest.NewRequestWithContext(b.Context(), method, target, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+token)
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, request)
	if recorder.Code >= http.StatusBadRequest {
		answered, _ := io.ReadAll(recorder.Body)
		b.Fatalf("%s %s answered %d %s", method, target, recorder.Code, answered)
	}
}

func BenchmarkAmongTenThousandUsers(b *testing.B) {
	s, token := crowded(b)
	var chosen []string
	for number := range 100 {
		chosen = append(chosen, fmt.Sprintf("u%05d", number*97))
	}
	list := "/v1/buyers/acme/users?pageSize=100&"
	benchmarks := map[string]string{
		"get":             "/v1/buyers/acme/users/u05000",
		"hundred by ID":   list + url.Values{"ID": {strings.Join(chosen, "|")}}.Encode(),
		"after an ID":     list + url.Values{"ID": {">u05000"}, "sortBy": {"ID"}}.Encode(),
		"page 50":         list + "page=50",
		"by username":     list + "Username=user-5000",
		"across buyers":   "/v1/buyerusers?pageSize=100&" + url.Values{"ID": {">u05000"}, "sortBy": {"ID"}}.Encode(),
		"search for name": list + "search=user-77",
	}
	for name, target := range benchmarks {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				serve(b, s, token, http.MethodGet, target, "")
			}
		})
	}
	b.Run("patch", func(b *testing.B) {
		for b.Loop() {
			serve(b, s, token, http.MethodPatch, "/v1/buyers/acme/users/u05000", `{"Phone":"555"}`)
		}
	})
	b.Run("create and delete a config", func(b *testing.B) {
		body := `{"ID":"bench","BuyerID":"acme","UserID":"u05000","SecurityProfileID":"cs-rep","ClientID":"` + storefrontID + `"}`
		for b.Loop() {
			serve(b, s, token, http.MethodPost, configs, body)
			serve(b, s, token, http.MethodDelete, configs+"/bench", "")
		}
	})
}

func BenchmarkSeedingTenThousandUsers(b *testing.B) {
	for b.Loop() {
		crowded(b)
	}
}
