// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package shipped

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// lease is the name of the lease that elects the leader.
const lease = "ordercloud-operator.ordercloud.io"

// leaseTimeout bounds one request about the lease.
const leaseTimeout = 30 * time.Second

// Process is a running operator.
type Process struct {
	Command

	// Exited gets the error with which the process ended, nil for the exit code 0,
	// and is closed then.
	Exited <-chan error

	command *exec.Cmd
}

// Start runs a program with the arguments. The API server sees the name, and the
// program's log goes to the output.
func (c Command) Start(program, name, kubeconfig string, output io.Writer) (*Process, error) {
	exited := make(chan error, 1)
	started := &Process{Command: c, Exited: exited, command: exec.Command(program, c.Arguments...)}
	started.command.Args[0] = name
	started.command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	started.command.Stdout, started.command.Stderr = output, output
	if err := started.command.Start(); err != nil {
		return nil, fmt.Errorf("start the operator: %w", err)
	}
	go func() {
		exited <- started.command.Wait()
		close(exited)
	}()
	return started, nil
}

// ID is the process's number.
func (p *Process) ID() int { return p.command.Process.Pid }

// Signal asks the process to end, as the kubelet does, freezes it or thaws it.
func (p *Process) Signal(signal syscall.Signal) error {
	if err := p.command.Process.Signal(signal); err != nil {
		return fmt.Errorf("send the operator %s: %w", signal, err)
	}
	return nil
}

// Kill ends the process as a power failure would, frozen or not, and waits until it
// is gone. Its lease stays.
func (p *Process) Kill() {
	_ = p.command.Process.Kill()
	for range p.Exited { //revive:disable-line:empty-block // until it is closed
	}
}

// ExpireLease removes the lease of an operator that was killed, as if it had run out:
// the next operator begins at once instead of after 15 seconds.
func ExpireLease(ctx context.Context, admin client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	held := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: lease}}
	if err := client.IgnoreNotFound(admin.Delete(ctx, held)); err != nil {
		return fmt.Errorf("remove the lease of an operator that was killed: %w", err)
	}
	return nil
}
