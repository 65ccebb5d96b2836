// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import "net/http"

// roundTrip is a http.RoundTripper in one function: the link of a chain.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// withUserAgent names the program in every request, token requests included.
func withUserAgent(userAgent string, next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(request *http.Request) (*http.Response, error) {
		request = request.Clone(request.Context())
		request.Header.Set("User-Agent", userAgent)
		return next.RoundTrip(request)
	})
}
