// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"math"
	"time"
)

const (
	// halfLife is after how long a turn counts half.
	halfLife = 10 * time.Second
	// forgottenAfter is when even a flood counts for less than one turn.
	forgottenAfter = 20 * halfLife
)

// service is how many turns a share has had lately: each counts half as much after every
// halfLife. All that is counted fades alike, so that two of them compare the same at any
// moment. It is kept as the logarithm of what the turns count at one moment that is the
// same for all, because that never changes and does not overflow.
type service struct {
	logarithm float64
	isAny     bool
}

// andOneMore counts a turn that is so long after that moment.
func (s service) andOneMore(after time.Duration) service {
	turn := after.Seconds() / halfLife.Seconds()
	if !s.isAny {
		return service{logarithm: turn, isAny: true}
	}
	larger, smaller := max(s.logarithm, turn), min(s.logarithm, turn)
	return service{logarithm: larger + math.Log2(1+math.Exp2(smaller-larger)), isAny: true}
}

// isLessThan compares what two have had.
func (s service) isLessThan(other service) bool {
	if s.isAny != other.isAny {
		return other.isAny
	}
	return s.logarithm < other.logarithm
}
