// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package canary has secrets of its own go through the operator, and looks for them
// wherever the operator writes to.
package canary

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// part is how much of a secret must not be found: the operator or a host may cut it.
const part = 12

// Canaries are the secrets that were let go, by what they are. It is safe for use by many
// goroutines.
type Canaries struct {
	mutex  sync.Mutex
	values map[string]string
}

// Add lets a secret of at least 12 letters go. Of a token only the signature counts: the rest is not unlike other
// tokens.
func (c *Canaries) Add(kind, value string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.values == nil {
		c.values = map[string]string{}
	}
	if signature := value[strings.LastIndex(value, ".")+1:]; len(signature) >= part {
		value = signature
	}
	c.values[value] = kind
}

// Kinds are how many secrets of each kind were let go.
func (c *Canaries) Kinds() map[string]int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	kinds := map[string]int{}
	for _, kind := range c.values {
		kinds[kind]++
	}
	return kinds
}

// In returns what of the secrets a text has, however it is encoded: the kind of secret, and
// how it is written there.
func (c *Canaries) In(text string) []string {
	sought := c.pieces()
	found := map[string]bool{}
	for encoding, view := range views(text) {
		for _, index := range sought.places(view) {
			kind := sought.kinds[view[index:index+part]]
			found[fmt.Sprintf("%s, %s, after %q", kind, encoding, view[max(index-80, 0):index])] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// pieces are the beginnings and the ends of all secrets.
type pieces struct {
	kinds map[string]string
	// begins says with which two bytes there is a piece.
	begins [1 << 16]bool
}

func (c *Canaries) pieces() *pieces {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	sought := &pieces{kinds: map[string]string{}}
	for value, kind := range c.values {
		for _, piece := range []string{value[:part], value[len(value)-part:]} {
			sought.kinds[piece] = kind
			sought.begins[int(piece[0])<<8|int(piece[1])] = true
		}
	}
	return sought
}

// places are where a text has a piece. The race detector would only slow it down: all that it
// reads is its own.
//
//go:norace
func (p *pieces) places(text string) []int {
	var all []int
	for index := 0; index+part <= len(text); index++ {
		if !p.begins[int(text[index])<<8|int(text[index+1])] {
			continue
		}
		if _, ok := p.kinds[text[index:index+part]]; ok {
			all = append(all, index)
		}
	}
	return all
}
