// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	neturl "net/url"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

const (
	operatorProgram = "ordercloud-operator"
	sandboxProgram  = "ordercloud-sandbox"
)

// build builds both programs, into the demo's directory.
func (d *demo) build(ctx context.Context) error {
	programs := []struct{ name, source string }{
		{operatorProgram, "."},
		{sandboxProgram, "./cmd/ordercloud-sandbox"},
	}
	for _, program := range programs {
		d.console.command("go build -o bin/%s %s", program.name, program.source)
		if _, err := d.goBuild(ctx, program.name, program.source); err != nil {
			return err
		}
	}
	return nil
}

// startControlPlane starts Kubernetes, installs the CRDs and grants the operator
// what it is granted in a cluster.
func (d *demo) startControlPlane(ctx context.Context) error {
	log, err := os.Create(filepath.Join(d.directory, "kubernetes.log"))
	if err != nil {
		return fmt.Errorf("making the log of Kubernetes: %w", err)
	}
	d.plane, err = controlplane.Start(ctx, controlplane.Options{Progress: d.console, Output: log})
	if err != nil {
		return fmt.Errorf("starting Kubernetes: %w", err)
	}
	if err := os.WriteFile(d.kubeconfigPath(), d.plane.AdminKubeconfig(), 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	if d.cluster, err = newCluster(d.plane.AdminConfig); err != nil {
		return err
	}
	d.console.print("kube-apiserver answers at %s, with the operator's kinds installed.", d.plane.AdminConfig.Host)
	if err := d.plane.GrantOperator(ctx); err != nil {
		return fmt.Errorf("granting the operator its role: %w", err)
	}
	return nil
}

func (d *demo) kubeconfigPath() string { return filepath.Join(d.directory, "kubeconfig") }

// startProcesses starts the sandbox and the operator, and waits until they are
// ready.
func (d *demo) startProcesses(ctx context.Context) error {
	if err := d.startSandbox(ctx); err != nil {
		return err
	}
	return d.startOperator(ctx)
}

func (d *demo) startSandbox(ctx context.Context) error {
	samples, err := readSamples(samplesDirectory)
	if err != nil {
		return err
	}
	expected, err := marketplaceURL(samples)
	if err != nil {
		return err
	}
	address, err := neturl.Parse(expected)
	if err != nil {
		return fmt.Errorf("reading the url of the sample Marketplace: %w", err)
	}
	listen := address.Host
	if !isFree(listen) {
		d.console.say("%s is taken, so the sandbox listens on another port here.", listen)
		listen = net.JoinHostPort(address.Hostname(), "0")
	}
	d.console.command("ordercloud-sandbox --listen %s --token-lifetime %s &", listen, tokenLifetime)
	process, err := d.start("sandbox", d.program(sandboxProgram), []string{"--listen", listen, "--token-lifetime", tokenLifetime}, nil)
	if err != nil {
		return err
	}
	d.sandbox = &sandbox{}
	err = d.wait(ctx, "the sandbox", func(context.Context) error {
		d.sandbox.url, err = greetedURL(process.log())
		return err
	})
	if err != nil {
		return err
	}
	d.console.print("OrderCloud, in memory, answers at %s.", d.sandbox.url)
	return nil
}

func (d *demo) program(name string) string { return filepath.Join(d.directory, "bin", name) }

// isFree tells whether one can listen on an address.
func isFree(address string) bool {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// startOperator runs the operator with the rights of its service account.
func (d *demo) startOperator(ctx context.Context) error {
	kubeconfig, err := d.plane.Kubeconfig(controlplane.OperatorUser)
	if err != nil {
		return fmt.Errorf("making the operator's kubeconfig: %w", err)
	}
	path := filepath.Join(d.directory, "kubeconfig-operator")
	if err := os.WriteFile(path, kubeconfig, 0o600); err != nil {
		return fmt.Errorf("writing the operator's kubeconfig: %w", err)
	}
	command, err := shipped.NewCommand(shipped.Options{
		Endpoints: []string{marketplace.DefaultEndpoints, d.sandbox.url},
		More:      []string{"--zap-encoder=console", "--zap-time-encoding=iso8601"},
	})
	if err != nil {
		return fmt.Errorf("making the operator's command: %w", err)
	}
	d.console.command("ordercloud-operator --leader-elect --allowed-endpoints=%s &", d.sandbox.url)
	d.operator, err = d.start("operator", d.program(operatorProgram), command.Arguments, []string{"KUBECONFIG=" + path})
	if err != nil {
		return err
	}
	if err := d.wait(ctx, "the operator to be ready", func(ctx context.Context) error { return command.CheckReady(ctx) }); err != nil {
		return err
	}
	d.console.print("The operator is ready, as its Deployment runs it, with the rights of config/rbac, those of token_writer_role.yaml in one namespace, and no more.")
	return nil
}

// applySamples applies config/samples as kubectl apply -k would.
func (d *demo) applySamples(ctx context.Context) error {
	samples, err := readSamples(samplesDirectory)
	if err != nil {
		return err
	}
	expected, err := marketplaceURL(samples)
	if err != nil {
		return err
	}
	if expected != d.sandbox.url {
		d.console.say("The Marketplace's url is set to %s, where the sandbox is.", d.sandbox.url)
		if err := useMarketplaceURL(samples, d.sandbox.url); err != nil {
			return err
		}
	}
	// The API server makes it soon after it has begun to answer.
	err = d.wait(ctx, "the namespace "+namespace, func(ctx context.Context) error {
		return d.cluster.Get(ctx, client.ObjectKey{Name: namespace}, &corev1.Namespace{})
	})
	if err != nil {
		return err
	}
	d.console.say("Secrets of tokens may be written only where somebody says so:")
	d.console.command("kubectl create rolebinding ordercloud-tokens --clusterrole=impersonation-token-writer-role \\\n    --serviceaccount=ordercloud-system:ordercloud-operator")
	if err := d.plane.GrantTokens(ctx, namespace); err != nil {
		return fmt.Errorf("granting the operator the Secrets of its tokens: %w", err)
	}
	d.console.command("kubectl apply --server-side -k %s", samplesDirectory)
	for _, object := range samples {
		if err := d.cluster.apply(ctx, object); err != nil {
			return err
		}
		d.console.print("%s serverside-applied", resourceName(object))
	}
	d.samples = ofProject(samples)
	return nil
}
