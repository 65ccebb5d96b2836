// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

// chain is a list that one of thousands can leave without a search.
type chain[T any] struct {
	first, last *link[T]
	length      int
}

type link[T any] struct {
	value          T
	previous, next *link[T]
}

// add appends a value.
func (c *chain[T]) add(value T) *link[T] {
	added := &link[T]{value: value, previous: c.last}
	if c.last == nil {
		c.first = added
	} else {
		c.last.next = added
	}
	c.last = added
	c.length++
	return added
}

func (c *chain[T]) remove(l *link[T]) {
	if l.previous == nil {
		c.first = l.next
	} else {
		l.previous.next = l.next
	}
	if l.next == nil {
		c.last = l.previous
	} else {
		l.next.previous = l.previous
	}
	c.length--
}
