// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

const (
	// readyPatience is when an operator counts as never ready.
	readyPatience = 3 * time.Minute
	// stopPatience is how long an operator may take to end.
	stopPatience = 40 * time.Second
)

// stage is one control plane with one operator, as it is shipped, for many cells.
type stage struct {
	plane *controlplane.ControlPlane
	// admin writes to the API server, seen is what a watch has seen.
	admin    client.Client
	seen     client.Reader
	operator *shipped.Process
	// log is where the operator's log is.
	log       string
	directory string
	closers   []func()
	// elsewhere is where a redirection leads.
	elsewhere *elsewhere
}

func mergePatch(content string) client.Patch {
	return client.RawPatch(types.MergePatchType, []byte(content))
}

// newStage starts everything, and leaves the operator's log in the directory. The operator may contact the endpoints and no others.
func newStage(ctx context.Context, directory string, endpoints []string) (*stage, error) {
	s := &stage{directory: directory}
	if err := s.start(ctx, endpoints); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) start(ctx context.Context, endpoints []string) error {
	var err error
	if s.plane, err = controlplane.Start(ctx, controlplane.Options{}); err != nil {
		return fmt.Errorf("starting a control plane: %w", err)
	}
	s.closers = append(s.closers, func() { _ = s.plane.Stop() })
	if err := s.plane.GrantOperator(ctx); err != nil {
		return fmt.Errorf("granting the operator its role: %w", err)
	}
	if err := s.watch(ctx); err != nil {
		return err
	}
	return s.startOperator(ctx, endpoints)
}

// watch makes the clients.
func (s *stage) watch(ctx context.Context) error {
	scheme, err := controlplane.Scheme()
	if err != nil {
		return fmt.Errorf("making the clients: %w", err)
	}
	if s.admin, err = client.New(s.plane.AdminConfig, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("making the clients: %w", err)
	}
	seen, err := cache.New(s.plane.AdminConfig, cache.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("making the clients: %w", err)
	}
	watching, stop := context.WithCancel(ctx)
	s.closers = append(s.closers, stop)
	go func() { _ = seen.Start(watching) }()
	if !seen.WaitForCacheSync(ctx) {
		return errors.New("watching the API server: it does not answer")
	}
	s.seen = seen
	return nil
}

// startOperator builds the operator, runs it and waits until it is ready.
func (s *stage) startOperator(ctx context.Context, endpoints []string) error {
	root, err := controlplane.Repository()
	if err != nil {
		return fmt.Errorf("building the operator: %w", err)
	}
	binary := filepath.Join(s.directory, "ordercloud-operator")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the operator: %w\n%s", err, output)
	}
	s.closers = append(s.closers, func() { _ = os.Remove(binary) })
	content, err := s.plane.Kubeconfig(controlplane.OperatorUser)
	if err != nil {
		return fmt.Errorf("making the operator's kubeconfig: %w", err)
	}
	kubeconfig := filepath.Join(s.directory, "kubeconfig")
	if err := os.WriteFile(kubeconfig, content, 0o600); err != nil {
		return fmt.Errorf("making the operator's kubeconfig: %w", err)
	}
	output, err := os.CreateTemp(s.directory, "operator-*.log")
	if err != nil {
		return fmt.Errorf("making the operator's log: %w", err)
	}
	s.log = output.Name()
	s.closers = append(s.closers, func() { _ = output.Close() })
	return s.run(ctx, binary, kubeconfig, endpoints, output)
}

func (s *stage) run(ctx context.Context, binary, kubeconfig string, endpoints []string, output io.Writer) error {
	command, err := shipped.NewCommand(shipped.Options{Endpoints: endpoints})
	if err != nil {
		return fmt.Errorf("making the operator's command: %w", err)
	}
	if s.operator, err = command.Start(binary, "ordercloud-operator", kubeconfig, output); err != nil {
		return fmt.Errorf("starting the operator: %w", err)
	}
	s.closers = append(s.closers, s.stopOperator)
	for deadline := time.Now().Add(readyPatience); ; {
		err := s.operator.CheckReady(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return fmt.Errorf("waiting for the operator, whose log is %s: %w", s.log, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (s *stage) stopOperator() {
	_ = s.operator.Signal(syscall.SIGTERM)
	select {
	case <-s.operator.Exited:
	case <-time.After(stopPatience):
	}
	s.operator.Kill()
}

// checkRunning is an error when the operator has ended by itself.
func (s *stage) checkRunning() error {
	select {
	case err, isOpen := <-s.operator.Exited:
		if isOpen || err != nil {
			return fmt.Errorf("the operator has ended: %w", err)
		}
		return errors.New("the operator has ended")
	default:
		return nil
	}
}

// close stops everything, the latest first.
func (s *stage) close() {
	for _, each := range slices.Backward(s.closers) {
		each()
	}
}
