// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package failure_test

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func TestAMistakeInTheAddressIsToldFromAnOutage(t *testing.T) {
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshake is meant
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	refused := httptest.NewServer(http.NotFoundHandler())
	refused.Close()
	noHost := roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "nowhere.example", IsNotFound: true}}
	})
	for name, test := range map[string]struct {
		baseURL   string
		transport http.RoundTripper
		want      string
	}{
		"a host name that is unknown": {
			"https://nowhere.example", noHost, "https://nowhere.example cannot be reached: its host name is unknown; check the Marketplace's spec.url",
		},
		"a certificate that is not trusted": {
			untrusted.URL, nil, untrusted.URL + " cannot be reached: its TLS certificate is not trusted; if it is signed by a private CA, give that to the operator",
		},
		"nobody listens": {
			refused.URL, nil, refused.URL + " cannot be reached or answers with a failure; the operator tries again by itself",
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := ordercloud.New(ordercloud.Config{
				BaseURL: test.baseURL, ClientID: "client", ClientSecret: "q7-secret", Scopes: []string{"FullAccess"}, UserAgent: "ordercloud-operator/test", Transport: test.transport,
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Me(t.Context())
			got := failure.Call{Doing: "authenticating", BaseURL: test.baseURL}.FromOrderCloud(err)
			if got == nil || got.Reason != "Unavailable" || got.Message != test.want {
				t.Errorf("got %+v", got)
			}
			if strings.Contains(got.Error(), "q7-secret") {
				t.Error("the secret is told")
			}
		})
	}
}
