// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Asked is what a request asks for, as far as the meaning of its answer depends on it.
type Asked struct {
	// IsToken says that it is the operator's own request for a token.
	IsToken bool
	// Wants is what a successful answer holds.
	Wants Wants
}

// Wants is what the answer to a request has to hold.
type Wants int

const (
	// Anything is whatever comes.
	Anything Wants = iota
	// NoContent is the answer to a deletion: 204, or another success without a body.
	NoContent
	// Object is a JSON object that has an ID.
	Object
	// List is a page of a list.
	List
	// Token is an access token.
	Token
)

type askedKey struct{}

// WithAsked returns a context whose requests ask for that.
func WithAsked(ctx context.Context, asked Asked) context.Context {
	return context.WithValue(ctx, askedKey{}, asked)
}

// AskedOf returns what the requests of a context ask for.
func AskedOf(ctx context.Context) Asked {
	asked, _ := ctx.Value(askedKey{}).(Asked)
	return asked
}

// Exchange is a request and what came back.
type Exchange struct {
	// Asked is what the request asks for.
	Asked Asked
	// Status of the answer.
	Status int
	// Header of the answer.
	Header http.Header
	// Body of the answer.
	Body []byte
	// Now is when the answer came.
	Now time.Time
}

// Classify says what an answer means. It is the only place that decides it.
func Classify(exchange Exchange) Answer {
	told := Answer{
		Status:     exchange.Status,
		RequestID:  requestIDOf(exchange.Header),
		RetryAfter: RetryAfter(exchange.Header, exchange.Now),
	}
	isOwn := false
	if !isSuccess(exchange.Status) {
		told.Errors, isOwn = detailsOf(exchange.Body, exchange.Asked.IsToken)
	}
	told.Meaning = told.meaning(exchange, isOwn)
	switch told.Meaning {
	case Foreign, Unreadable:
		told.Cause = errUnreadable
	default:
	}
	told.Scope = scopeOf(told)
	if exchange.Asked.IsToken {
		told.Scope = ScopeAll // without a token nothing can be asked
	}
	told.Effect = effectOf(told)
	return told
}

// meaning trusts nothing but OrderCloud's own words to mean something about what was asked
// for: its codes in its JSON. What stands in between may answer with any status, and to take
// a page for "the object does not exist" or "the token is no good" would delete or create by
// mistake.
func (a Answer) meaning(exchange Exchange, isOwn bool) Meaning {
	switch {
	case a.Status == http.StatusTooManyRequests:
		return RateLimited
	case a.HasCode(CodeAPIOffline):
		return Offline
	case a.Status == http.StatusProxyAuthRequired:
		return ProxyRefused
	case isSuccess(a.Status):
		return meaningOfSuccess(exchange)
	case a.Status >= http.StatusInternalServerError, a.Status == http.StatusRequestTimeout:
		return Failing
	case a.Status < http.StatusBadRequest, !isOwn, a.Status == http.StatusNotFound && len(a.Errors) == 0:
		return Foreign
	case exchange.Asked.IsToken:
		return a.meaningOfTokenRefusal()
	}
	return a.meaningOfRefusal()
}

func meaningOfSuccess(exchange Exchange) Meaning {
	wants := exchange.Asked.Wants
	if len(bytes.TrimSpace(exchange.Body)) == 0 {
		isPage := strings.HasPrefix(strings.ToLower(exchange.Header.Get("Content-Type")), "text/html")
		if wants == NoContent && (exchange.Status == http.StatusNoContent || !isPage) || wants == Anything {
			return Success
		}
		return Unreadable
	}
	var shape struct {
		ID          json.RawMessage `json:"ID"`
		Items       json.RawMessage `json:"Items"`
		AccessToken json.RawMessage `json:"access_token"`
	}
	if wants == NoContent || !isObject(exchange.Body) {
		return Foreign
	}
	if json.Unmarshal(exchange.Body, &shape) != nil {
		return Unreadable
	}
	wanted := map[Wants]json.RawMessage{Object: shape.ID, List: shape.Items, Token: shape.AccessToken}
	part, isWanted := wanted[wants]
	if text := string(part); isWanted && (text == "" || text == "null" || text == `""`) {
		return Unreadable
	}
	return Success
}

// meaningOfTokenRefusal knows one refusal only, because nothing of a token request but its
// credentials can be wrong: any other status is not OrderCloud's.
func (a Answer) meaningOfTokenRefusal() Meaning {
	switch a.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return CredentialsRefused
	}
	return Foreign
}

// meaningOfRefusal goes by the code alone where a status is not established.
func (a Answer) meaningOfRefusal() Meaning {
	switch {
	case a.Status == http.StatusUnauthorized, a.HasCode(CodeTokenRevoked):
		return Unauthorized
	case a.Status == http.StatusForbidden:
		return Forbidden
	case a.HasCode(notFoundCodes...):
		return NotFound
	case a.HasCode(CodeIDExists):
		return IDExists
	case a.HasCode(CodeUsernameMustBeUnique):
		return UsernameTaken
	case a.HasCode(CodeConflictingImpersonationConfig):
		return GrantTaken
	case a.HasCode(inUseCodes...):
		return InUse
	}
	return Invalid
}

// classifyCause says what it means that no answer came, or none that could be read to its
// end; then status is its.
func classifyCause(cause error, status int) Answer {
	told := Answer{Status: status, Cause: cause, Meaning: meaningOfCause(cause)}
	if held, ok := errors.AsType[unsent](cause); ok {
		told.RetryAfter = min(max(held.RetryAfter(), 0), MaximumRetryAfter)
	}
	told.Scope = scopeOf(told)
	told.Effect = effectOf(told)
	return told
}

func meaningOfCause(cause error) Meaning {
	_, isUnsent := errors.AsType[unsent](cause)
	_, isProxy := errors.AsType[*ProxyError](cause)
	switch {
	case errors.Is(cause, context.Canceled):
		return Left
	case isUnsent:
		return HeldBack
	case isProxy:
		return ProxyRefused
	case errors.Is(cause, errTooLarge), errors.Is(cause, errNoRoom), errors.Is(cause, errUnreadable):
		return Unreadable
	}
	return Unreachable
}

func scopeOf(told Answer) Scope {
	switch told.Meaning {
	case HeldBack, Unreachable, ProxyRefused, Offline, RateLimited, CredentialsRefused, Unauthorized:
		return ScopeAll
	case Failing:
		if told.Status != http.StatusInternalServerError {
			return ScopeAll
		}
		return ScopeUnknown
	case Foreign, Unreadable, Forbidden:
		return ScopeUnknown
	default:
		return ScopeRequest
	}
}

// effectOf takes only OrderCloud's own word for it that nothing was changed. A 429, a
// failure and a page of something in between say nothing of what was done before them.
func effectOf(told Answer) Effect {
	switch told.Meaning {
	case Success:
		return EffectApplied
	case Nothing, HeldBack:
		return EffectNone
	case Unreachable, ProxyRefused, Left:
		if told.Status == 0 && (isUnsent(told.Cause) || isUnconnected(told.Cause)) {
			return EffectNone
		}
		return EffectUnknown
	case Foreign, Unreadable, Failing, Offline, RateLimited:
		return EffectUnknown
	default:
		return EffectNone
	}
}
