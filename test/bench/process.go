// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// stopTimeout is how long a process may take to end when it is asked to: the
	// operator finishes and records its writes.
	stopTimeout = 40 * time.Second
	// lastLogLines is how much of a log explains a failure.
	lastLogLines = 30
)

// process is a program that was started. Its output goes to a file.
type process struct {
	name    string
	logPath string
	command *exec.Cmd
	started time.Time
	// ended is closed when the process has ended.
	ended chan struct{}
}

// startProcess runs a program of its own, with the environment of this one and more.
func startProcess(name, path, logPath string, arguments, environment []string) (*process, error) {
	log, err := os.Create(logPath)
	if err != nil {
		return nil, fmt.Errorf("making the log of the %s: %w", name, err)
	}
	defer func() { _ = log.Close() }() // the process has its own handle

	command := exec.Command(path, arguments...)
	command.Stdout, command.Stderr = log, log
	command.Env = append(os.Environ(), environment...)
	command.SysProcAttr = ownProcessGroup()
	started := &process{name: name, logPath: logPath, command: command, started: time.Now(), ended: make(chan struct{})}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting the %s: %w", name, err)
	}
	go func() {
		_ = command.Wait() // its ProcessState says the same
		close(started.ended)
	}()
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

// checkRunning is an error when the process has ended.
func (p *process) checkRunning() error {
	if p.isRunning() {
		return nil
	}
	return fmt.Errorf("the %s has ended: %s", p.name, p.command.ProcessState)
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
	if err := p.kill(); err != nil {
		return err
	}
	return fmt.Errorf("the %s did not stop within %s and was killed", p.name, stopTimeout)
}

// kill ends the process as a power failure would, and waits until it is gone.
func (p *process) kill() error {
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing the %s: %w", p.name, err)
	}
	<-p.ended
	return nil
}

// processorSeconds is what a process that has ended took of the processors.
func (p *process) processorSeconds() float64 {
	state := p.command.ProcessState
	return (state.UserTime() + state.SystemTime()).Seconds()
}

// lastLines is the end of the log.
func (p *process) lastLines(limit int) string {
	content, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-limit):], "\n")
}
