// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import "net/http"

// withAuthorization adds the token. After an answer that says the token is no
// good it authenticates again, once, and sends the request once more; a second
// such answer is the caller's.
func withAuthorization(tokens *tokenSource, next http.RoundTripper) http.RoundTripper {
	send := func(request *http.Request, granted *grant) (*http.Response, error) {
		authorized := request.Clone(request.Context())
		authorized.Header.Set("Authorization", "Bearer "+granted.access)
		return sendCopy(authorized, next)
	}
	return roundTrip(func(request *http.Request) (*http.Response, error) {
		granted, err := tokens.get(request.Context())
		if err != nil {
			return nil, err
		}
		response, err := send(request, granted)
		if err != nil || !needsNewToken(response.StatusCode, peekBody(response)) {
			return response, err
		}
		tokens.discard(granted)
		granted, err = tokens.get(request.Context())
		if err != nil {
			return nil, err
		}
		return send(request, granted)
	})
}
