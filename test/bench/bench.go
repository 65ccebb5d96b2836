// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// bench is one run of the program: one size after the other.
type bench struct {
	settings settings
	progress *progress

	directory string
	// binary is the path of the operator.
	binary string
	// environment is what the figures depend on.
	environment environment
	results     []figures
	// starts is what was measured of starts, a line of the table each.
	starts [][]string
	// neighbours is what was measured of them.
	neighbours []neighbourResult
	// rests is what was measured of objects at rest.
	rests []restResult
	// borne is what was measured at a marketplace that bears little.
	borne *borneResult
	// unclean is what could not be stopped or removed.
	unclean error
}

// run measures every size, each on a control plane of its own, and removes all
// that it made.
func (b *bench) run(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join("test", "bench", "bench.go")); err != nil {
		return fmt.Errorf("looking for the source (run this at the top of the repository): %w", err)
	}
	var err error
	if b.directory, err = os.MkdirTemp("", "ordercloud-bench-"); err != nil {
		return fmt.Errorf("making a temporary directory: %w", err)
	}
	defer func() { b.unclean = errors.Join(b.unclean, os.RemoveAll(b.directory)) }()
	b.environment = describeEnvironment(ctx)
	if err := b.build(ctx); err != nil {
		return err
	}
	switch {
	case b.settings.starts:
		return b.measureStarts(ctx)
	case b.settings.neighbours:
		return b.measureNeighbours(ctx)
	case b.settings.rest:
		return b.measureRest(ctx)
	case b.settings.borne:
		return b.measureBorne(ctx)
	}
	for _, size := range b.settings.sizes {
		result, err := b.measure(ctx, size)
		if err != nil {
			return fmt.Errorf("measuring %s objects: %w", grouped(size), err)
		}
		b.results = append(b.results, result)
	}
	return nil
}

// build builds the operator as it is shipped.
func (b *bench) build(ctx context.Context) error {
	b.progress.say("Building the operator %s", b.environment.operator)
	defer b.progress.follow(func() string { return "still building the operator" })()
	b.binary = filepath.Join(b.directory, "ordercloud-operator")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X main.version="+b.environment.operator, "-o", b.binary, ".")
	// What go leaves behind when it is interrupted goes with the directory.
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOTMPDIR="+b.directory)
	command.SysProcAttr = ownProcessGroup()
	command.Cancel = func() error { return interruptGroup(command.Process) }
	command.WaitDelay = stopTimeout
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("building the operator: %w\n%s", err, output.String())
	}
	return nil
}

// measure makes one run of one size. Whatever happens, nothing of it is left.
func (b *bench) measure(ctx context.Context, size int) (figures, error) {
	started := time.Now()
	b.progress.say("\n%s objects", grouped(size))
	r := &run{bench: b, size: size, layout: layout{tenants: b.settings.tenants}, figures: figures{sizeFigure: float64(size)}}
	defer func() { b.unclean = errors.Join(b.unclean, r.cleanUp()) }()
	for _, phase := range r.phases() {
		b.progress.say("  %s", phase.title)
		if err := phase.measure(ctx); err != nil {
			if ctx.Err() == nil {
				r.explain()
			}
			return nil, fmt.Errorf("%s: %w", phase.title, err)
		}
	}
	r.figures.set(totalSeconds, time.Since(started).Seconds())
	return r.figures, nil
}

// publish prints the table, and writes what was asked for.
func (b *bench) publish(out io.Writer) error {
	switch {
	case b.settings.starts:
		return b.publishStarts(out)
	case b.settings.neighbours:
		return b.publishNeighbours(out)
	case b.settings.rest:
		return b.publishRest(out)
	case b.settings.borne:
		return b.publishBorne(out)
	}
	if len(b.results) == 0 {
		return nil
	}
	if _, err := io.WriteString(out, renderTable(b.results)); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	if b.settings.json != "" {
		content, err := encodeResults(b.results)
		if err != nil {
			return err
		}
		if err := os.WriteFile(b.settings.json, content, 0o644); err != nil {
			return fmt.Errorf("writing the figures: %w", err)
		}
		b.progress.say("The figures are in %s.", b.settings.json)
	}
	if b.settings.document == "" || b.settings.tenants > 0 || !isComplete(b.results) {
		return nil
	}
	page, err := os.ReadFile(b.settings.document)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	if err := os.WriteFile(b.settings.document, []byte(renderDocument(b.environment, b.results, sectionsOf(string(page)))), 0o644); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	b.progress.say("The table is in %s.", b.settings.document)
	return nil
}

// publishStarts prints the table of starts, and writes it where all were measured.
func (b *bench) publishStarts(out io.Writer) error {
	if len(b.starts) == 0 {
		return nil
	}
	table := renderStarts(b.starts)
	if _, err := io.WriteString(out, table); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	if b.settings.document == "" || len(b.starts) != len(startings)*(1+len(b.settings.against)) {
		return nil
	}
	return b.writeSection(startHead, renderSection(startPage, b.environment, table))
}

// writeSection replaces one section of the page.
func (b *bench) writeSection(head, section string) error {
	page, err := os.ReadFile(b.settings.document)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	written := strings.Replace(string(page), sectionOf(string(page), head), section, 1)
	if err := os.WriteFile(b.settings.document, []byte(written), 0o644); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	b.progress.say("The table is in %s.", b.settings.document)
	return nil
}
