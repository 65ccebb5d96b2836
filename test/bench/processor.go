// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	// processorPeriod is how often a process's share of a processor is looked at.
	processorPeriod = 10 * time.Millisecond
	// clockTicks are those of a second in /proc, on every platform of Linux.
	clockTicks = 100
)

// share lets a process have so much of one processor, until it has ended: once it has
// used up what it was due so far, it is stopped until it is due more. A cgroup's
// quota does the same, and needs rights that not everybody has.
func share(p *process, processors float64) {
	started, isStopped := time.Now(), false
	ticker := time.NewTicker(processorPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-p.ended:
			return
		case <-ticker.C:
		}
		used, err := processorTime(p.command.Process.Pid)
		if err != nil {
			continue // it is about to end
		}
		due := time.Duration(float64(time.Since(started)) * processors)
		if isAhead := used > due; isAhead != isStopped {
			isStopped = isAhead
			_ = freeze(p.command.Process, isStopped) // it fails when the process is about to end
		}
	}
}

// processorTime is what a running process has taken of the processors so far.
func processorTime(id int) (time.Duration, error) {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(id) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("reading what a process takes of the processors: %w", err)
	}
	return parseProcessorTime(string(content))
}

// parseProcessorTime reads the 14th and the 15th field of /proc/PID/stat, in which the
// second is a name in parentheses.
func parseProcessorTime(stat string) (time.Duration, error) {
	_, rest, found := strings.Cut(stat[max(0, strings.LastIndexByte(stat, ')')):], ")")
	fields := strings.Fields(rest)
	if !found || len(fields) < 13 {
		return 0, errors.New("reading what a process takes of the processors: the file is too short")
	}
	var ticks int64
	for _, field := range fields[11:13] {
		read, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading what a process takes of the processors: %w", err)
		}
		ticks += read
	}
	return time.Duration(ticks) * time.Second / clockTicks, nil
}
