// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// ErrTimedOut says that an attempt took longer than it may.
var ErrTimedOut = errors.New("timed out")

var (
	// errTooLarge says that an answer is larger than what was asked for may be.
	errTooLarge = errors.New("answer too large")
	// errUnreadable says that an answer is not what OrderCloud's would be: not
	// JSON, cut short, or without the object that was asked for.
	errUnreadable = errors.New("answer unreadable")
)

// ProxyError says that a proxy refused to connect to the host: OrderCloud was asked nothing.
type ProxyError struct {
	// Status is the proxy's answer, such as 407 or 502.
	Status int
}

// Error returns the proxy's status in words.
func (e *ProxyError) Error() string {
	text := "the proxy refuses the connection: " + strconv.Itoa(e.Status)
	if words := http.StatusText(e.Status); words != "" {
		text += " " + words
	}
	return text
}

// Describe says in a few words what came back. They are the same for the same answer, hold
// nothing of what was sent or answered, and may go into a status.
func (a Answer) Describe() string {
	switch {
	case a.Cause != nil:
		return describeFailure(a.Cause)
	case http.StatusText(a.Status) != "":
		return http.StatusText(a.Status)
	}
	return "no answer"
}

// describeFailure says in words of this package why no answer came. The errors
// of net and net/http are not repeated: they hold addresses and ports that
// differ each time, and URLs.
func describeFailure(cause error) string {
	var lookup *net.DNSError
	var network net.Error
	var proxy *ProxyError
	switch {
	case errors.Is(cause, context.Canceled):
		return "context canceled"
	case errors.Is(cause, context.DeadlineExceeded):
		return "context deadline exceeded"
	case errors.Is(cause, ErrTimedOut), errors.Is(cause, errTooLarge), errors.Is(cause, errNoRoom), errors.Is(cause, errUnreadable):
		return rootText(cause)
	case isUnsent(cause):
		return "not sent"
	case errors.As(cause, &proxy):
		return proxy.Error()
	case errors.As(cause, &lookup) && lookup.IsNotFound:
		return "host not found"
	case errors.As(cause, &lookup):
		return "host could not be looked up"
	case isCertificateFailure(cause):
		return "TLS certificate not trusted"
	case isHandshakeFailure(cause):
		return "TLS handshake failed"
	case errors.Is(cause, syscall.ECONNREFUSED):
		return "connection refused"
	case Answer{Cause: cause}.IsDropped():
		return "connection dropped"
	case errors.As(cause, &network) && network.Timeout():
		return ErrTimedOut.Error()
	}
	return "no answer"
}

func rootText(cause error) string {
	for _, known := range []error{ErrTimedOut, errTooLarge, errNoRoom} {
		if errors.Is(cause, known) {
			return known.Error()
		}
	}
	return errUnreadable.Error()
}

func isCertificateFailure(cause error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var certificate x509.CertificateInvalidError
	return errors.As(cause, &verification) || errors.As(cause, &authority) ||
		errors.As(cause, &hostname) || errors.As(cause, &certificate)
}

func isHandshakeFailure(cause error) bool {
	var header tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(cause, &header) || errors.As(cause, &alert) || errors.Is(cause, http.ErrSchemeMismatch)
}

// unsent is what a transport returns that holds a request back: nothing was
// sent, and nothing is worth sending before RetryAfter.
type unsent interface {
	error
	RetryAfter() time.Duration
}

func isUnsent(cause error) bool {
	var held unsent
	return errors.As(cause, &held)
}

// isUnconnected says that no connection was made, so that nothing was sent.
func isUnconnected(cause error) bool {
	var dialled *net.OpError
	var proxy *ProxyError
	return errors.As(cause, &dialled) && dialled.Op == "dial" || isCertificateFailure(cause) || errors.As(cause, &proxy)
}

// IsDropped says whether a connection ended under a request, or was never
// made: the failures that another attempt may not meet again. A time-out is
// none of them, since it has already cost its full time.
func (a Answer) IsDropped() bool {
	for _, known := range []error{
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.ECONNABORTED, syscall.EPIPE,
	} {
		if errors.Is(a.Cause, known) {
			return true
		}
	}
	return false
}
