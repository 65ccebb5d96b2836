// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wording_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/wording"
)

func TestTheSecretsOfARequestAreKnown(t *testing.T) {
	t.Parallel()
	const form, object = "application/x-www-form-urlencoded", "application/json"
	for name, test := range map[string]struct {
		authorization, contentType, body string
		want                             []string
	}{
		"a token":                {authorization: "Bearer abc.def", want: []string{"abc.def"}},
		"a user and a password":  {authorization: "Basic dXNlcjpwYXNz", want: []string{"pass", "user:pass"}},
		"a token request":        {contentType: form, body: "grant_type=client_credentials&client_id=x&client_secret=a%2Bb+c", want: []string{"a+b c"}},
		"a new user":             {authorization: "Bearer t", contentType: object, body: `{"ID":"jane","Password":"p\"w","xp":{"Password":1}}`, want: []string{"p\"w", "t"}},
		"a user with none":       {contentType: object, body: `{"ID":"jane","Password":""}`},
		"a list":                 {contentType: object, body: `["Password"]`},
		"a form that is not one": {contentType: form, body: "%zz=1&client_secret=x"},
		"nothing":                {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := requestWith(t, test.body)
			request.Header.Set("Authorization", test.authorization)
			request.Header.Set("Content-Type", test.contentType)
			got := wording.SecretsOf(request)
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	if got := wording.SecretsOf(nil); got != nil {
		t.Errorf("no request has %q", got)
	}
}

func TestTheSecretsOfARequestThatWasSentAreKnown(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
	}))
	defer server.Close()
	request := requestWith(t, `{"Password":"hunter22"}`)
	request.URL.Host = strings.TrimPrefix(server.URL, "http://")
	response, err := http.DefaultTransport.RoundTrip(request.Clone(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if diff := cmp.Diff([]string{"hunter22"}, wording.SecretsOf(response.Request)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func requestWith(t *testing.T, body string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://ordercloud.example/v1/x", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return request
}
