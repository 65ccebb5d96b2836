// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command matrix gives the operator, as it is shipped, each wrong answer to each call that
// it makes of OrderCloud, and looks at what is lost, left behind or done twice.
//
//	make faults            all cells, then what wrong answers cost; writes docs/reliability.md
//	make faults CELLS=409  those whose call or fault has 409 in its name; writes nothing
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// settings are the flags.
type settings struct {
	// only selects cells by a part of their call and fault; empty: all.
	only string
	// parallel is how many cells are played at once.
	parallel int
	// patience is how long a cell may take to be equal after the fault.
	patience time.Duration
	// directory is where the operator's log stays.
	directory string
	// costs measures what wrong answers cost, and matrix plays the cells.
	costs, matrix bool
}

func main() {
	given := settings{}
	flag.StringVar(&given.only, "cells", "", "play only cells with this `text` in their call or fault, and write no page")
	flag.IntVar(&given.parallel, "parallel", 100, "how many cells are played at once")
	flag.DurationVar(&given.patience, "patience", 4*time.Minute, "how long a cell may take to be equal after its fault")
	flag.BoolVar(&given.costs, "costs", true, "measure what wrong answers cost")
	flag.BoolVar(&given.matrix, "matrix", true, "play the cells")
	flag.Parse()
	// What the libraries would log is not for the reader of a table.
	ctrl.SetLogger(zap.New(zap.WriteTo(io.Discard)))
	var err error
	if given.directory, err = os.MkdirTemp("", "ordercloud-faults-"); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = execute(ctx, given)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// execute measures, and writes the page when everything was measured.
func execute(ctx context.Context, given settings) error {
	recorded, err := readRecord()
	if err != nil {
		return err
	}
	var failed error
	if given.matrix {
		chosen := slices.DeleteFunc(cells(), func(c *cell) bool { return !strings.Contains(c.call.name+" "+c.fault.name, given.only) })
		began := time.Now()
		outcomes, err := play(ctx, chosen, given, os.Stderr)
		if err != nil {
			return err
		}
		recorded.setCells(outcomes, time.Since(began))
		failed = summarize(os.Stdout, recorded)
	}
	if given.costs && given.only == "" {
		began := time.Now()
		costs, err := measureCosts(ctx, given, os.Stderr)
		if err != nil {
			return errors.Join(failed, err)
		}
		recorded.setCosts(costs, time.Since(began))
	}
	if given.only != "" {
		return failed
	}
	return errors.Join(failed, recorded.write())
}

// play runs the cells on one stage and returns their outcomes in the same order.
func play(ctx context.Context, chosen []*cell, given settings, progress io.Writer) ([]outcome, error) {
	stage, err := openCells(ctx, chosen, given.directory)
	if err != nil {
		return nil, err
	}
	defer stage.close()
	_, _ = fmt.Fprintf(progress, "%d cells, %d at once; the operator's log is %s\n", len(chosen), given.parallel, stage.log)
	outcomes, failures := make([]outcome, len(chosen)), make([]error, len(chosen))
	slots := make(chan struct{}, given.parallel)
	var group sync.WaitGroup
	for _, number := range longestFirst(chosen) {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			outcomes[number], failures[number] = chosen[number].run(ctx, given.patience)
			if found := outcomes[number].err(); found != nil {
				_, _ = fmt.Fprintln(progress, found)
			}
		})
	}
	group.Wait()
	return outcomes, errors.Join(errors.Join(failures...), stage.elsewhere.err(), stage.checkRunning())
}

// openCells gives each cell its gate, and all of them one stage.
func openCells(ctx context.Context, chosen []*cell, directory string) (*stage, error) {
	elsewhere := newElsewhere()
	var endpoints []string
	for _, each := range chosen {
		opened, err := newGate(elsewhere)
		if err != nil {
			return nil, err
		}
		each.gate = opened
		endpoints = append(endpoints, opened.url())
	}
	stage, err := newStage(ctx, directory, endpoints)
	if err != nil {
		return nil, err
	}
	stage.elsewhere = elsewhere
	for _, each := range chosen {
		each.stage = stage
		stage.closers = append([]func(){each.gate.close}, stage.closers...)
	}
	stage.closers = append(stage.closers, elsewhere.server.Close)
	return stage, nil
}

// longestFirst is the order in which the cells begin, so that none ends long after the
// others.
func longestFirst(chosen []*cell) []int {
	order := make([]int, len(chosen))
	for i := range order {
		order[i] = i
	}
	length := func(number int) time.Duration { return chosen[number].fault.hold + chosen[number].fault.pause }
	slices.SortStableFunc(order, func(a, b int) int { return int(length(b) - length(a)) })
	return order
}

// summarize tells a person how it went, and the problems as an error.
func summarize(out io.Writer, recorded *record) error {
	_, _ = fmt.Fprintf(out, "%s\n%s\n", recorded.matrix(), recorded.summary())
	var all []error
	for _, each := range recorded.Cells {
		all = append(all, each.err())
	}
	return errors.Join(all...)
}
