// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Detail is one of OrderCloud's own errors.
type Detail struct {
	// Code is stable; see the Code constants.
	Code string `json:"ErrorCode"`
	// Message is OrderCloud's English sentence. It may repeat what was sent,
	// personal data included, and so is never part of an error's text.
	Message string `json:"Message"`
	// Data is JSON that depends on the code.
	Data json.RawMessage `json:"Data"`
}

// oauthCodes are how a token endpoint refuses a request [RFC 6749, 5.2].
var oauthCodes = []string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
}

// detailsOf reads OrderCloud's error body and the token endpoint's, which may have OAuth's
// error and error_description only [D]. What has neither, not even an empty list of errors,
// is not OrderCloud's: gateways have an error or errors of their own, in other letters or
// without OrderCloud's codes.
func detailsOf(content []byte, isToken bool) (details []Detail, isOwn bool) {
	// A map, because the fields of a struct are found in any letter case.
	var told map[string]json.RawMessage
	if !isObject(content) || json.Unmarshal(content, &told) != nil {
		return nil, false
	}
	if list, ok := told["Errors"]; ok && json.Unmarshal(list, &details) != nil {
		return nil, false
	}
	if len(details) == 0 && isToken {
		var code, words string
		_, _ = json.Unmarshal(told["error"], &code), json.Unmarshal(told["error_description"], &words)
		if slices.Contains(oauthCodes, code) {
			return []Detail{{Code: code, Message: words}}, true
		}
	}
	hasNoCode := func(detail Detail) bool { return detail.Code == "" }
	return details, details != nil && !slices.ContainsFunc(details, hasNoCode)
}

func isObject(content []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(content), []byte("{")) }

// MaximumRetryAfter bounds what an answer may ask for: a header without sense must not put
// a marketplace to sleep.
const MaximumRetryAfter = 5 * time.Minute

// RetryAfter reads Retry-After in seconds or as an HTTP date, which counts from the
// answer's own Date, so that a wrong clock on either side is no matter. What is missing,
// cannot be read or lies in the past is 0; nothing is longer than MaximumRetryAfter.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		return bounded(seconds)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return bounded(until.Sub(now).Seconds())
}

func bounded(seconds float64) time.Duration {
	if !(seconds > 0) { // NaN as well
		return 0
	}
	return time.Duration(min(seconds, MaximumRetryAfter.Seconds()) * float64(time.Second))
}

const (
	requestIDHeader = "X-oc-logid"
	// maximumRequestID is longer than any that OrderCloud gives.
	maximumRequestID = 64
)

// requestIDOf leaves out what is no ID: a proxy may put anything there.
func requestIDOf(header http.Header) string {
	text := strings.Map(func(letter rune) rune {
		if letter <= ' ' || letter > '~' {
			return -1
		}
		return letter
	}, header.Get(requestIDHeader))
	return text[:min(len(text), maximumRequestID)]
}
