// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// render puts what was found between the marks of the page.
func (r *record) render(page string) (string, error) {
	for name, section := range map[string]string{
		"summary": r.summary(), "matrix": r.matrix(), "looks": r.looks(), "role": r.role(),
	} {
		begin, end := "<!-- "+name+" -->", "<!-- /"+name+" -->"
		before, rest, begins := strings.Cut(page, begin)
		_, after, ends := strings.Cut(rest, end)
		if !begins || !ends {
			return "", fmt.Errorf("%s has no %s … %s", pageFile, begin, end)
		}
		page = before + begin + "\n\n" + section + "\n" + end + after
	}
	return page, nil
}

// summary is one line for each call, and one for all.
func (r *record) summary() string {
	lines := [][]string{{"call", "faults", "equal after, s: half of them", "the slowest", "not equal", "created twice", "written again", "refused", "lost", "left behind"}}
	for _, call := range calls() {
		lines = append(lines, summaryOf("`"+call.name+"`", r.of(call)))
	}
	return table(append(lines, summaryOf("all", r.Cells))) + "\n" + r.Matrix.sentence("Measured") +
		" With all cells at work at the same time the seconds are no more than a figure; the other columns hold on any machine.\n"
}

func (r *record) of(c call) []outcome {
	var found []outcome
	for _, each := range r.Cells {
		if each.Call == c.name {
			found = append(found, each)
		}
	}
	return found
}

func summaryOf(title string, outcomes []outcome) []string {
	var seconds []float64
	unequal, created, again, refused, lost, left := 0, 0, 0, 0, 0, 0
	for _, each := range outcomes {
		if each.Seconds >= 0 {
			seconds = append(seconds, each.Seconds)
		} else {
			unequal++
		}
		created += each.Again["POST"]
		again += each.rewritten()
		refused += each.Refused
		lost += len(each.Lost)
		left += len(each.Left)
	}
	slices.Sort(seconds)
	median, slowest := "-", "-"
	if len(seconds) > 0 {
		median, slowest = tenths(seconds[len(seconds)/2]), tenths(seconds[len(seconds)-1])
	}
	return []string{title, count(len(outcomes)), median, slowest, count(unequal), count(created), count(again), count(refused), count(lost), count(left)}
}

// matrix is a table for each call.
func (r *record) matrix() string {
	var text strings.Builder
	for _, call := range calls() {
		if len(r.of(call)) == 0 {
			continue
		}
		lines := [][]string{{"fault", kindOf(call.story.subject), "Marketplace", "met", "equal after, s", "written again", "refused", "lost", "left behind"}}
		for _, each := range r.of(call) {
			equal := "never"
			if each.Seconds >= 0 {
				equal = tenths(each.Seconds)
			}
			lines = append(lines, []string{
				each.Fault, each.Object, each.Marketplace, count(each.Met), equal, again(each.Again), count(each.Refused), found(each.Lost), found(each.Left),
			})
		}
		fmt.Fprintf(&text, "### %s\n\n%s\n", call.name, table(lines))
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// rewritten is how many updates and deletions were applied again, which changes nothing.
func (o outcome) rewritten() int {
	total := 0
	for method, times := range o.Again {
		if method != "POST" {
			total += times
		}
	}
	return total
}

func (r *record) looks() string {
	lines := [][]string{{"what every look is answered with", "calls per 100 looks"}}
	for _, each := range r.Costs.Looks {
		lines = append(lines, []string{each.Fault, tenths(each.CallsPer100)})
	}
	return table(lines) + "\n" + r.Costing.sentence("Measured") + "\n"
}

func (r *record) role() string {
	return fmt.Sprintf("%d configs with a token that lacks `SetSecurityProfile` cost %s calls a minute.\n",
		r.Costs.Configs, tenths(r.Costs.CallsAMinute))
}

func (m measured) sentence(what string) string {
	if m.Date == "" {
		return "Not measured yet."
	}
	return fmt.Sprintf("%s on %s (%s), in %d s.", what, m.Date, m.Machine, m.Seconds)
}

func kindOf(object any) string {
	_, kind, _ := strings.Cut(fmt.Sprintf("%T", object), ".")
	return kind
}

func again(writes map[string]int) string {
	var parts []string
	for _, method := range slices.Sorted(maps.Keys(writes)) {
		parts = append(parts, fmt.Sprintf("%d %s", writes[method], method))
	}
	return found(parts)
}

// found lists findings; none is a 0, so that a column of them is seen to be empty.
func found(findings []string) string {
	if len(findings) == 0 {
		return "0"
	}
	return strings.Join(findings, ", ")
}

func count(number int) string { return fmt.Sprint(number) }

func tenths(number float64) string { return fmt.Sprintf("%.1f", number) }

// table is a Markdown table whose first line is its head.
func table(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for column, text := range line {
			widths[column] = max(widths[column], utf8.RuneCountInString(text))
		}
	}
	var text strings.Builder
	for number, line := range lines {
		for column, cell := range line {
			fmt.Fprintf(&text, "| %s%s ", cell, strings.Repeat(" ", widths[column]-utf8.RuneCountInString(cell)))
		}
		text.WriteString("|\n")
		if number > 0 {
			continue
		}
		for _, width := range widths {
			text.WriteString("|" + strings.Repeat("-", width+2))
		}
		text.WriteString("|\n")
	}
	return text.String()
}
