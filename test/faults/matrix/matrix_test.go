// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// quarter are cells that leave out no call and no fault: another fault for each call. Those
// in which OrderCloud asks for minutes of silence are for the whole run.
func quarter() []*cell {
	positions := map[string]int{}
	for position, each := range calls() {
		positions[each.name] = position
	}
	for position, each := range faults() {
		positions[each.name] = position
	}
	return slices.DeleteFunc(cells(), func(c *cell) bool {
		return (positions[c.call.name]+positions[c.fault.name])%4 != 0 || c.fault.pause == longestPause
	})
}

func TestNothingIsLostLeftBehindOrCreatedTwiceWhateverIsAnswered(t *testing.T) {
	outcomes, err := play(t.Context(), quarter(), settings{parallel: 60, patience: 4 * time.Minute, directory: t.TempDir()}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range outcomes {
		t.Run(each.Call+" "+each.Fault, func(t *testing.T) {
			for _, problem := range each.problems() {
				t.Error(problem)
			}
		})
	}
}

func TestTheQuarterLeavesOutNoCallAndNoFault(t *testing.T) {
	played := map[string]bool{}
	for _, each := range quarter() {
		played[each.call.name], played[each.fault.name] = true, true
	}
	for _, each := range calls() {
		if !played[each.name] {
			t.Errorf("no fault is played for %s", each.name)
		}
	}
	for _, each := range faults() {
		if !played[each.name] && each.pause != longestPause {
			t.Errorf("%s is played for no call", each.name)
		}
	}
}

func TestTheMatrixIsLargeEnough(t *testing.T) {
	if all := len(cells()); all < 240 {
		t.Errorf("there are %d cells", all)
	}
	if all := len(calls()); all < 12 {
		t.Errorf("there are %d calls", all)
	}
	if all := len(faults()); all < 20 {
		t.Errorf("there are %d faults", all)
	}
}

func TestThePageIsWhatTheLastWholeRunFound(t *testing.T) {
	recorded, err := readRecord()
	if err != nil {
		t.Fatal(err)
	}
	path, err := inRepository(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := recorded.render(string(page))
	if err != nil {
		t.Fatal(err)
	}
	if rendered != string(page) {
		t.Errorf("%s is not what %s says: run make faults", pageFile, recordFile)
	}
	for _, each := range cells() {
		_, section, _ := strings.Cut(string(page), "### "+each.call.name+"\n")
		section, _, _ = strings.Cut(section, "\n### ")
		if !strings.Contains(section, "\n| "+each.fault.name+" ") {
			t.Errorf("%s has no line for %s × %s: run make faults", pageFile, each.call.name, each.fault.name)
		}
	}
}

func TestTheLastWholeRunLostNothing(t *testing.T) {
	recorded, err := readRecord()
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range recorded.Cells {
		if found := each.err(); found != nil {
			t.Error(found)
		}
	}
}
