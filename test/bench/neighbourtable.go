// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// renderNeighbours is the table, one line for each row and build.
func renderNeighbours(results []neighbourResult, isCompared bool) string {
	cells := [][]string{{"what one tenant does", "what another waits for", "idle, s", "p50, s", "p99, s", "of"}}
	for _, each := range results {
		p99 := fmt.Sprintf("%.2f", each.p99.Seconds())
		if each.p99.Seconds() > neighbourMost {
			p99 += missed
		}
		does := each.row.does
		if isCompared {
			does += ", " + each.binary
		}
		cells = append(cells, []string{
			does, each.row.waits, fmt.Sprintf("%.2f", each.idle.Seconds()), fmt.Sprintf("%.2f", each.median.Seconds()), p99, grouped(each.count),
		})
	}
	return renderCells(cells)
}

// encodeNeighbours is one object, of this build.
func encodeNeighbours(results []neighbourResult, binary string) ([]byte, error) {
	values := map[figure]float64{}
	for _, each := range results {
		if each.binary != binary {
			continue
		}
		values[each.row.key] = each.p99.Seconds()
		values[figure(strings.Replace(string(each.row.key), "_p99_", "_idle_", 1))] = each.idle.Seconds()
	}
	content, err := json.MarshalIndent(values, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the figures: %w", err)
	}
	return append(content, '\n'), nil
}

// publishNeighbours prints the table, and writes it where all rows were measured.
func (b *bench) publishNeighbours(out io.Writer) error {
	if len(b.neighbours) == 0 {
		return nil
	}
	table := renderNeighbours(b.neighbours, len(b.settings.against) > 0)
	if _, err := io.WriteString(out, table); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	if b.settings.json != "" {
		content, err := encodeNeighbours(b.neighbours, "ordercloud-operator")
		if err != nil {
			return err
		}
		if err := os.WriteFile(b.settings.json, content, 0o644); err != nil {
			return fmt.Errorf("writing the figures: %w", err)
		}
	}
	if b.settings.document == "" || len(b.neighbours) != len(neighbours())*(1+len(b.settings.against)) {
		return nil
	}
	return b.writeSection(neighbourHead, renderSection(neighbourPage, b.environment, table))
}
