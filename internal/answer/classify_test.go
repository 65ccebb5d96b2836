// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func told(code string) string { return fmt.Sprintf(`{"Errors":[{"ErrorCode":%q}]}`, code) }

func TestAnAnswerMeansOneThing(t *testing.T) {
	const page = "<html>please log in</html>"
	list, object, deletion := Asked{Wants: List}, Asked{Wants: Object}, Asked{Wants: NoContent}
	token := Asked{Wants: Token, IsToken: true}
	for name, test := range map[string]struct {
		asked   Asked
		status  int
		body    string
		meaning Meaning
		effect  Effect
		scope   Scope
	}{
		"an object":                         {object, 200, `{"ID":"a"}`, Success, EffectApplied, ScopeRequest},
		"an object that was created":        {object, 201, `{"ID":"a"}`, Success, EffectApplied, ScopeRequest},
		"no object":                         {object, 200, `{}`, Unreadable, EffectUnknown, ScopeUnknown},
		"an object with an empty ID":        {object, 200, `{"ID":""}`, Unreadable, EffectUnknown, ScopeUnknown},
		"an object with a null ID":          {object, 200, `{"ID":null}`, Unreadable, EffectUnknown, ScopeUnknown},
		"half an object":                    {object, 200, `{"ID":"a`, Unreadable, EffectUnknown, ScopeUnknown},
		"nothing":                           {object, 200, ``, Unreadable, EffectUnknown, ScopeUnknown},
		"no content for an object":          {object, 204, ``, Unreadable, EffectUnknown, ScopeUnknown},
		"a page":                            {object, 200, page, Foreign, EffectUnknown, ScopeUnknown},
		"null":                              {object, 200, `null`, Foreign, EffectUnknown, ScopeUnknown},
		"a list":                            {list, 200, `{"Items":[]}`, Success, EffectApplied, ScopeRequest},
		"no list":                           {list, 200, `{"Meta":{}}`, Unreadable, EffectUnknown, ScopeUnknown},
		"a list that is null":               {list, 200, `{"Items":null}`, Unreadable, EffectUnknown, ScopeUnknown},
		"a deletion":                        {deletion, 204, ``, Success, EffectApplied, ScopeRequest},
		"a deletion with an empty success":  {deletion, 200, ` `, Success, EffectApplied, ScopeRequest},
		"a deletion with a page":            {deletion, 200, page, Foreign, EffectUnknown, ScopeUnknown},
		"a deletion with an object":         {deletion, 200, `{"ID":"a"}`, Foreign, EffectUnknown, ScopeUnknown},
		"a token":                           {token, 200, `{"access_token":"a"}`, Success, EffectApplied, ScopeAll},
		"no token":                          {token, 200, `{"token_type":"bearer"}`, Unreadable, EffectUnknown, ScopeAll},
		"credentials refused":               {token, 400, `{"error":"invalid_client"}`, CredentialsRefused, EffectNone, ScopeAll},
		"credentials refused with a code":   {token, 401, told(CodeClientNotActive), CredentialsRefused, EffectNone, ScopeAll},
		"a page at the token endpoint":      {token, 403, page, Foreign, EffectUnknown, ScopeAll},
		"another status there":              {token, 409, told("X"), Foreign, EffectUnknown, ScopeAll},
		"a bad token":                       {object, 401, told("Auth.InvalidToken"), Unauthorized, EffectNone, ScopeAll},
		"a revoked token under 400":         {object, 400, told(CodeTokenRevoked), Unauthorized, EffectNone, ScopeAll},
		"a 401 page":                        {object, 401, page, Foreign, EffectUnknown, ScopeUnknown},
		"a 401 without a code":              {object, 401, `{}`, Foreign, EffectUnknown, ScopeUnknown},
		"a missing role":                    {object, 403, told(CodeInsufficientRoles), Forbidden, EffectNone, ScopeUnknown},
		"a 403 page":                        {object, 403, page, Foreign, EffectUnknown, ScopeUnknown},
		"a missing object":                  {object, 404, told(CodeNotFound), NotFound, EffectNone, ScopeRequest},
		"a missing object under 400":        {object, 400, told(CodeUserNotFound), NotFound, EffectNone, ScopeRequest},
		"a 404 page":                        {object, 404, page, Foreign, EffectUnknown, ScopeUnknown},
		"a taken ID":                        {object, 409, told(CodeIDExists), IDExists, EffectNone, ScopeRequest},
		"a taken username":                  {object, 409, told(CodeUsernameMustBeUnique), UsernameTaken, EffectNone, ScopeRequest},
		"a taken grant":                     {object, 400, told(CodeConflictingImpersonationConfig), GrantTaken, EffectNone, ScopeRequest},
		"something that is needed":          {deletion, 400, told(CodeCannotDeleteWithOpenOrder), InUse, EffectNone, ScopeRequest},
		"a refusal that gives no reason":    {object, 409, `{"Errors":[]}`, Invalid, EffectNone, ScopeRequest},
		"a 404 that gives no reason":        {object, 404, `{"Errors":[]}`, Foreign, EffectUnknown, ScopeUnknown},
		"a refusal":                         {object, 400, told(CodeValidationFailure), Invalid, EffectNone, ScopeRequest},
		"maintenance":                       {object, 503, told(CodeAPIOffline), Offline, EffectUnknown, ScopeAll},
		"maintenance under 400":             {object, 400, told(CodeAPIOffline), Offline, EffectUnknown, ScopeAll},
		"a request to slow down":            {object, 429, page, RateLimited, EffectUnknown, ScopeAll},
		"a proxy that wants a log-in":       {object, 407, page, ProxyRefused, EffectUnknown, ScopeAll},
		"a failure that may be the list's":  {list, 500, told("ServerError"), Failing, EffectUnknown, ScopeUnknown},
		"a failure of what stands before":   {object, 502, page, Failing, EffectUnknown, ScopeAll},
		"a request that took too long":      {object, 408, `{}`, Failing, EffectUnknown, ScopeAll},
		"a redirect":                        {object, 302, ``, Foreign, EffectUnknown, ScopeUnknown},
		"a gateway's 401 in JSON":           {object, 401, `{"status":401,"error":"Unauthorized"}`, Foreign, EffectUnknown, ScopeUnknown},
		"a gateway's 403 in JSON":           {object, 403, `{"errors":[{"status":"403","title":"Forbidden"}]}`, Foreign, EffectUnknown, ScopeUnknown},
		"a gateway's 404 in JSON":           {object, 404, `{"status":404,"error":"Not Found"}`, Foreign, EffectUnknown, ScopeUnknown},
		"a gateway's list of errors":        {object, 404, `{"Errors":[{"Code":7003,"Message":"no route"}]}`, Foreign, EffectUnknown, ScopeUnknown},
		"a gateway's JSON for a token":      {token, 403, `{"status":403,"error":"Forbidden"}`, Foreign, EffectUnknown, ScopeAll},
		"a deletion with a late page":       {deletion, 200, strings.Repeat("\r\n", 40) + page, Foreign, EffectUnknown, ScopeUnknown},
		"an answer of which nothing is due": {Asked{}, 200, ``, Success, EffectApplied, ScopeRequest},
	} {
		t.Run(name, func(t *testing.T) {
			got := Classify(Exchange{Asked: test.asked, Status: test.status, Header: http.Header{}, Body: []byte(test.body)})
			if got.Meaning != test.meaning || got.Effect != test.effect || got.Scope != test.scope {
				t.Errorf("got meaning %d, effect %d, scope %d", got.Meaning, got.Effect, got.Scope)
			}
		})
	}
}

