// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// environment is what the figures depend on besides the code.
type environment struct {
	date     string
	cores    int
	platform string
	// memory is empty where it is not known.
	memory string

	golang            string
	operator          string
	kubernetes        string
	controllerRuntime string
}

// describeEnvironment finds out all but the version of Kubernetes, which the API
// server tells.
func describeEnvironment(ctx context.Context) environment {
	return environment{
		date:              time.Now().UTC().Format(time.DateOnly),
		cores:             runtime.NumCPU(),
		platform:          runtime.GOOS + "/" + runtime.GOARCH,
		memory:            totalMemory(),
		golang:            runtime.Version(),
		operator:          gitVersion(ctx),
		controllerRuntime: moduleVersion("sigs.k8s.io/controller-runtime"),
	}
}

// gitVersion names the commit; a source archive has none.
func gitVersion(ctx context.Context) string {
	described, err := exec.CommandContext(ctx, "git", "describe", "--tags", "--always", "--dirty").Output()
	if err != nil {
		return "dev"
	}
	return strings.TrimSpace(string(described))
}

func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	for _, module := range info.Deps {
		if module.Path == path {
			return module.Version
		}
	}
	return unknown
}

const unknown = "unknown"

// totalMemory is the machine's memory where the kernel tells it in a file.
func totalMemory() string {
	content, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return ""
	}
	return memoryOf(string(content))
}

// memoryOf finds the line "MemTotal: 16384 kB".
func memoryOf(information string) string {
	for line := range strings.Lines(information) {
		var kibibytes int64
		if _, err := fmt.Sscanf(line, "MemTotal: %d kB", &kibibytes); err == nil {
			return fmt.Sprintf("%.0f GiB", float64(kibibytes)/(1<<20))
		}
	}
	return ""
}
