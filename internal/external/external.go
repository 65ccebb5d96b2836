// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package external knows, for every kind, how a declared object is looked up,
// created, updated, deleted and compared in OrderCloud. It writes nothing to
// Kubernetes.
package external

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// unbound names paths; it reaches nothing.
var unbound *ordercloud.Client

// digest is a text that is equal for two lists of values exactly when these are: what a
// create sent is recognized by it. It tells nobody the values.
func digest(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// decodeObject reads a JSON object and keeps its numbers as they were written.
func decodeObject(raw []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil, fmt.Errorf("reading a JSON object: %w", err)
	}
	return object, nil
}

// exists says that a create met an object with its ID. If it was sent more than once, that
// may be its own.
func exists(err error) error {
	if ordercloud.HadNoEffect(err) {
		return lifecycle.ErrExists
	}
	return fmt.Errorf("%w: %w", lifecycle.ErrExists, err)
}

// toTime is a time as Kubernetes keeps it, in whole seconds: with fractions, an
// unchanged status would look changed after its way through the API server.
func toTime(moment *time.Time) *metav1.Time {
	if moment == nil {
		return nil
	}
	whole := metav1.NewTime(moment.Truncate(time.Second))
	return &whole
}

// optional turns an empty text into null.
func optional[T ~string](text T) *string {
	if text == "" {
		return nil
	}
	value := string(text)
	return &value
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
