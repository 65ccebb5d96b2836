// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crowd

const (
	// shareOf what the others leave free is how much one marketplace may hold, as a
	// divisor: however many of them take all they may, something is left.
	shareOf = 4
	// reservedOf all workers are kept for first edits, and idleOf them for those who only
	// find out that there is no room, as divisors.
	reservedOf = 8
	idleOf     = 16
)

// places are a number of them, shared out among marketplaces.
type places struct {
	all   int
	taken int
	// inside is how many of those that are taken each marketplace holds.
	inside map[string]int
}

// divide says how many workers are everybody's, and how many are kept for first edits. The
// rest never waits for OrderCloud.
func divide(workers int) (common, reserved places) {
	reserved = places{all: workers / reservedOf, inside: map[string]int{}}
	idle := max(workers/idleOf, min(workers-1, 1))
	return places{all: workers - reserved.all - idle, inside: map[string]int{}}, reserved
}

// most is how many places a marketplace may hold: a quarter of what the others leave free,
// or one if that is all there is.
func (p *places) most(to string) int {
	free := p.all - (p.taken - p.inside[to])
	return max(free/shareOf, min(free, 1))
}

// mostSweeps is up to how many sweeps may enter. Half of a share is kept for edits.
func (p *places) mostSweeps(to string) int {
	most := p.most(to)
	return max(most/2, min(most, 1))
}

// admits says whether there is room for one more.
func (p *places) admits(to string, isSweep bool) bool {
	if isSweep {
		return p.inside[to] < p.mostSweeps(to)
	}
	return p.inside[to] < p.most(to)
}

func (p *places) take(to string) {
	p.taken++
	p.inside[to]++
}

func (p *places) free(to string) {
	p.taken--
	if p.inside[to]--; p.inside[to] == 0 {
		delete(p.inside, to)
	}
}
