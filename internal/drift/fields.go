// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package drift compares what is declared with what OrderCloud holds, one field
// at a time. It is pure: it calls nothing and changes nothing.
//
// Values are JSON values: nil, bool, string, json.Number or float64,
// map[string]any and []any.
package drift

import (
	"fmt"
	"slices"
	"strings"
)

// Field is one field in which OrderCloud differs from the declaration.
type Field struct {
	// Name is OrderCloud's name of the field; a key of the extended properties
	// is written xp.KEY.
	Name string
	// Desired is the declared value; nil means null.
	Desired any
	// Observed is OrderCloud's value; nil means null.
	Observed any
	// WriteOnly marks a field whose value OrderCloud never tells, such as a
	// password. Its values are never shown and cannot be compared.
	WriteOnly bool
}

// Fields are the differences of one object, in the order in which they were
// compared.
type Fields []Field

// Names lists the names of the fields.
func (f Fields) Names() []string {
	names := make([]string, 0, len(f))
	for _, field := range f {
		names = append(names, field.Name)
	}
	return names
}

// Has says whether the field of that name differs.
func (f Fields) Has(name string) bool {
	return slices.ContainsFunc(f, func(field Field) bool { return field.Name == name })
}

// Comparable leaves out the write-only fields: what remains was really seen to
// differ.
func (f Fields) Comparable() Fields {
	return slices.DeleteFunc(slices.Clone(f), func(field Field) bool { return field.WriteOnly })
}

// maxNames is how many names a sentence bears.
const maxNames = 10

// String joins the names of the fields with commas, ten of them at most. It never
// shows a value.
func (f Fields) String() string {
	names := f.Names()
	for index, name := range names {
		names[index] = cut(name)
	}
	if len(names) > maxNames {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNames], ", "), len(names)-maxNames)
	}
	return strings.Join(names, ", ")
}