func TestAnEmptyPageIsNoDeletion(t *testing.T) {
	header := http.Header{"Content-Type": {"Text/HTML; charset=utf-8"}}
	for status, want := range map[int]Meaning{200: Unreadable, 204: Success} {
		got := Classify(Exchange{Asked: Asked{Wants: NoContent}, Status: status, Header: header})
		if got.Meaning != want {
			t.Errorf("%d: got %d, want %d", status, got.Meaning, want)
		}
	}
}

// held is what a limiter or a fence returns in place of sending.
type held struct{ wait time.Duration }

func (held) Error() string               { return "held back" }
func (h held) RetryAfter() time.Duration { return h.wait }

func TestWhyNoAnswerCameDecidesWhatItMeans(t *testing.T) {
	reset := fmt.Errorf("reading: %w", syscall.ECONNRESET)
	for name, test := range map[string]struct {
		cause   error
		meaning Meaning
		effect  Effect
		text    string
	}{
		"nothing was sent":        {held{time.Second}, HeldBack, EffectNone, "not sent"},
		"the caller left":         {context.Canceled, Left, EffectUnknown, "context canceled"},
		"the caller's time ended": {context.DeadlineExceeded, Unreachable, EffectUnknown, "context deadline exceeded"},
		"a time-out":              {ErrTimedOut, Unreachable, EffectUnknown, "timed out"},
		"a reset":                 {reset, Unreachable, EffectUnknown, "connection dropped"},
		"an end":                  {io.ErrUnexpectedEOF, Unreachable, EffectUnknown, "connection dropped"},
		"nobody listens":          {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, Unreachable, EffectNone, "connection refused"},
		"no such host":            {&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}, Unreachable, EffectNone, "host not found"},
		"no trust":                {x509.UnknownAuthorityError{}, Unreachable, EffectNone, "TLS certificate not trusted"},
		"a proxy that refuses":    {&ProxyError{Status: 502}, ProxyRefused, EffectNone, "the proxy refuses the connection: 502 Bad Gateway"},
		"too much":                {errTooLarge, Unreadable, EffectUnknown, "answer too large"},
		"something else":          {errors.New("10.0.0.1:443"), Unreachable, EffectUnknown, "no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Of(nil, fmt.Errorf("sending: %w", test.cause))
			if got.Meaning != test.meaning || got.Effect != test.effect || got.Describe() != test.text {
				t.Errorf("got meaning %d, effect %d, %q", got.Meaning, got.Effect, got.Describe())
			}
		})
	}
}

