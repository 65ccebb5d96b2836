// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"maps"
	"slices"
	"strings"
)

// relation is a many-to-many assignment between objects, found from both
// sides. Members are named by path ("buyers/acme/users/jdoe").
type relation struct {
	forward  map[string]map[string]struct{}
	backward map[string]map[string]struct{}
}

func newRelation() *relation {
	return &relation{forward: map[string]map[string]struct{}{}, backward: map[string]map[string]struct{}{}}
}

func (r *relation) add(left, right string) {
	link(r.forward, left, right)
	link(r.backward, right, left)
}

func (r *relation) remove(left, right string) {
	unlink(r.forward, left, right)
	unlink(r.backward, right, left)
}

func (r *relation) has(left, right string) bool {
	_, found := r.forward[left][right]
	return found
}

// rights lists what left is assigned to, sorted.
func (r *relation) rights(left string) []string {
	return slices.Sorted(maps.Keys(r.forward[left]))
}

// lefts lists what is assigned to right, sorted.
func (r *relation) lefts(right string) []string {
	return slices.Sorted(maps.Keys(r.backward[right]))
}

// pairs lists every assignment, sorted.
func (r *relation) pairs() [][2]string {
	var pairs [][2]string
	for _, left := range slices.Sorted(maps.Keys(r.forward)) {
		for _, right := range r.rights(left) {
			pairs = append(pairs, [2]string{left, right})
		}
	}
	return pairs
}

// drop removes every assignment of an object.
func (r *relation) drop(member string) {
	for _, right := range r.rights(member) {
		r.remove(member, right)
	}
	for _, left := range r.lefts(member) {
		r.remove(left, member)
	}
}

// rename replaces a path and everything below it.
func (r *relation) rename(from, to string) {
	for _, pair := range r.pairs() {
		left, right := movePath(pair[0], from, to), movePath(pair[1], from, to)
		if left != pair[0] || right != pair[1] {
			r.remove(pair[0], pair[1])
			r.add(left, right)
		}
	}
}

// movePath replaces from by to at the start of a path.
func movePath(path, from, to string) string {
	if path == from {
		return to
	}
	if rest, below := strings.CutPrefix(path, from+"/"); below {
		return to + "/" + rest
	}
	return path
}

func link(index map[string]map[string]struct{}, from, to string) {
	if index[from] == nil {
		index[from] = map[string]struct{}{}
	}
	index[from][to] = struct{}{}
}

func unlink(index map[string]map[string]struct{}, from, to string) {
	delete(index[from], to)
	if len(index[from]) == 0 {
		delete(index, from)
	}
}
