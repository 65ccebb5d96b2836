// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chain is a list that one of thousands can leave without a search.
package chain

import "iter"

// Chain is a list of values in the order in which they were added. The zero value is empty.
type Chain[T any] struct {
	first, last *Link[T]
	length      int
}

// Link is the place of a value in a chain.
type Link[T any] struct {
	// Value is what was added.
	Value          T
	previous, next *Link[T]
}

// First is the place of the value that was added first, nil when there is none.
func (c *Chain[T]) First() *Link[T] { return c.first }

// Length is how many values there are.
func (c *Chain[T]) Length() int { return c.length }

// All are the values in their order. One that was reached may leave meanwhile.
func (c *Chain[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for link := c.first; link != nil; {
			next := link.next
			if !yield(link.Value) {
				return
			}
			link = next
		}
	}
}

// Add appends a value.
func (c *Chain[T]) Add(value T) *Link[T] {
	added := &Link[T]{Value: value, previous: c.last}
	if c.last == nil {
		c.first = added
	} else {
		c.last.next = added
	}
	c.last = added
	c.length++
	return added
}

// Remove takes a value out by its place, which must be one of this chain.
func (c *Chain[T]) Remove(link *Link[T]) {
	if link.previous == nil {
		c.first = link.next
	} else {
		link.previous.next = link.next
	}
	if link.next == nil {
		c.last = link.previous
	} else {
		link.next.previous = link.previous
	}
	c.length--
}
