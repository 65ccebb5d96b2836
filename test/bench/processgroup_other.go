// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package main

import (
	"os"
	"syscall"
)

// ownProcessGroup has no counterpart here: a process hears Ctrl-C at the same
// time as the benchmark does.
func ownProcessGroup() *syscall.SysProcAttr { return nil }

// interruptGroup ends the process alone.
func interruptGroup(process *os.Process) error { return process.Kill() }

// freeze does nothing.
func freeze(*os.Process, bool) error { return nil }
