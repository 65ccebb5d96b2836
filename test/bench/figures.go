// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// figure is the key of one figure, as in JSON.
type figure string

// The figures of one size.
const (
	sizeFigure figure = "n"

	limitAPIServer figure = "limit_api_server_seconds"
	limitSandbox   figure = "limit_sandbox_seconds"

	createSeconds           figure = "create_seconds"
	readySeconds            figure = "ready_seconds"
	createTimesLimit        figure = "create_times_limit"
	createCalls             figure = "create_calls_per_object"
	createWrites            figure = "create_writes_per_object"
	createMarketplaceWrites figure = "create_marketplace_writes"
	createEvents            figure = "create_events_per_object"
	createProcessorSeconds  figure = "create_cpu_seconds"

	steadyInterval  figure = "steady_interval_seconds"
	steadyCalls     figure = "steady_calls_per_object_interval"
	steadyLooks     figure = "steady_looks_per_object_interval"
	steadyBatch     figure = "steady_batch_size"
	steadyWrites    figure = "steady_writes"
	steadyEvents    figure = "steady_events"
	steadyProcessor figure = "steady_cpu_cores"

	driftObjects figure = "drift_objects"
	driftSeconds figure = "drift_correct_seconds"
	driftCalls   figure = "drift_correct_calls"
	driftWrites  figure = "drift_correct_writes"

	editCount   figure = "edit_count"
	editSweeps  figure = "edit_sweeps"
	editLooks   figure = "edit_looks"
	editMedian  figure = "edit_p50_seconds"
	editSlow    figure = "edit_p99_seconds"
	editLargest figure = "edit_max_seconds"

	outageCalls     figure = "outage_calls"
	outageLostReady figure = "outage_lost_ready"
	outageNotSynced figure = "outage_not_synced"
	outageWrites    figure = "outage_writes"
	outageRecovery  figure = "outage_recovery_seconds"

	restartCalls   figure = "restart_calls"
	restartWrites  figure = "restart_writes"
	restartEvents  figure = "restart_events"
	restartSeconds figure = "restart_first_look_seconds"

	memoryCreation   figure = "rss_create_mib"
	memorySteady     figure = "rss_steady_mib"
	memoryLargest    figure = "rss_mib"
	goroutines       figure = "goroutines"
	processorSeconds figure = "cpu_seconds"
	totalSeconds     figure = "total_seconds"
)

// figures are what was measured of one size. What was not measured is missing.
type figures map[figure]float64

func (f figures) set(key figure, value float64) { f[key] = value }

func (f figures) size() int { return int(f[sizeFigure]) }

// MarshalJSON writes every figure in the order of the table, null where it was
// not measured.
func (f figures) MarshalJSON() ([]byte, error) {
	var content bytes.Buffer
	content.WriteString("{")
	for position, row := range rows() {
		if position > 0 {
			content.WriteString(",")
		}
		value := "null"
		if measured, ok := f[row.key]; ok {
			encoded, err := json.Marshal(math.Round(measured*1e4) / 1e4)
			if err != nil {
				return nil, fmt.Errorf("encoding %s: %w", row.key, err)
			}
			value = string(encoded)
		}
		fmt.Fprintf(&content, "%q:%s", row.key, value)
	}
	content.WriteString("}")
	return content.Bytes(), nil
}

// encodeResults is an array with one object for each size.
func encodeResults(results []figures) ([]byte, error) {
	content, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the figures: %w", err)
	}
	return append(content, '\n'), nil
}

// percentile is the smallest duration that so many percent of all do not exceed.
func percentile(durations []time.Duration, percent int) time.Duration {
	if len(durations) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(durations))
	rank := (len(sorted)*percent + 99) / 100
	return sorted[max(rank, 1)-1]
}
