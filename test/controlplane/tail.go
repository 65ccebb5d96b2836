// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"slices"
	"strings"
	"sync"
)

// tail keeps the last lines that are written to it. Several processes may write
// to the same one, each from goroutines of its own.
type tail struct {
	mutex   sync.Mutex
	limit   int
	lines   []string
	partial string
}

// Write keeps what it is given; it never fails.
func (t *tail) Write(content []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()

	lines := strings.Split(t.partial+string(content), "\n")
	t.partial = lines[len(lines)-1]
	t.lines = append(t.lines, lines[:len(lines)-1]...)

	if surplus := len(t.lines) - t.limit; surplus > 0 {
		t.lines = slices.Clone(t.lines[surplus:])
	}

	return len(content), nil
}

// String is what was kept.
func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()

	return strings.Join(append(slices.Clip(t.lines), t.partial), "\n")
}