func TestWhatNothingHasClassifiedIsForeign(t *testing.T) {
	got := Of(&http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil)
	if got.Meaning != Foreign || got.IsAnswered() || !got.IsFailure() {
		t.Errorf("got %+v", got)
	}
}

func TestBehindWhatWasHeldBackStandsTheFailure(t *testing.T) {
	failed := Classify(Exchange{Status: http.StatusProxyAuthRequired, Header: http.Header{}})
	opened := fmt.Errorf("%w: %w", held{time.Second}, &Failure{failed})
	got := Behind(answered{Of(nil, opened)})
	if got.Meaning != ProxyRefused || got.Status != http.StatusProxyAuthRequired {
		t.Errorf("got %+v", got)
	}
	if wait := Of(nil, opened).RetryAfter; wait != time.Second {
		t.Errorf("it waits %s", wait)
	}
}

type answered struct{ Answer }

func (answered) Error() string      { return "" }
func (a answered) Answered() Answer { return a.Answer }

func TestRetryAfterIsReadInSecondsAndAsADate(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		value string
		date  string
		want  time.Duration
	}{
		"nothing":                           {"", "", 0},
		"seconds":                           {"120", "", 2 * time.Minute},
		"zero":                              {"0", "", 0},
		"a negative number":                 {"-5", "", 0},
		"a fraction":                        {"1.5", "", 1500 * time.Millisecond},
		"words":                             {"soon", "", 0},
		"no number":                         {"NaN", "", 0},
		"a day":                             {"86400", "", MaximumRetryAfter},
		"more than fits":                    {"99999999999999999999", "", MaximumRetryAfter},
		"for ever":                          {"Inf", "", MaximumRetryAfter},
		"a date against the own clock":      {"Sun, 01 Mar 2026 12:01:00 GMT", "", time.Minute},
		"a date against the server's clock": {"Sun, 01 Mar 2026 12:01:00 GMT", "Sun, 01 Mar 2026 12:00:50 GMT", 10 * time.Second},
		"a date in the past":                {"Sun, 01 Mar 2026 11:00:00 GMT", "", 0},
		"a date in the far future":          {"Sun, 01 Mar 2099 11:00:00 GMT", "", MaximumRetryAfter},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"Retry-After": {test.value}, "Date": {test.date}}
			if got := RetryAfter(header, now); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func FuzzEveryAnswerMeansSomethingAndNeverThatNothingHappened(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "[]", `{"Errors":null}`, `{"Errors":[null]}`, told("NotFound"), `{"ID":"a"}`, `{"Items":[]}`,
		`{"error":"invalid_client","error_description":"x"}`, `{"Errors":[{"ErrorCode":"NotFound","Data":{"ObjectType":1}}]}`,
	} {
		f.Add(400, 1, "120", seed)
		f.Add(200, 2, "-1", seed)
	}
	f.Fuzz(func(t *testing.T, status, wants int, wait, body string) {
		header := http.Header{"Retry-After": {wait}}
		got := Classify(Exchange{Asked: Asked{Wants: Wants(wants % 5)}, Status: status, Header: header, Body: []byte(body)})
		if got.Meaning == Nothing || got.Meaning == Left || got.Meaning == HeldBack {
			t.Errorf("%d %q means %d", status, body, got.Meaning)
		}
		_, isOwn := detailsOf([]byte(body), false)
		isOwn = isOwn && status >= 400 && status < 500
		if got.Effect == EffectNone && !isOwn {
			t.Errorf("%d %q is taken for a refusal of OrderCloud's own", status, body)
		}
		if got.RetryAfter < 0 || got.RetryAfter > MaximumRetryAfter {
			t.Errorf("it waits %s", got.RetryAfter)
		}
	})
}
