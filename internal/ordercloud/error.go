// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Error is what every failed request returns: OrderCloud refused it, or no
// readable answer came. Ask for it with errors.As or, better, with this
// package's predicates.
type Error struct {
	// Method is the HTTP method.
	Method string
	// Route is the path's template, without any ID:
	// "/v1/buyers/{buyerID}/users/{userID}".
	Route string
	// Status is the HTTP status, 0 when no answer came.
	Status int
	// Errors are OrderCloud's own errors, in the answer's order; may be empty.
	Errors []ErrorDetail
	// RequestID is the answer's X-oc-logid, which OrderCloud's support asks for [D].
	RequestID string
	// RetryAfter is how long the answer asks to wait, 0 when it does not say.
	RetryAfter time.Duration
	// Cause is why there is no readable answer; nil when OrderCloud answered.
	Cause error
}

// ErrorDetail is one error in an answer.
type ErrorDetail struct {
	// Code is stable; see the Code constants.
	Code string `json:"ErrorCode"`
	// Message is OrderCloud's English sentence. It may repeat what was sent,
	// personal data included, and so is never part of an error's text.
	Message string `json:"Message"`
	// Data is JSON that depends on the code.
	Data json.RawMessage `json:"Data"`
}

// maximumCodesInText bounds an error's text, whatever the server answers.
const maximumCodesInText = 5

// Error returns a text that is the same for the same failure: method, route
// template, status and codes, or what kept the answer from coming. It never
// holds IDs, messages, data, tokens or request IDs, and may go into a
// resource's status as it is.
func (e *Error) Error() string {
	text := e.Method + " " + e.Route + ":"
	if e.Status != 0 {
		text += " " + strconv.Itoa(e.Status)
	}
	if codes := e.Codes(); len(codes) > 0 {
		return text + " " + strings.Join(codes, ", ")
	}
	if e.Cause != nil {
		return text + " " + describeFailure(e.Cause)
	}
	if e.Status != 0 && http.StatusText(e.Status) != "" {
		return text + " " + http.StatusText(e.Status)
	}
	return text
}

// Unwrap returns Cause, so that errors.Is(err, context.Canceled) works.
func (e *Error) Unwrap() error { return e.Cause }

// Codes are the codes of the answer's errors, each once, at most five. What does
// not look like a code is left out: a proxy could put anything there.
func (e *Error) Codes() []string {
	var codes []string
	for _, detail := range e.Errors {
		if len(codes) < maximumCodesInText && isPrintableCode(detail.Code) && !slices.Contains(codes, detail.Code) {
			codes = append(codes, detail.Code)
		}
	}
	return codes
}

func isPrintableCode(code string) bool {
	for _, character := range []byte(code) {
		if !isIDCharacter(character) && character != '.' {
			return false
		}
	}
	return code != "" && len(code) <= maximumIDLength
}

// errUnreadable says that an answer is not what OrderCloud's would be: not
// JSON, cut short, or without the object that was asked for.
var errUnreadable = errors.New("answer unreadable")

// answerError turns an answer other than 2xx into an *Error.
func answerError(method, route string, response *http.Response, body []byte, now time.Time) *Error {
	failure := &Error{
		Method:     method,
		Route:      route,
		Status:     response.StatusCode,
		RequestID:  RequestIDOf(response),
		RetryAfter: parseRetryAfter(response.Header, now),
	}
	details, err := parseErrorBody(body)
	if err != nil {
		failure.Cause = err
		return failure
	}
	failure.Errors = details
	return failure
}

// parseErrorBody reads OrderCloud's error body and the token endpoint's, which
// may have OAuth's error and error_description only [D]. It returns
// errUnreadable for anything but a JSON object.
func parseErrorBody(body []byte) ([]ErrorDetail, error) {
	var answer struct {
		Errors      []ErrorDetail `json:"Errors"`
		Error       string        `json:"error"`
		Description string        `json:"error_description"`
	}
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return nil, errUnreadable
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, errUnreadable
	}
	if len(answer.Errors) == 0 && answer.Error != "" {
		return []ErrorDetail{{Code: answer.Error, Message: answer.Description}}, nil
	}
	return answer.Errors, nil
}

// RequestIDOf returns the X-oc-logid of an answer that passes through Config.Transport,
// or "".
func RequestIDOf(response *http.Response) string { return response.Header.Get(requestIDHeader) }

const (
	requestIDHeader = "X-oc-logid"
	// maximumRetryAfter keeps a nonsensical header from putting a marketplace
	// to sleep for ever.
	maximumRetryAfter = 24 * time.Hour
)

// parseRetryAfter reads Retry-After in seconds or as an HTTP date, which counts
// from the answer's own Date, so that a wrong clock on either side is no
// matter. What cannot be read or lies in the past is 0.
func parseRetryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maximumRetryAfter)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return min(max(until.Sub(now), 0), maximumRetryAfter)
}
