// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crowd

import "github.com/ordercloud-operator/ordercloud-operator/internal/chain"

// lot is where those wait who want to the same marketplace and found no room.
type lot struct {
	to            string
	edits, sweeps line
	place         *chain.Link[*lot]
}

func (l *lot) lineOf(isSweep bool) *line {
	if isSweep {
		return &l.sweeps
	}
	return &l.edits
}

func (l *lot) isEmpty() bool {
	return l.edits.namespaces.Length() == 0 && l.sweeps.namespaces.Length() == 0
}

// line has namespaces in turns, and of each those who wait in the order in which they came.
type line struct {
	namespaces chain.Chain[*row]
	byName     map[string]*row
}

type row struct {
	from  string
	turn  *chain.Link[*row]
	parks chain.Chain[*guest]
}

func (l *line) add(g *guest) {
	of := l.byName[g.visit.From]
	if of == nil {
		if l.byName == nil {
			l.byName = map[string]*row{}
		}
		of = &row{from: g.visit.From}
		of.turn = l.namespaces.Add(of)
		l.byName[of.from] = of
	}
	g.row, g.parked = of, of.parks.Add(g)
}

// remove takes one out, wherever it stands.
func (l *line) remove(g *guest) {
	of := g.row
	of.parks.Remove(g.parked)
	g.row, g.parked = nil, nil
	if of.parks.Length() == 0 {
		l.namespaces.Remove(of.turn)
		delete(l.byName, of.from)
	}
}

// take takes one out whose turn it is: those of its namespace have their next turn last.
func (l *line) take(g *guest) {
	of := g.row
	l.remove(g)
	if of.parks.Length() > 0 {
		l.namespaces.Remove(of.turn)
		of.turn = l.namespaces.Add(of)
	}
}

// next is the first of the first namespace that is wanted, nil when none is.
func (l *line) next(isWanted func(from string) bool) *guest {
	for of := range l.namespaces.All() {
		if isWanted(of.from) {
			return of.parks.First().Value
		}
	}
	return nil
}
