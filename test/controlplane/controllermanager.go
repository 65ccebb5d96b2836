// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	controllerManagerName = "kube-controller-manager"
	// controllerManagerUser is the name that it has in a cluster. There its
	// controllers act as service accounts; here it is an administrator instead.
	controllerManagerUser = "system:kube-controller-manager"
	probeInterval         = 20 * time.Millisecond
)

// controllerManager is a kube-controller-manager that was started.
type controllerManager struct {
	command     *exec.Cmd
	last        *tail
	stopTimeout time.Duration
	// exited is closed after waitError was set.
	exited    chan struct{}
	waitError error
}

// startControllerManager runs the program and waits until it works.
func (plane *ControlPlane) startControllerManager(ctx context.Context, program string, options Options) error {
	content, err := plane.Kubeconfig(controllerManagerUser, "system:masters")
	if err != nil {
		return err
	}

	kubeconfigPath := filepath.Join(plane.directory, controllerManagerName+".kubeconfig")
	if err := os.WriteFile(kubeconfigPath, content, 0o600); err != nil {
		return fmt.Errorf("write the kubeconfig of %s: %w", controllerManagerName, err)
	}

	path, err := launcher(plane.directory, program)
	if err != nil {
		return err
	}

	manager := &controllerManager{
		// Not CommandContext: Stop ends it, as it ends the others.
		command: exec.Command(path,
			"--kubeconfig="+kubeconfigPath,
			"--controllers=namespace-controller,garbage-collector-controller,clusterrole-aggregation-controller",
			"--leader-elect=false",
			// Nobody asks it for its health or metrics, so it needs no port.
			"--secure-port=0",
			// A namespace that waits for finalizers is looked at this often, instead
			// of after half of what the controller guesses.
			"--namespace-sync-period=1s",
			"--kube-api-qps=1000",
			"--kube-api-burst=2000",
		),
		last:        &tail{limit: 40},
		stopTimeout: plane.environment.ControlPlaneStopTimeout,
		exited:      make(chan struct{}),
	}
	if err := manager.run(options.Output); err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(ctx, plane.environment.ControlPlaneStartTimeout)
	defer cancel()
	if err := manager.waitUntilCollecting(ctx, plane); err != nil {
		_ = manager.stop()

		return fmt.Errorf("start %s: %w\nits last lines:\n%s", controllerManagerName, err, manager.last)
	}
	plane.controllerManager = manager

	return nil
}

// run starts the process, with its output going to where others see it, too.
func (m *controllerManager) run(others io.Writer) error {
	output := io.Writer(m.last)
	if others != nil {
		output = io.MultiWriter(others, m.last)
	}
	m.command.Stdout, m.command.Stderr = output, output

	if err := m.command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", controllerManagerName, err)
	}
	go func() {
		m.waitError = m.command.Wait()
		close(m.exited)
	}()

	return nil
}

// waitUntilCollecting waits until an object whose owner does not exist is gone.
// The garbage collector starts to collect when it has seen the objects of every
// kind, and all controllers start at the same time.
func (m *controllerManager) waitUntilCollecting(ctx context.Context, plane *ControlPlane) error {
	admin, err := client.New(plane.AdminConfig, client.Options{})
	if err != nil {
		return fmt.Errorf("reach the API server: %w", err)
	}

	probe := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace:    metav1.NamespaceDefault,
		GenerateName: "garbage-",
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: "v1", Kind: "ConfigMap", Name: "no-such-owner", UID: "00000000-0000-0000-0000-000000000000",
		}},
	}}
	if err := admin.Create(ctx, probe); err != nil {
		return fmt.Errorf("create an object to be collected: %w", err)
	}

	for {
		err := admin.Get(ctx, client.ObjectKeyFromObject(probe), probe)
		if apierrors.IsNotFound(err) {
			return nil
		}

		select {
		case <-m.exited:
			return fmt.Errorf("it ended: %w", m.exitError())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("nothing is collected: %w", context.Cause(ctx)), err)
		case <-time.After(probeInterval):
		}
	}
}

// stop ends the process, by force when it takes too long. That it had ended by
// itself is an error: it explains what was waited for in vain.
func (m *controllerManager) stop() error {
	// Once only: it takes a second signal for impatience.
	signalError := m.command.Process.Signal(syscall.SIGTERM)

	select {
	case <-m.exited:
	case <-time.After(m.stopTimeout):
		_ = m.command.Process.Kill()
		<-m.exited

		return fmt.Errorf("%s did not end within %s and was killed\nits last lines:\n%s", controllerManagerName, m.stopTimeout, m.last)
	}

	if errors.Is(signalError, os.ErrProcessDone) {
		return fmt.Errorf("%s ended before it was told to: %w\nits last lines:\n%s", controllerManagerName, m.exitError(), m.last)
	}

	return nil
}

// exitError is what the process ended with, success included.
func (m *controllerManager) exitError() error {
	if m.waitError == nil {
		return errors.New("exit status 0")
	}

	return m.waitError
}
