// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crowd

import (
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/internal/chain"
)

// Visit says for what a place is wanted.
type Visit struct {
	// To is what passes wait for: a Marketplace, or a host.
	To string
	// From is on whose behalf: a namespace.
	From string
	// IsSweep says that nobody waits for the pass.
	IsSweep bool
}

// isLike says that a place for one visit does for the other. A place for a sweep does for
// an edit that was made meanwhile.
func (v Visit) isLike(other Visit) bool { return v.To == other.To && v.From == other.From }

type guestState int

const (
	// isParked is who waits for a place.
	isParked guestState = iota
	// isCalled is whose place is kept until it comes.
	isCalled
	// isInside is who is at work.
	isInside
)

// guest is one request, from when it asks for a place until it leaves.
type guest struct {
	request reconcile.Request
	visit   Visit
	state   guestState
	// places are those that it has one of, called or inside.
	places *places
	// row and parked are where it waits.
	row    *row
	parked *chain.Link[*guest]
}

// room decides who may enter and who is next. It knows neither time nor queues.
type room struct {
	common, reserved places
	guests           map[reconcile.Request]*guest
	// editing counts the edits that have a place, by their visits.
	editing map[Visit]int
	// parking has the marketplaces for which somebody waits, in turns.
	parking chain.Chain[*lot]
	lots    map[string]*lot
}

func newRoom(workers int) *room {
	common, reserved := divide(workers)
	return &room{
		common: common, reserved: reserved, lots: map[string]*lot{},
		guests: map[reconcile.Request]*guest{}, editing: map[Visit]int{},
	}
}

// enter gives a request a place, the one that is kept for it or another one. If there is
// none, it waits where it has waited already, or behind the others.
func (r *room) enter(request reconcile.Request, visit Visit) (*guest, bool) {
	known := r.guests[request]
	switch {
	case known == nil:
	case known.state == isCalled && known.visit.isLike(visit):
		known.state = isInside
		return known, true
	case known.state == isParked && known.visit == visit:
		return nil, false
	default:
		r.remove(known)
	}
	entering := &guest{request: request, visit: visit}
	r.guests[request] = entering
	if admitted := r.admits(visit); admitted != nil {
		r.place(entering, admitted, isInside)
		return entering, true
	}
	r.park(entering)
	return nil, false
}

// admits returns of which places one is free for a visit, nil when none is. The first edit
// of a namespace has those that are kept for it: others of its namespace, or of its
// marketplace, must not hold it up.
func (r *room) admits(visit Visit) *places {
	switch {
	case r.common.admits(visit.To, visit.IsSweep):
		return &r.common
	case !visit.IsSweep && r.editing[visit] == 0 && r.reserved.admits(visit.To, false):
		return &r.reserved
	}
	return nil
}

// remove takes a guest out, wherever it is, and frees its place.
func (r *room) remove(g *guest) {
	if r.guests[g.request] != g {
		return
	}
	delete(r.guests, g.request)
	if g.state == isParked {
		of := r.lots[g.visit.To]
		of.lineOf(g.visit.IsSweep).remove(g)
		r.close(of)
		return
	}
	g.places.free(g.visit.To)
	if g.visit.IsSweep {
		return
	}
	if r.editing[g.visit]--; r.editing[g.visit] == 0 {
		delete(r.editing, g.visit)
	}
}

func (r *room) place(g *guest, in *places, state guestState) {
	g.state, g.places = state, in
	in.take(g.visit.To)
	if !g.visit.IsSweep {
		r.editing[g.visit]++
	}
}

func (r *room) park(g *guest) {
	of := r.lots[g.visit.To]
	if of == nil {
		of = &lot{to: g.visit.To}
		of.place = r.parking.Add(of)
		r.lots[of.to] = of
	}
	g.state = isParked
	of.lineOf(g.visit.IsSweep).add(g)
}

// close forgets a lot that nobody waits in.
func (r *room) close(of *lot) {
	if of.isEmpty() {
		r.parking.Remove(of.place)
		delete(r.lots, of.to)
	}
}

// call gives the places that are free to those who wait, and returns them. The
// marketplaces have their turns, and one that was called for has its next one last.
func (r *room) call() (called []*guest) {
	for {
		next := r.callOne()
		if next == nil {
			return called
		}
		called = append(called, next)
	}
}

func (r *room) callOne() *guest {
	for of := range r.parking.All() {
		next := r.nextOf(of)
		if next == nil {
			continue
		}
		of.lineOf(next.visit.IsSweep).take(next)
		r.place(next, r.admits(next.visit), isCalled)
		r.parking.Remove(of.place)
		of.place = r.parking.Add(of)
		r.close(of)
		return next
	}
	return nil
}

// nextOf is who is next to a marketplace, edits before sweeps; nil when there is no room
// for any of those who wait.
func (r *room) nextOf(of *lot) *guest {
	isAdmitted := func(isSweep bool) func(string) bool {
		return func(from string) bool { return r.admits(Visit{To: of.to, From: from, IsSweep: isSweep}) != nil }
	}
	if next := of.edits.next(isAdmitted(false)); next != nil {
		return next
	}
	if !r.common.admits(of.to, true) {
		return nil
	}
	return of.sweeps.next(isAdmitted(true))
}
