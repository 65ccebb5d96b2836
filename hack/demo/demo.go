// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

const (
	// namespace of the samples: where kubectl looks when it is not told.
	namespace = "default"
	// samplesDirectory is what the demo applies.
	samplesDirectory = "config/samples"
	// lastLogLines is how much of a log explains a failure.
	lastLogLines = 15
)

// demo is what runs, and what has to be stopped.
type demo struct {
	console  *console
	settings settings
	// finished says that every step was shown.
	finished bool

	directory string
	plane     *controlplane.ControlPlane
	cluster   *cluster
	sandbox   *sandbox
	// samples are the applied objects of the project's own kinds.
	samples []*unstructured.Unstructured
	// changed is the user as it was changed behind the back of the operator.
	changed object

	operator  *process
	processes []*process
}

// step is one numbered step of the demo.
type step struct {
	title string
	show  func(ctx context.Context) error
}

// run shows step after step.
func (d *demo) run(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(samplesDirectory, "kustomization.yaml")); err != nil {
		return fmt.Errorf("looking for the samples (run this at the top of the repository): %w", err)
	}
	directory, err := os.MkdirTemp("", "ordercloud-demo-")
	if err != nil {
		return fmt.Errorf("making a temporary directory: %w", err)
	}
	d.directory = directory

	d.console.title("ordercloud-operator: buyer users and impersonation configs, from YAML to OrderCloud")
	d.console.note("A real kube-apiserver and etcd, an OrderCloud in memory, the operator. No real marketplace is touched.")
	building := []step{
		{"Build the operator and the sandbox", d.build},
		{"Start Kubernetes", d.startControlPlane},
	}
	showing := []step{
		{"Start the OrderCloud sandbox and the operator", d.startProcesses},
		{"Apply the samples", d.applySamples},
		{"All of them are in OrderCloud", d.showSamples},
		{"A user is changed in OrderCloud, while the operator may only watch", d.showObservedDrift},
		{"The operator may write again, and corrects the user", d.showUserCorrection},
		{"A grant is widened in OrderCloud, and the operator takes it back", d.showConfigCorrection},
		{"Delete a grant", d.showDeletion},
		{"A token of a user, kept fresh in a Secret", d.showToken},
		{"The grant behind the token is deleted", d.showTokenRefusal},
		{"A grant that nobody declared", d.showUnmanagedGrant},
		{"What all this asked of OrderCloud", d.showCosts},
	}
	d.console.steps = len(building) + len(showing)
	if err := d.show(ctx, building); err != nil {
		return err
	}
	// Building may take minutes, and shows that it is alive. From here on every
	// wait is for something that takes seconds.
	timely, cancel := context.WithTimeout(ctx, d.settings.timeout)
	defer cancel()
	if err := d.show(timely, showing); err != nil {
		return err
	}
	d.finished = true
	if d.settings.keep {
		return d.stayUp(ctx)
	}
	return nil
}

func (d *demo) show(ctx context.Context, steps []step) error {
	for _, step := range steps {
		done := d.console.step(step.title)
		if err := step.show(ctx); err != nil {
			return err
		}
		done()
	}
	return nil
}

// explain says what went wrong, with what the programs last said.
func (d *demo) explain(err error) {
	d.console.problem("\nThe demo failed: %v", err)
	for _, process := range d.processes {
		if process != d.operator && process.isRunning() {
			continue
		}
		d.console.note("\nThe last lines of the log of the %s:", process.name)
		d.console.print("%s", process.lastLines(lastLogLines))
	}
}

// cleanUp stops everything, the latest first, and removes every file.
func (d *demo) cleanUp() error {
	var failures []error
	for _, process := range slices.Backward(d.processes) {
		failures = append(failures, process.stop())
	}
	if d.plane != nil {
		failures = append(failures, d.plane.Stop())
	}
	if d.directory != "" {
		failures = append(failures, os.RemoveAll(d.directory))
	}
	return errors.Join(failures...)
}

// pollInterval is how often a state is looked at.
const pollInterval = 100 * time.Millisecond

// wait looks until look has nothing to complain about. What it complained about
// last is the error when time is up.
func (d *demo) wait(ctx context.Context, what string, look func(context.Context) error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	var missing error
	for {
		err := look(ctx)
		if err == nil {
			return nil
		}
		// A look that was cut short says nothing about the state.
		if ctx.Err() == nil || missing == nil {
			missing = err
		}
		if err := d.checkRunning(); err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s, until the time was up (%s):\n%w", what, d.settings.timeout, missing)
		case <-ticker.C:
		}
	}
}
