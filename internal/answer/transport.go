// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// Transport sends one attempt of a request: it bounds the time and the size of the answer,
// reads it to its end and classifies it. Whatever stands above it asks Of, and sees a
// connection that drops in the middle of a body as the failure that it is. It has to be
// beneath everything that lets requests wait: their time is not OrderCloud's.
//
// What OrderCloud says is kept without the secrets that the request bears, and without the
// known ones.
func Transport(next http.RoundTripper, timeout time.Duration, memory *Share, known ...string) http.RoundTripper {
	return attempt{next: next, timeout: timeout, memory: memory, secrets: &secrets{known: known}}
}

type attempt struct {
	next    http.RoundTripper
	timeout time.Duration
	memory  *Share
	secrets *secrets
}

// RoundTrip sends the request and reads its answer.
func (t attempt) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(request.Context(), t.timeout, ErrTimedOut)
	defer cancel()
	response, err := t.next.RoundTrip(request.WithContext(ctx))
	if err != nil {
		return nil, attemptError(request.Context(), ctx, err)
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		// Neither the time-out nor the caller's leaving would end the reading of it.
		_ = response.Body.Close()
		response.Body = http.NoBody
	}
	asked := AskedOf(request.Context())
	content, release, err := t.memory.read(ctx, response, asked.Wants.bound())
	_ = response.Body.Close() // a connection that was not read to its end is not used again
	if err != nil {
		return nil, attemptError(request.Context(), ctx, err)
	}
	told := Classify(Exchange{Asked: asked, Status: response.StatusCode, Header: response.Header, Body: content, Now: time.Now()})
	told.redact(request, t.secrets)
	response.Body = &body{Reader: bytes.NewReader(content), content: content, answer: told, release: release}
	response.ContentLength = int64(len(content))
	return response, nil
}

// attemptError tells the caller's own cancellation from the attempt's time-out:
// both reach the transport as a cancelled context.
func attemptError(callers, attempt context.Context, err error) error {
	if callers.Err() != nil {
		return callers.Err()
	}
	if attempt.Err() != nil {
		return context.Cause(attempt)
	}
	return err
}

// body is an answer in memory.
type body struct {
	*bytes.Reader

	content []byte
	answer  Answer
	release func()
}

// Close gives the memory back.
func (b *body) Close() error {
	b.release()
	return nil
}

// Content returns the body of an answer that Transport has read. The body stays as it was.
func Content(response *http.Response) []byte {
	if read, ok := response.Body.(*body); ok {
		return read.content
	}
	return nil
}

// Unread returns what an answer means that says success and does not hold what its reader
// needs of it.
func Unread(response *http.Response) Answer {
	told := Of(response, nil)
	told.Meaning, told.Cause = Unreadable, errUnreadable
	told.Scope, told.Effect = scopeOf(told), EffectUnknown
	return told
}

// Lacking returns what an answer means that says success and lacks something in the middle
// of it, where no response is at hand.
func Lacking(status int) Answer {
	told := Answer{Status: status, Meaning: Unreadable, Cause: errUnreadable}
	told.Scope = scopeOf(told)
	return told
}

var _ io.ReadCloser = (*body)(nil)
