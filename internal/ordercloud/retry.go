// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// maximumAttempts is the first attempt and two more.
	maximumAttempts = 3
	// firstBackoff is the wait before the second attempt; it doubles for the third.
	firstBackoff = 200 * time.Millisecond
)

// backoff waits before attempt number 2 or 3 and returns the context's error
// when the caller leaves first.
type backoff func(ctx context.Context, attempt int) error

// waitJittered waits half of the backoff up to one and a half of it, so that
// requests that failed together do not come back together.
func waitJittered(ctx context.Context, attempt int) error {
	base := firstBackoff << (attempt - 2)
	timer := time.NewTimer(base/2 + rand.N(base)) //nolint:gosec // jitter is no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// withRetry repeats what is safe to repeat after a failure that may have
// passed. 429 is left to the caller, who waits for Retry-After.
func withRetry(wait backoff, next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(request *http.Request) (*http.Response, error) {
		for attempt := 1; ; attempt++ {
			response, err := sendCopy(request, next)
			if attempt > 1 && wasDeletedBefore(request, response) {
				response.StatusCode = http.StatusNoContent
				return response, nil
			}
			if attempt == maximumAttempts || !mayRepeat(request, response, err) {
				return response, err
			}
			if err := wait(request.Context(), attempt+1); err != nil {
				return nil, err
			}
		}
	})
}

// sendCopy sends the request with a body of its own, so that it can be sent again.
func sendCopy(request *http.Request, next http.RoundTripper) (*http.Response, error) {
	request = request.Clone(request.Context())
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		request.Body = body
	}
	return next.RoundTrip(request)
}

// mayRepeat refuses POST and PATCH always: a POST that was applied would come
// back as a taken ID, and a PATCH of xp is not known to be repeatable.
func mayRepeat(request *http.Request, response *http.Response, err error) bool {
	switch request.Method {
	case http.MethodGet, http.MethodPut, http.MethodDelete:
	default:
		return false
	}
	if request.Context().Err() != nil {
		return false
	}
	if err != nil {
		// What was held back may tell the failure that it was held back for.
		return isDropped(err) && !isUnsent(err)
	}
	switch response.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		// A server that says how long to wait is believed.
		return response.Header.Get("Retry-After") == ""
	}
	return false
}

// wasDeletedBefore says that a repeated DELETE finds nothing: the attempt whose
// answer was lost, or somebody else, has deleted the object.
func wasDeletedBefore(request *http.Request, response *http.Response) bool {
	if request.Method != http.MethodDelete || response == nil || response.StatusCode != http.StatusNotFound {
		return false
	}
	return (&Error{Errors: detailsOf(response)}).hasCode(notFoundCodes...)
}

// detailsOf reads the errors of an answer whose body is in memory, and leaves
// the body as it was.
func detailsOf(response *http.Response) []ErrorDetail {
	details, err := parseErrorBody(peekBody(response))
	if err != nil {
		return nil
	}
	return details
}

// peekBody returns a body that withAttempt has read into memory, and leaves the
// response with a fresh reader of it.
func peekBody(response *http.Response) []byte {
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil
	}
	response.Body = memoryBody(content)
	return content
}
