// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

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

// modulePath is what the go.mod at the top of the repository declares.
const modulePath = "github.com/ordercloud-operator/ordercloud-operator"

// findAssets is the directory with kube-apiserver and etcd. It asks the same
// script as the Makefile does, so that plain "go test ./..." finds, or builds,
// the same binaries.
func findAssets(ctx context.Context, options Options) (string, error) {
	if options.Assets != "" {
		return options.Assets, nil
	}

	return runAssetsScript(ctx, options)
}

// findControllerManager is the path of kube-controller-manager: the one next to
// the API server, or else the one that the script finds or builds.
func findControllerManager(ctx context.Context, assets string, options Options) (string, error) {
	program := filepath.Join(assets, controllerManagerName)
	if information, err := os.Stat(program); err == nil && information.Mode().IsRegular() {
		return program, nil
	}

	return runAssetsScript(ctx, options, controllerManagerName)
}

// runAssetsScript is what the script prints.
func runAssetsScript(ctx context.Context, options Options, arguments ...string) (string, error) {
	root, err := Repository()
	if err != nil {
		return "", err
	}

	script := filepath.Join(root, "hack", "envtest", "assets.sh")
	command := exec.CommandContext(ctx, "sh", append([]string{script}, arguments...)...)
	command.Stderr = options.Progress
	// The script removes what it has half built, given the time to.
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 5 * time.Second

	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("provide the control plane's binaries: %w", err)
	}

	return strings.TrimSpace(string(output)), nil
}

// Repository is the top of the repository: the nearest directory above the
// working directory whose go.mod is the project's. Tests run in their package's
// directory, the demo at the top.
func Repository() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}

	for directory := start; ; directory = filepath.Dir(directory) {
		content, err := os.ReadFile(filepath.Join(directory, "go.mod"))
		if err == nil && bytes.HasPrefix(content, []byte("module "+modulePath+"\n")) {
			return directory, nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("find the repository: %w", err)
		}

		if directory == filepath.Dir(directory) {
			return "", fmt.Errorf("%s is not inside a checkout of %s", start, modulePath)
		}
	}
}
