// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"slices"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/chain"
)

func TestWhoeverLeavesAChainLeavesTheOthersInOrder(t *testing.T) {
	for name, test := range map[string]struct {
		leave []int
		want  []int
	}{
		"nobody":           {nil, []int{0, 1, 2}},
		"the first":        {[]int{0}, []int{1, 2}},
		"one in between":   {[]int{1}, []int{0, 2}},
		"the last":         {[]int{2}, []int{0, 1}},
		"all":              {[]int{1, 0, 2}, nil},
		"all but the last": {[]int{0, 1}, []int{2}},
	} {
		t.Run(name, func(t *testing.T) {
			var numbers chain.Chain[int]
			var links []*chain.Link[int]
			for number := range 3 {
				links = append(links, numbers.Add(number))
			}
			for _, number := range test.leave {
				numbers.Remove(links[number])
			}
			numbers.Add(3)
			if got := slices.Collect(numbers.All()); !slices.Equal(got, append(test.want, 3)) || numbers.Length() != len(got) || numbers.First().Value != got[0] {
				t.Errorf("%v are left of %d", got, numbers.Length())
			}
		})
	}
}
