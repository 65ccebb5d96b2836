// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import "syscall"

// ownProcessGroup keeps a terminal's Ctrl-C from a process: the demo itself
// stops what it started, in order.
func ownProcessGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
