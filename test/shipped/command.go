// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package shipped runs the operator as a cluster runs it: with the arguments of the
// Deployment in config/manager, to which test/chart holds the chart equal. That
// is with leader election, probes, and metrics over HTTPS for those whom the API
// server lets. Tests, the demo and the benchmark start operators with it, so that
// what they see is what is installed.
package shipped

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// probeTimeout bounds one question to the readiness probe.
const probeTimeout = 5 * time.Second

// Options are what differs from one installation to the other.
type Options struct {
	// Arguments are those of the Deployment. Nil: config/manager's.
	Arguments []string
	// Endpoints are the only base URLs that the operator may contact. Nil: those that
	// the arguments, or the operator's defaults, say.
	Endpoints []string
	// Namespace holds the lease that elects the leader, which is the operator's own
	// inside a cluster. Empty: controlplane.SystemNamespace.
	Namespace string
	// More arguments, which prevail over the same ones of the Deployment.
	More []string
}

// Command is what to run, apart from the program.
type Command struct {
	// Arguments are those of the Deployment, with the addresses, the namespace and
	// the endpoints of this machine.
	Arguments []string
	// ReadyURL is the readiness probe, MetricsURL what a Scraper reads. A Deployment
	// without the one or the other leaves it empty.
	ReadyURL, MetricsURL string
}

// NewCommand makes the command, with addresses that nobody listens on.
func NewCommand(options Options) (Command, error) {
	arguments := slices.Clone(options.Arguments)
	if arguments == nil {
		var err error
		if arguments, err = Arguments(); err != nil {
			return Command{}, err
		}
	}
	probes, err := listenElsewhere(arguments, "--health-probe-bind-address=")
	if err != nil {
		return Command{}, err
	}
	metrics, err := listenElsewhere(arguments, "--metrics-bind-address=")
	if err != nil {
		return Command{}, err
	}
	namespace := options.Namespace
	if namespace == "" {
		namespace = controlplane.SystemNamespace
	}
	arguments = append(arguments, "--leader-election-namespace="+namespace)
	if len(options.Endpoints) > 0 {
		// The last one counts, if the Deployment has the flag, too.
		arguments = append(arguments, "--allowed-endpoints="+strings.Join(options.Endpoints, ","))
	}
	command := Command{Arguments: append(arguments, options.More...)}
	if probes != "" {
		command.ReadyURL = "http://" + probes + "/readyz"
	}
	if metrics != "" {
		command.MetricsURL = "https://" + metrics + "/metrics"
	}
	return command, nil
}

// listenElsewhere gives a flag an address of this machine in place of the one that is
// the operator's own in its Pod. Without the flag it returns no address.
func listenElsewhere(arguments []string, flag string) (string, error) {
	index := slices.IndexFunc(arguments, func(argument string) bool { return strings.HasPrefix(argument, flag) })
	if index < 0 {
		return "", nil
	}
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	arguments[index] = flag + address
	return address, nil
}

// Arguments are those of the Deployment in config/manager.
func Arguments() ([]string, error) {
	root, err := controlplane.Repository()
	if err != nil {
		return nil, err
	}
	manifests, err := os.ReadFile(filepath.Join(root, "config", "manager", "manager.yaml"))
	if err != nil {
		return nil, fmt.Errorf("read the operator's Deployment: %w", err)
	}
	for manifest := range strings.SplitSeq(string(manifests), "\n---\n") {
		var deployment appsv1.Deployment
		if err := yaml.Unmarshal([]byte(manifest), &deployment); err != nil {
			return nil, fmt.Errorf("read the operator's Deployment: %w", err)
		}
		if deployment.Kind == "Deployment" && len(deployment.Spec.Template.Spec.Containers) == 1 {
			return deployment.Spec.Template.Spec.Containers[0].Args, nil
		}
	}
	return nil, errors.New("read the operator's Deployment: config/manager/manager.yaml has none of one container")
}

// CheckReady asks the readiness probe, as the kubelet does, or one of its checks.
func (c Command) CheckReady(ctx context.Context, check ...string) error {
	// The operator listens a while before it answers.
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	url := strings.Join(append([]string{c.ReadyURL}, check...), "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask the readiness probe: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the readiness probe: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return errors.New("the readiness probe answers " + response.Status)
	}
	return nil
}

// freeAddress is an address of this machine that nobody listens on.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("look for a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
