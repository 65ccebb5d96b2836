// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// stopTimeout is how long a process may take to end when it is asked to.
	stopTimeout = 15 * time.Second
	// signOfLife is how often a person who waits for a build hears of it.
	signOfLife = 15 * time.Second
)

// process is a program that the demo started. Its output goes to a file.
type process struct {
	name    string
	logPath string
	command *exec.Cmd
	// ended is closed when the process has ended.
	ended chan struct{}
}

// start runs a program of its own, with the environment of this one and more.
func (d *demo) start(name, path string, arguments, environment []string) (*process, error) {
	logPath := filepath.Join(d.directory, filepath.Base(path)+".log")
	log, err := os.Create(logPath)
	if err != nil {
		return nil, fmt.Errorf("making the log of the %s: %w", name, err)
	}
	defer func() { _ = log.Close() }() // the process has its own handle

	command := exec.Command(path, arguments...)
	command.Stdout, command.Stderr = log, log
	command.Env = append(os.Environ(), environment...)
	command.SysProcAttr = ownProcessGroup()
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting the %s: %w", name, err)
	}
	started := &process{name: name, logPath: logPath, command: command, ended: make(chan struct{})}
	go func() {
		_ = command.Wait() // its ProcessState says the same
		close(started.ended)
	}()
	d.processes = append(d.processes, started)
	return started, nil
}

// isRunning tells whether the process has not ended yet.
func (p *process) isRunning() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// checkRunning is an error when one of the processes has ended.
func (d *demo) checkRunning() error {
	for _, process := range d.processes {
		if !process.isRunning() {
			return fmt.Errorf("the %s has ended: %s", process.name, process.command.ProcessState)
		}
	}
	return nil
}

// stop asks the process to end, and makes it when it does not.
func (p *process) stop() error {
	if !p.isRunning() {
		return nil
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping the %s: %w", p.name, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTimeout):
	}
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing the %s: %w", p.name, err)
	}
	<-p.ended
	return fmt.Errorf("the %s did not stop within %s and was killed", p.name, stopTimeout)
}

// log is what the process has written so far.
func (p *process) log() string {
	content, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

func (p *process) lastLines(limit int) string {
	lines := strings.Split(strings.TrimRight(p.log(), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-limit):], "\n")
}

// goBuild builds one program into the demo's directory and returns its path.
// Flags that change how packages are compiled are left out: what "go run" of
// the demo itself has compiled is not compiled again.
func (d *demo) goBuild(ctx context.Context, name, source string) (string, error) {
	path := filepath.Join(d.directory, "bin", name)
	command := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-ldflags", "-X main.version=demo", "-o", path, source)
	// What go leaves behind when it is interrupted goes with the directory.
	command.Env = append(os.Environ(), "GOTMPDIR="+d.directory)
	command.SysProcAttr = ownProcessGroup()
	command.Cancel = func() error { return interruptGroup(command.Process) }
	command.WaitDelay = stopTimeout
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	finished := make(chan error, 1)
	go func() { finished <- command.Run() }()
	started := time.Now()
	ticker := time.NewTicker(signOfLife)
	defer ticker.Stop()
	for {
		select {
		case err := <-finished:
			if err != nil {
				return "", fmt.Errorf("building %s: %w\n%s", name, err, output.String())
			}
			return path, nil
		case <-ticker.C:
			d.console.note("still building %s (%s)", name, seconds(time.Since(started)))
		}
	}
}
