// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// text is an expected output, written with a margin.
func text(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

func TestRenderServerTable(t *testing.T) {
	tests := map[string]struct {
		answer string
		want   string
	}{
		"columns are as wide as their widest cell, and at least six": {
			answer: `{"columnDefinitions": [{"name": "Name"}, {"name": "Ready"}, {"name": "Age"}],
				"rows": [{"cells": ["jdoe", "True", "2s"]}, {"cells": ["a-long-name", "False", "10m"]}]}`,
			want: text(
				"NAME          READY   AGE",
				"jdoe          True    2s",
				"a-long-name   False   10m"),
		},
		"a column of lower priority is for -o wide": {
			answer: `{"columnDefinitions": [{"name": "Name"}, {"name": "Secret", "priority": 1}, {"name": "Age"}],
				"rows": [{"cells": ["jdoe", "hidden", "2s"]}]}`,
			want: text("NAME   AGE", "jdoe   2s"),
		},
		"numbers have no exponent, nothing is nothing, and lines have no trailing spaces": {
			answer: `{"columnDefinitions": [{"name": "Name"}, {"name": "Users"}, {"name": "Reason"}],
				"rows": [{"cells": ["default", 25000000, null]}]}`,
			want: text("NAME      USERS      REASON", "default   25000000"),
		},
		"a cell ends at the end of its line": {
			answer: `{"columnDefinitions": [{"name": "Name"}], "rows": [{"cells": ["one\ntwo"]}]}`,
			want:   text("NAME", "one"),
		},
		"letters count, not bytes": {
			answer: `{"columnDefinitions": [{"name": "Name"}, {"name": "Age"}], "rows": [{"cells": ["Zoë Ångström", "2s"]}]}`,
			want:   text("NAME           AGE", "Zoë Ångström   2s"),
		},
		"no rows": {
			answer: `{"columnDefinitions": [{"name": "Name"}, {"name": "Age"}]}`,
			want:   text("NAME   AGE"),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var received metav1.Table
			if err := json.Unmarshal([]byte(test.answer), &received); err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(test.want, renderServerTable(&received)); difference != "" {
				t.Errorf("(-want +got):\n%s", difference)
			}
		})
	}
}

func TestRenderTableMovesColumnsCloserBeforeALineIsTooLong(t *testing.T) {
	wide := strings.Repeat("w", 94)
	fits := renderTable([]string{"A", "B"}, [][]string{{wide, "end"}})
	if !strings.Contains(fits, wide+"   end") {
		t.Errorf("a table of %d columns does not have kubectl's padding:\n%s", comfortableWidth, fits)
	}
	wide += "w"
	closer := renderTable([]string{"A", "B"}, [][]string{{wide, "end"}})
	if !strings.Contains(closer, wide+"  end") {
		t.Errorf("a wider table keeps its columns apart:\n%s", closer)
	}
}
