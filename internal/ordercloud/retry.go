// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

const (
	// maximumAttempts is the first attempt and two more.
	maximumAttempts = 3
	// maximumTurnedAway is how often a request is sent that is answered 429. It costs its
	// sender nothing but time, and giving up would cost a status for each object.
	maximumTurnedAway = 4
	// longestTurn is the longest wait that a 429 may ask for: whoever is asked to wait longer
	// tells so, in place of holding a turn.
	longestTurn = 10 * time.Second
	// firstBackoff is the wait before the second attempt; it doubles for the third.
	firstBackoff = 200 * time.Millisecond
)

// backoff waits before attempt number 2 or later and returns the context's error
// when the caller leaves first.
type backoff func(ctx context.Context, attempt int) error

// waitJittered waits half of the backoff up to one and a half of it, so that
// requests that failed together do not come back together.
func waitJittered(ctx context.Context, attempt int) error {
	base := firstBackoff << min(attempt-2, 1)
	timer := time.NewTimer(base/2 + rand.N(base)) //nolint:gosec // jitter is no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// withRetry repeats what is safe to repeat after an answer that may not come again.
func withRetry(wait backoff, next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(request *http.Request) (*http.Response, error) {
		for attempt := 1; ; attempt++ {
			countAttempt(request.Context(), attempt)
			response, err := sendCopy(request, next)
			told := answer.Of(response, err)
			if !mayRepeat(request, told, attempt) {
				return response, err
			}
			if err == nil {
				_ = response.Body.Close() // its memory is another answer's
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

// mayRepeat says whether another attempt may do better and can do no harm. POST and PATCH
// are repeated only when they were turned away: a POST that was applied would come back as
// a taken ID, and a PATCH of xp is not known to be repeatable.
func mayRepeat(request *http.Request, told answer.Answer, attempt int) bool {
	if request.Context().Err() != nil {
		return false
	}
	if told.Meaning == answer.RateLimited {
		// The check of a Marketplace is asked again when that is due.
		return attempt < maximumTurnedAway && told.RetryAfter <= longestTurn && !IsCheck(request)
	}
	switch request.Method {
	case http.MethodGet, http.MethodPut, http.MethodDelete:
	default:
		return false
	}
	if attempt >= maximumAttempts {
		return false
	}
	if told.Meaning == answer.Unreachable {
		return told.IsDropped()
	}
	switch told.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		// A server that says how long to wait is believed.
		return told.RetryAfter == 0
	}
	return false
}

// attemptsKey is where a call counts how often its request was sent.
type attemptsKey struct{}

func countAttempt(ctx context.Context, attempt int) {
	if count, ok := ctx.Value(attemptsKey{}).(*int); ok {
		*count = max(*count, attempt)
	}
}
