// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"slices"
	"testing"
)

func TestFlags(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      []int
	}{
		"none":          {nil, defaultSizes},
		"one size":      {[]string{"-n", "1000"}, []int{1000}},
		"several":       {[]string{"-n", "100, 10"}, []int{100, 10}},
		"with a file":   {[]string{"-json", "out.json"}, defaultSizes},
		"starts":        {[]string{"-start", "-against", "bin/other"}, defaultSizes},
		"no number":     {[]string{"-n", "many"}, nil},
		"nothing":       {[]string{"-n", ""}, nil},
		"too small":     {[]string{"-n", "9"}, nil},
		"too large":     {[]string{"-n", "100000"}, nil},
		"an argument":   {[]string{"1000"}, nil},
		"unknown flags": {[]string{"-size", "1000"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			given, err := parseFlags(test.arguments, io.Discard)
			if (err != nil) != (test.want == nil) {
				t.Fatalf("got the error %v", err)
			}
			if err == nil && !slices.Equal(given.sizes, test.want) {
				t.Errorf("got the sizes %v, want %v", given.sizes, test.want)
			}
		})
	}
}

func TestThePageIsWrittenForAllDefaultSizesOnly(t *testing.T) {
	of := func(sizes ...int) []figures {
		var results []figures
		for _, size := range sizes {
			results = append(results, figures{sizeFigure: float64(size)})
		}
		return results
	}
	if !isComplete(of(100, 1_000, 10_000)) {
		t.Error("the default sizes are not complete")
	}
	for _, sizes := range [][]int{nil, {100}, {100, 1_000}, {100, 1_000, 5_000}, {100, 1_000, 10_000, 20_000}} {
		if isComplete(of(sizes...)) {
			t.Errorf("%v is complete", sizes)
		}
	}
}
