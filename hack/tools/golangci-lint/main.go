// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command golangci-lint is golangci-lint with the kube-api-linter plugin
// compiled in. It stands in for "golangci-lint custom", which clones
// golangci-lint from GitHub on every machine: this needs the Go module proxy
// only, and go.sum holds every line of it.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/golangci/golangci-lint/v2/pkg/commands"
	"github.com/golangci/golangci-lint/v2/pkg/exitcodes"

	// Registers the linter "kubeapilinter".
	_ "sigs.k8s.io/kube-api-linter"
)

// golangciLintModule is the module whose version this program reports as its own.
const golangciLintModule = "github.com/golangci/golangci-lint/v2"

func main() {
	if err := commands.Execute(buildInformation()); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "golangci-lint: %v\n", err)

		os.Exit(exitcodes.Failure)
	}
}

// buildInformation reads the linter's version from the binary. golangci-lint
// keys its cache by it, so it must not be a constant that is forgotten when
// go.mod changes.
func buildInformation() commands.BuildInfo {
	information := commands.BuildInfo{
		Version:   "unknown",
		GoVersion: "unknown",
		Commit:    "hack/tools with kube-api-linter",
		Date:      "this machine",
	}

	build, available := debug.ReadBuildInfo()
	if !available {
		return information
	}

	information.GoVersion = build.GoVersion

	for _, module := range build.Deps {
		if module.Path == golangciLintModule {
			information.Version = module.Version
		}
	}

	return information
}
