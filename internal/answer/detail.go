// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"bytes"
	"encoding/json"
	"net/http"
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

// detailsOf reads OrderCloud's error body and the token endpoint's, which may have OAuth's
// error and error_description only [D]. What has neither, not even an empty list of errors,
// is not OrderCloud's.
func detailsOf(content []byte) (details []Detail, isOwn bool) {
	var told struct {
		Errors      []Detail `json:"Errors"`
		Error       string   `json:"error"`
		Description string   `json:"error_description"`
	}
	if !isObject(content) || json.Unmarshal(content, &told) != nil {
		return nil, false
	}
	if len(told.Errors) == 0 && told.Error != "" {
		return []Detail{{Code: told.Error, Message: told.Description}}, true
	}
	return told.Errors, told.Errors != nil
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
