// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
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
	// Answer is what came back.
	answer.Answer
	// WasRepeated says that the request was sent more than once: an earlier attempt may
	// have done what this answer is about.
	WasRepeated bool
}

// Answered returns what came back.
func (e *Error) Answered() answer.Answer { return e.Answer }

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
	return text + " " + e.Describe()
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
