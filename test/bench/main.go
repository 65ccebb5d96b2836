// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench measures the operator, as a process of its own, between a real
// kube-apiserver and an OrderCloud in memory, and prints one table: what it asks
// of either, how long it takes, and what the machine would have allowed.
//
//	make bench                      100, 1,000 and 10,000 objects; writes docs/benchmarks.md
//	make bench N=1000               one size, or several: N=100,1000
//	make bench N=100 JSON=out.json  the figures as JSON, too
//	make bench N=1000 TENANTS=50    the objects belong to tenants of the Marketplace
//	make bench-rest                 what objects cost while nothing changes; N=1000,10000 for more
//	make bench-borne                what it costs to find out how much a marketplace bears
//	make bench-neighbours           who waits for whom; writes its section of the page
//	make bench-start                how long the operator takes to be ready; writes its section of the page
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
	"strconv"
	"strings"
	"syscall"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

const (
	// interrupted is the exit code of a program that Ctrl-C ended.
	interrupted = 130
	// smallest leaves one object of either kind, largest five digits in an ID.
	smallest, largest = 10, 99_999
)

// defaultSizes are those that docs/benchmarks.md is about.
var defaultSizes = []int{100, 1_000, 10_000}

// settings are the flags.
type settings struct {
	sizes []int
	// tenants is over how many tenants of the Marketplace the objects are spread; 0 means
	// that they are the owner's.
	tenants int
	// json is the file for the figures; empty for none.
	json string
	// starts measures only how long an operator takes to be ready, against the
	// other builds of it.
	starts  bool
	against []string
	// neighbours measures only who waits for whom; rows are those of them that are wanted,
	// all when there are none.
	neighbours bool
	rows       []string
	// rest measures only what objects cost while nothing changes, at an interval.
	rest     bool
	interval time.Duration
	// borne measures only what it costs to find out how much a marketplace bears.
	borne bool
	// document is the page that is written when every default size was run.
	document string
}

func main() {
	settings, err := parseFlags(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	}
	os.Exit(execute(settings))
}

// execute measures, cleans up, prints and returns the exit code.
func execute(settings settings) int {
	// What the libraries would log is not for the reader of a table.
	ctrl.SetLogger(zap.New(zap.WriteTo(io.Discard)))
	// SIGPIPE too: a reader that goes away must not leave the processes running. A
	// second signal changes nothing: stopping is bounded.
	ctx, stop := signal.NotifyContext(context.Background(),
		os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	bench := &bench{settings: settings, progress: &progress{out: os.Stderr}}
	announce := context.AfterFunc(ctx, func() { bench.progress.say("Stopping everything that was started ...") })
	err := bench.run(ctx)
	announce()
	// What was measured before a failure is worth to be seen.
	published := bench.publish(os.Stdout)
	if bench.unclean != nil {
		bench.progress.say("Cleaning up failed: %v", bench.unclean)
		return 1
	}
	if ctx.Err() != nil {
		bench.progress.say("Interrupted. Everything is stopped and removed.")
		return interrupted
	}
	if err := errors.Join(err, published); err != nil {
		bench.progress.say("The benchmark failed: %v", err)
		return 1
	}
	return 0
}

func parseFlags(arguments []string, output io.Writer) (settings, error) {
	given := settings{sizes: defaultSizes}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.Func("n", "how many objects: `sizes` between 10 and 99999, with commas in between (default 100,1000,10000)", func(text string) error {
		var err error
		given.sizes, err = parseSizes(text)
		return err
	})
	flags.IntVar(&given.tenants, "tenants", 0, "over how many `tenants` of the Marketplace the objects are spread, at most 100; 0 for none")
	flags.StringVar(&given.json, "json", "", "also write the figures to this `file`, an array with one object for each size")
	flags.BoolVar(&given.starts, "start", false, "measure how long the operator takes to be ready, and nothing else")
	flags.BoolVar(&given.rest, "rest", false, "measure what configs, users and both cost over ten intervals in which nothing changes, and nothing else")
	flags.DurationVar(&given.interval, "interval", 20*time.Second, "with -rest, how often objects are compared")
	flags.BoolVar(&given.borne, "borne", false, "measure what it costs to find out how much a marketplace bears, and nothing else")
	flags.BoolVar(&given.neighbours, "neighbours", false, "measure how long one tenant waits for what another one does, and nothing else")
	flags.Func("rows", "with -neighbours, only `rows` such as slow_users,tokens", func(list string) error {
		given.rows = strings.Split(list, ",")
		return nil
	})
	flags.Func("against", "with -start or -neighbours, the `path` of another build of the operator to measure, too; may be repeated", func(path string) error {
		given.against = append(given.against, path)
		return nil
	})
	flags.StringVar(&given.document, "doc", "docs/benchmarks.md", "the `page` that is written when every default size was run; empty for none")
	if err := flags.Parse(arguments); err != nil {
		return given, fmt.Errorf("reading the flags: %w", err)
	}
	if flags.NArg() > 0 {
		err := fmt.Errorf("reading the flags: unexpected argument %q", flags.Arg(0))
		_, _ = fmt.Fprintln(output, err)
		return given, err
	}
	return given, nil
}

// wantsNeighbour says whether a row is to be measured.
func (s settings) wantsNeighbour(key figure) bool {
	name := strings.TrimSuffix(strings.TrimPrefix(string(key), "neighbour_"), "_p99_seconds")
	return len(s.rows) == 0 || slices.Contains(s.rows, name)
}

func parseSizes(list string) ([]int, error) {
	var sizes []int
	for text := range strings.SplitSeq(list, ",") {
		size, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("reading the size %q: %w", text, err)
		}
		if size < smallest || size > largest {
			return nil, fmt.Errorf("%d is not between %d and %d", size, smallest, largest)
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// isComplete tells whether every default size was run: only then the page in the
// documentation is replaced.
func isComplete(results []figures) bool {
	var sizes []int
	for _, result := range results {
		sizes = append(sizes, result.size())
	}
	return slices.Equal(sizes, defaultSizes)
}
