// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crowd

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// named is the request "namespace/name".
func named(name string) reconcile.Request {
	namespace, rest, _ := strings.Cut(name, "/")
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: rest}}
}

// step is what happens in a story: "edit shop team/a" and "sweep shop team/a" ask for a
// place, "leave team/a" frees it.
func (r *room) step(text string) (entered bool, called []string) {
	words := strings.Fields(text)
	request := named(words[len(words)-1])
	if words[0] == "leave" {
		r.remove(r.guests[request])
	} else {
		_, entered = r.enter(request, Visit{To: words[1], From: request.Namespace, IsSweep: words[0] == "sweep"})
	}
	for _, each := range r.call() {
		called = append(called, each.request.String())
	}
	return entered, called
}

// Sixteen workers: 13 places for all, of which a marketplace that is alone has three, one of
// them for sweeps, and two that are kept for first edits, of which it has one.
const few = 16

func TestWhoMayEnterAndWhoIsNext(t *testing.T) {
	full := []string{"edit slow a/1", "edit slow a/2", "edit slow a/3"}
	for name, test := range map[string]struct {
		before []string
		step   string
		enters bool
		called string
	}{
		"the first enters":                            {nil, "edit slow a/1", true, ""},
		"one more than the share does not":            {full, "edit slow a/4", false, ""},
		"nor a sweep":                                 {full, "sweep slow a/4", false, ""},
		"nor a sweep of another namespace":            {full, "sweep slow b/1", false, ""},
		"the first edit of another namespace does":    {full, "edit slow b/1", true, ""},
		"its second does not":                         {append(full, "edit slow b/1"), "edit slow b/2", false, ""},
		"an edit to another marketplace does":         {full, "edit other a/4", true, ""},
		"a sweep leaves room for edits":               {[]string{"sweep slow a/1"}, "sweep slow a/2", false, ""},
		"which enter":                                 {[]string{"sweep slow a/1"}, "edit slow a/2", true, ""},
		"who leaves makes room for the first":         {append(full, "edit slow a/4", "edit slow a/5"), "leave a/2", false, "a/4"},
		"an edit goes before a sweep":                 {append(full, "sweep slow a/4", "edit slow a/5"), "leave a/2", false, "a/5"},
		"namespaces have their turns":                 {append(full, "edit slow a/4", "edit slow a/5", "edit slow b/1", "edit slow b/2", "leave a/1"), "leave a/2", false, "b/2"},
		"a sweep waits until there is room for it":    {append(full, "sweep slow a/4", "leave a/1"), "leave a/2", false, ""},
		"and then is called":                          {append(full, "sweep slow a/4", "leave a/1", "leave a/2"), "leave a/3", false, "a/4"},
		"who is called finds its place":               {append(full, "edit slow a/4", "leave a/1"), "edit slow a/4", true, ""},
		"which nobody else gets":                      {append(full, "edit slow a/4", "leave a/1"), "edit slow a/5", false, ""},
		"who asks again while it waits stays there":   {append(full, "edit slow a/4", "edit slow a/5", "edit slow a/4"), "leave a/1", false, "a/4"},
		"a sweep that becomes an edit goes first":     {append(full, "sweep slow a/4", "edit slow a/4"), "leave a/1", false, "a/4"},
		"a place that is not wanted goes on":          {append(full, "edit slow a/4", "edit slow a/5", "leave a/1"), "leave a/4", false, "a/5"},
		"one that wants elsewhere gives its place up": {append(full, "edit slow a/4", "edit slow a/5", "leave a/1"), "edit other a/4", true, "a/5"},
		"who leaves the park is not called":           {append(full, "edit slow a/4", "edit slow a/5", "leave a/4"), "leave a/1", false, "a/5"},
		"the place of a first edit goes to the next":  {append(full, "edit slow b/1", "edit slow b/2"), "leave b/1", false, "b/2"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(few)
			for _, text := range test.before {
				r.step(text)
			}
			entered, called := r.step(test.step)
			if got := strings.Join(called, " "); entered != test.enters || got != test.called {
				t.Errorf("entered %t and called %q, want %t and %q", entered, got, test.enters, test.called)
			}
		})
	}
}

func TestEveryTeamHasItsTurnToASlowMarketplace(t *testing.T) {
	r := newRoom(few)
	var inside []string
	join := func(name string) {
		if entered, _ := r.step("edit slow " + name); entered {
			inside = append(inside, name)
		}
	}
	for number := range 100 {
		join(fmt.Sprint("busy/", number))
	}
	for number := range 3 {
		join(fmt.Sprint("other/", number))
	}
	var order []string
	for len(inside) > 0 {
		_, called := r.step("leave " + inside[0])
		inside = append(inside[1:], called...)
		order = append(order, called...)
	}
	for number := range 3 {
		if at := slices.Index(order, fmt.Sprint("other/", number)); at > 2*number+1 {
			t.Errorf("other/%d was called after %d others", number, at)
		}
	}
	if len(order) != 99 {
		t.Errorf("%d were called", len(order))
	}
}

func TestHoweverPassesComeAndGoNobodyIsForgottenAndNoPlaceIsLost(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 3))
		workers := 1 + random.IntN(40)
		r := newRoom(workers)
		for range 500 {
			request := fmt.Sprintf("team-%d/%d", random.IntN(3), random.IntN(20))
			known := r.guests[named(request)]
			kind := []string{"edit", "sweep"}[random.IntN(2)]
			switch {
			case known != nil && known.state != isParked && random.IntN(2) == 0:
				r.step("leave " + request)
			case known == nil || known.state != isInside:
				r.step(fmt.Sprintf("%s shop-%d %s", kind, random.IntN(4), request))
			}
			expectSound(t, seed, r, workers)
		}
		for len(r.guests) > 0 {
			left := len(r.guests)
			for request, known := range r.guests {
				if known.state != isParked {
					r.step("leave " + request.String())
				}
			}
			if len(r.guests) == left {
				t.Fatalf("seed %d: %d wait for places that nobody has", seed, left)
			}
		}
		if r.common.taken+r.reserved.taken+len(r.editing)+len(r.lots)+r.parking.Length() != 0 {
			t.Fatalf("seed %d: something is left of those who have gone", seed)
		}
	}
}

func expectSound(t *testing.T, seed uint64, r *room, workers int) {
	t.Helper()
	placed := 0
	for _, known := range r.guests {
		if known.state != isParked {
			placed++
			continue
		}
		if r.admits(known.visit) != nil {
			t.Fatalf("seed %d: there is room for somebody who waits", seed)
		}
	}
	if placed != r.common.taken+r.reserved.taken || placed > max(workers-1, 1) {
		t.Fatalf("seed %d: %d of %d workers are taken by %d", seed, r.common.taken+r.reserved.taken, workers, placed)
	}
}
