// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"os"
	"syscall"
)

// ownProcessGroup keeps a terminal's Ctrl-C from a process: the benchmark itself
// stops what it started, in order.
func ownProcessGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// interruptGroup interrupts a process of ownProcessGroup and what it started:
// go and its compilers.
func interruptGroup(process *os.Process) error {
	return syscall.Kill(-process.Pid, syscall.SIGINT)
}

// freeze stops a process, or lets it go on.
func freeze(process *os.Process, isStopped bool) error {
	if isStopped {
		return process.Signal(syscall.SIGSTOP)
	}
	return process.Signal(syscall.SIGCONT)
}
