// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// newDemo is a demo that shows nothing to anybody.
func newDemo(t *testing.T) *demo {
	t.Helper()
	return &demo{
		console:   &console{out: &bytes.Buffer{}},
		settings:  settings{timeout: time.Minute},
		directory: t.TempDir(),
	}
}

func TestWaitSaysWhatIsMissing(t *testing.T) {
	show := newDemo(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*pollInterval)
	defer cancel()
	err := show.wait(ctx, "the samples", func(ctx context.Context) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.New("jdoe is not Ready")
	})
	if err == nil || !strings.Contains(err.Error(), "waiting for the samples") || !strings.Contains(err.Error(), "jdoe is not Ready") {
		t.Errorf("got %v, want an error that says what was waited for and what was missing", err)
	}
}

func TestWaitEndsWithTheProcess(t *testing.T) {
	show := newDemo(t)
	ended, err := show.start("operator", "sh", []string{"-c", "echo no kubeconfig; exit 3"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = show.wait(t.Context(), "the operator", func(context.Context) error { return errors.New("not ready") })
	if err == nil || !strings.Contains(err.Error(), "the operator has ended: exit status 3") {
		t.Errorf("got %v, want an error with the exit status", err)
	}
	if got := ended.lastLines(1); got != "no kubeconfig" {
		t.Errorf("the last line of the log is %q", got)
	}
}

func TestCleanUpStopsAndRemovesEverything(t *testing.T) {
	show := newDemo(t)
	running, err := show.start("sandbox", "sleep", []string{"600"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := show.cleanUp(); err != nil {
		t.Fatal(err)
	}
	if running.isRunning() {
		t.Error("the process is still running")
	}
	if _, err := os.Stat(show.directory); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestConsoleHasNoStylesInAFile(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	shown := newConsole(file)
	shown.steps = 1
	done := shown.step("Begin")
	shown.command("kubectl get %s", "buyerusers")
	shown.print("NAME")
	shown.command("kubectl get marketplaces")
	done()
	content, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	want := "\n[1/1] Begin\n$ kubectl get buyerusers\nNAME\n\n$ kubectl get marketplaces\n("
	if got := string(content); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%q, want it to begin with\n%q", got, want)
	}
}
