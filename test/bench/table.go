// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// missed marks a value that does not meet its target.
	missed = " (missed)"
	// notMeasured stands for a figure that there is none of.
	notMeasured = "not measured"
)

// row is one figure in the table.
type row struct {
	key    figure
	title  string
	digits int
	target *target
}

// target is what a figure is to be at most, at some sizes; at all when there are
// none.
type target struct {
	most  float64
	sizes []int
}

// atMost is a target.
func atMost(most float64, sizes ...int) *target { return &target{most: most, sizes: sizes} }

func (t *target) applies(size int) bool {
	return t != nil && (len(t.sizes) == 0 || slices.Contains(t.sizes, size))
}

// String is the target as the table shows it: "≤ 0.02 at 1,000 and 10,000".
func (t *target) String() string {
	if t == nil {
		return ""
	}
	text := "0"
	if t.most > 0 {
		text = "≤ " + strconv.FormatFloat(t.most, 'f', -1, 64)
	}
	sizes := make([]string, 0, len(t.sizes))
	for _, size := range t.sizes {
		sizes = append(sizes, grouped(size))
	}
	if len(sizes) > 0 {
		text += " at " + strings.Join(sizes, " and ")
	}
	return text
}

// rows are the table from top to bottom. The number of objects is its head.
func rows() []row {
	return []row{
		{sizeFigure, "objects", 0, nil},
		{limitAPIServer, "limit: API server alone, s", 1, nil},
		{limitSandbox, "limit: OrderCloud alone, s", 1, nil},
		{createSeconds, "creation: all in OrderCloud, s", 1, nil},
		{readySeconds, "creation: all Ready, s", 1, nil},
		{createTimesLimit, "creation: all Ready, × slower limit", 2, atMost(3, 1_000)},
		{createCalls, "creation: OrderCloud calls per object", 3, atMost(1.05, 1_000)},
		{createWrites, "creation: Kubernetes writes per object", 3, atMost(3)},
		{createMarketplaceWrites, "creation: Kubernetes writes, Marketplace", 0, nil},
		{createEvents, "creation: events per object", 3, nil},
		{createProcessorSeconds, "creation: CPU, s", 1, nil},
		{steadyInterval, "steady: interval, s", 0, nil},
		{steadyCalls, "steady: calls per object and interval", 4, atMost(0.02, 1_000, 10_000)},
		{steadyLooks, "steady: looks per object and interval", 2, nil},
		{steadyBatch, "steady: looks per batch", 1, nil},
		{steadyWrites, "steady: Kubernetes writes", 0, atMost(0)},
		{steadyEvents, "steady: events", 0, nil},
		{steadyProcessor, "steady: CPU cores in use", 3, nil},
		{driftObjects, "1 % changed: users", 0, nil},
		{driftSeconds, "1 % changed: all corrected, s", 1, nil},
		{driftCalls, "1 % changed: calls", 0, nil},
		{driftWrites, "1 % changed: Kubernetes writes", 0, nil},
		{editCount, "edits in full sweeps", 0, nil},
		{editSweeps, "edits: sweeps meanwhile", 0, nil},
		{editLooks, "edits: looks meanwhile", 0, nil},
		{editMedian, "edits: p50 to OrderCloud, s", 3, nil},
		{editSlow, "edits: p99 to OrderCloud, s", 3, atMost(2)},
		{editLargest, "edits: slowest, s", 3, nil},
		{outageCalls, "outage of 60 s: calls", 0, atMost(120, 10_000)},
		{outageLostReady, "outage of 60 s: objects that lost Ready", 0, atMost(0)},
		{outageNotSynced, "outage of 60 s: objects not Synced", 0, nil},
		{outageWrites, "outage of 60 s: Kubernetes writes", 0, nil},
		{outageRecovery, "outage of 60 s: recovery, s", 1, nil},
		{restartCalls, "restart: calls for the first look", 0, atMost(300, 10_000)},
		{restartWrites, "restart: Kubernetes writes", 0, atMost(0, 10_000)},
		{restartEvents, "restart: events", 0, nil},
		{restartSeconds, "restart: first look at 100 calls/s, s", 1, atMost(30, 10_000)},
		{memoryCreation, "memory: creation, MiB", 0, nil},
		{memorySteady, "memory: steady, MiB", 0, nil},
		{memoryLargest, "memory: largest from steady on, MiB", 0, atMost(250, 10_000)},
		{goroutines, "goroutines, steady", 0, nil},
		{processorSeconds, "CPU of the whole run, s", 1, nil},
		{totalSeconds, "the whole run, s", 0, nil},
	}
}

// text is a value as the table shows it.
func (r row) text(measured figures) string {
	value, ok := measured[r.key]
	if !ok {
		return notMeasured
	}
	text := strconv.FormatFloat(value, 'f', r.digits, 64)
	if r.digits == 0 {
		text = grouped(int(value + 0.5))
	}
	if r.target.applies(measured.size()) && value > r.target.most {
		text += missed
	}
	return text
}

// renderTable is the table, in Markdown with columns that line up.
func renderTable(results []figures) string {
	var cells [][]string
	for _, row := range rows() {
		line := []string{row.title, row.target.String()}
		for _, measured := range results {
			line = append(line, row.text(measured))
		}
		cells = append(cells, line)
	}
	cells[0][1] = "target"
	return renderCells(cells)
}

// renderCells is a table whose first line is its head.
func renderCells(cells [][]string) string {
	widths := make([]int, len(cells[0]))
	for _, line := range cells {
		for column, cell := range line {
			widths[column] = max(widths[column], utf8.RuneCountInString(cell))
		}
	}
	var table strings.Builder
	for position, line := range cells {
		table.WriteString(renderLine(line, widths))
		if position == 0 {
			table.WriteString(rule(widths))
		}
	}
	return table.String()
}

func renderLine(cells []string, widths []int) string {
	var line strings.Builder
	for column, cell := range cells {
		padding := strings.Repeat(" ", widths[column]-utf8.RuneCountInString(cell))
		if column > 1 { // numbers
			cell = padding + cell
		} else {
			cell += padding
		}
		line.WriteString("| " + cell + " ")
	}
	return line.String() + "|\n"
}

// rule separates the head, and says which columns are numbers.
func rule(widths []int) string {
	var line strings.Builder
	for column, width := range widths {
		end := "-"
		if column > 1 {
			end = ":"
		}
		line.WriteString("|" + strings.Repeat("-", width+1) + end)
	}
	return line.String() + "|\n"
}

// grouped is a number with commas between thousands.
func grouped(number int) string {
	text := strconv.Itoa(number)
	for position := len(text) - 3; position > 0 && text[position-1] != '-'; position -= 3 {
		text = text[:position] + "," + text[position:]
	}
	return text
}

// sentence is a list of facts, without those that are not known.
func sentence(facts ...string) string {
	known := slices.DeleteFunc(facts, func(fact string) bool { return fact == "" })
	return strings.Join(known, ", ")
}

func plural(count int, noun string) string {
	if count == 1 {
		return fmt.Sprintf("%d %s", count, noun)
	}
	return fmt.Sprintf("%d %ss", count, noun)
}
