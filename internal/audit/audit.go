// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package audit tells of every write to OrderCloud in one line of the log: for which
// object it was, what was sent, and what OrderCloud answered. The line is written where
// the request is sent, so that no caller can forget it.
package audit

import (
	"context"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// LoggerName is the name of the logger of all these lines, and of no other.
const LoggerName = "audit"

// Message is the message of all these lines.
const Message = "Write to OrderCloud"

// Write says for which object of Kubernetes something is written.
type Write struct {
	// Namespace of the object.
	Namespace string
	// Kind of the object.
	Kind string
	// Name of the object.
	Name string
	// UID of the object.
	UID types.UID
	// Generation of the object whose declaration is written.
	Generation int64
	// Path of the object in OrderCloud, such as buyers/acme/users/jdoe.
	Path string
	// Reason is why it is written.
	Reason string
	// Fields are the names of what is written; unset means those of the body.
	Fields []string
}

type writeKey struct{}

// With returns a context whose writes are for that object.
func With(ctx context.Context, write Write) context.Context {
	return context.WithValue(ctx, writeKey{}, write)
}

// writeOf returns what a request writes. Of one that nobody has marked it is told where it
// goes and what it sends.
func writeOf(request *http.Request) Write {
	write, _ := request.Context().Value(writeKey{}).(Write)
	if write.Path == "" {
		write.Path = strings.TrimPrefix(request.URL.Path, "/v1/")
	}
	if write.Fields == nil {
		write.Fields = fieldsOf(request)
	}
	return write
}
