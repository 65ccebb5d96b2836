// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo shows the operator at work, on a machine that has Go and nothing
// else: a real kube-apiserver and etcd, OrderCloud in memory, the operator and
// the samples of config/samples. It leaves nothing running and nothing behind.
//
//	make demo          show it and end
//	make demo KEEP=1   show it, and stay up to be tried by hand
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// interrupted is the exit code of a program that Ctrl-C ended.
const interrupted = 130

// settings are the flags.
type settings struct {
	keep    bool
	timeout time.Duration
}

func main() {
	settings, err := parseFlags(os.Args[1:])
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		os.Exit(2)
	}
	os.Exit(run(settings))
}

// run shows the demo, cleans up after it and returns the exit code.
func run(settings settings) int {
	// What the libraries would log is not for the reader of a demo.
	ctrl.SetLogger(zap.New(zap.WriteTo(io.Discard)))
	// SIGPIPE too: a reader that goes away (make demo | head) must not leave the
	// processes running. A second signal changes nothing: stopping is bounded.
	ctx, stop := signal.NotifyContext(context.Background(),
		os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	started := time.Now()
	show := &demo{console: newConsole(os.Stdout), settings: settings}
	announce := context.AfterFunc(ctx, func() { show.console.note("\nStopping everything that was started ...") })
	err := show.run(ctx)
	announce()
	wasStopped := ctx.Err() != nil
	if err != nil && !wasStopped {
		show.explain(err)
	}
	if err := show.cleanUp(); err != nil {
		show.console.problem("Cleaning up failed: %v", err)
		return 1
	}
	switch {
	case wasStopped && !show.finished:
		show.console.note("Interrupted. Everything is stopped and removed.")
		return interrupted
	case err != nil:
		show.console.note("\nEverything is stopped and removed.")
		return 1
	case wasStopped:
		show.console.note("Everything is stopped and removed.")
	default:
		show.console.closing("Done in %s. Everything is stopped and removed.", seconds(time.Since(started)))
		show.console.note("make demo KEEP=1 does the same and stays up, for you to try things.")
	}
	return 0
}

func parseFlags(arguments []string) (settings, error) {
	var given settings
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.BoolVar(&given.keep, "keep", false, "stay up at the end, until Ctrl-C")
	flags.DurationVar(&given.timeout, "timeout", 5*time.Minute, "how long the demo may take once everything is built")
	if err := flags.Parse(arguments); err != nil {
		return given, fmt.Errorf("reading the flags: %w", err)
	}
	return given, nil
}
