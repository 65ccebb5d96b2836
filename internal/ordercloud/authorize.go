// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"net/http"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// withAuthorization adds the token. After an answer that says the token is no
// good it authenticates again, once, and sends the request once more; a second
// such answer is the caller's. A request that bears a token of its own is sent with
// that one, once.
func withAuthorization(tokens *tokenSource, next http.RoundTripper) http.RoundTripper {
	send := func(request *http.Request, granted *grant) (*http.Response, error) {
		authorized := request.Clone(request.Context())
		authorize(authorized, granted.access)
		response, err := sendCopy(authorized, next)
		if err == nil && answer.Of(response, nil).Meaning == answer.Success {
			granted.accepted.Add(1)
		}
		return response, err
	}
	return roundTrip(func(request *http.Request) (*http.Response, error) {
		if request.Header.Get("Authorization") != "" {
			return next.RoundTrip(request)
		}
		granted, err := tokens.get(request.Context())
		if err != nil {
			return nil, err
		}
		response, err := send(request, granted)
		if err != nil || answer.Of(response, nil).Meaning != answer.Unauthorized {
			return response, err
		}
		_ = response.Body.Close()
		tokens.discard(granted)
		granted, err = tokens.get(request.Context())
		if err != nil {
			return nil, err
		}
		return send(request, granted)
	})
}

func authorize(request *http.Request, access string) {
	request.Header.Set("Authorization", "Bearer "+access)
}
